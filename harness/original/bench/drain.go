package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"
)

// taker returns one item, and waits for it if there is none.
type taker func() (string, error)

// drain takes a backlog, with as many clients as consumers, as if each were a process.
func drain(o order) (func() (answer, error), error) {
	takers := make([]taker, o.consumers)
	for n := range takers {
		client, err := connect(o)
		if err != nil {
			return nil, err
		}
		if takers[n] = recipe.NewQueue(client, o.prefix).Dequeue; o.fetch > 1 {
			takers[n] = fetching(client, o.prefix, int64(o.fetch))
		}
	}
	return func() (answer, error) { return together(takers, o.items) }, nil
}

// together has all of them take until they have taken so many items. Those that wait then are left waiting.
func together(takers []taker, items int) (answer, error) {
	began := time.Now()
	var taken atomic.Int64
	ended := make(chan error, len(takers))
	for _, take := range takers {
		go func(take taker) {
			for {
				if _, err := take(); err != nil {
					ended <- fmt.Errorf("take an item: %w", err)
					return
				}
				if taken.Add(1) == int64(items) {
					ended <- nil
					return
				}
			}
		}(take)
	}
	err := <-ended
	return answer{Items: items, WallMS: since(began)}, err
}

// fetching is the least that could be changed about the recipe: it reads many items at once, the oldest first, and
// claims one after the other. It does not wait: a backlog is all that it is measured with.
func fetching(client *clientv3.Client, prefix string, fetch int64) taker {
	oldest := []clientv3.OpOption{
		clientv3.WithPrefix(),
		clientv3.WithSort(clientv3.SortByModRevision, clientv3.SortAscend),
		clientv3.WithLimit(fetch),
	}
	var known clientv3.GetResponse
	return func() (string, error) {
		for {
			if len(known.Kvs) == 0 {
				read, err := client.Get(context.Background(), prefix, oldest...)
				if err != nil {
					return "", err
				}
				if len(read.Kvs) == 0 {
					return "", fmt.Errorf("expected an item under %s", prefix)
				}
				known = *read
			}
			first := known.Kvs[0]
			known.Kvs = known.Kvs[1:]
			key := string(first.Key)
			unchanged := clientv3.Compare(clientv3.ModRevision(key), "=", first.ModRevision)
			claim, err := client.Txn(context.Background()).If(unchanged).Then(clientv3.OpDelete(key)).Commit()
			if err != nil {
				return "", err
			}
			if claim.Succeeded {
				return string(first.Value), nil
			}
		}
	}
}
