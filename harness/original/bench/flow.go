package main

import (
	"fmt"
	"strings"
	"time"

	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"
)

// flow stores items with one client and takes them with another, at the same time. Each value begins with the item's
// number, which tells when it was stored.
func flow(o order) (func() (answer, error), error) {
	producer, err := connect(o)
	if err != nil {
		return nil, err
	}
	consumer, err := connect(o)
	if err != nil {
		return nil, err
	}
	from, to := recipe.NewQueue(producer, o.prefix), recipe.NewQueue(consumer, o.prefix)
	each := o.items / o.callers
	return func() (answer, error) {
		began := time.Now()
		// Each is written before its item is stored, and read after it was taken.
		calledMS := make([]float64, each*o.callers)
		failed := make(chan error, o.callers+1)
		for caller := 0; caller < o.callers; caller++ {
			go func(first int) {
				for n := first; n < first+each; n++ {
					time.Sleep(time.Until(began.Add(time.Duration(n-first+1) * o.every)))
					calledMS[n] = since(began)
					if err := from.Enqueue(value(n, o.bytes)); err != nil {
						failed <- fmt.Errorf("store an item: %w", err)
						return
					}
				}
			}(caller * each)
		}
		taken := make(chan answer, 1)
		go func() {
			latencies := make([]float64, 0, len(calledMS))
			for len(latencies) < len(calledMS) {
				item, err := to.Dequeue()
				var n int
				if err == nil {
					_, err = fmt.Sscanf(item, "%d ", &n)
				}
				if err != nil {
					failed <- fmt.Errorf("take an item: %w", err)
					return
				}
				latencies = append(latencies, since(began)-calledMS[n])
			}
			taken <- answer{Items: len(latencies), WallMS: since(began), LatenciesMS: latencies}
		}()
		select {
		case all := <-taken:
			return all, nil
		case err := <-failed:
			return answer{}, err
		}
	}, nil
}

func value(n, bytes int) string {
	number := fmt.Sprintf("%d ", n)
	return number + strings.Repeat("x", max(0, bytes-len(number)))
}
