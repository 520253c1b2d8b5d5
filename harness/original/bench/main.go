// Command bench drives etcd's own queue recipe, untouched, for the benchmark of etcd-queue (harness/trials):
//
//	bench enqueue -endpoint 127.0.0.1:2379 -prefix /jobs -items 1000 -callers 64
//	bench drain   -endpoint 127.0.0.1:2379 -prefix /jobs -items 1000 -consumers 4 [-fetch 1000]
//	bench flow    -endpoint 127.0.0.1:2379 -prefix /jobs -items 1000 -callers 1 [-every 5ms]
//
// It connects, says "ready", begins when it is sent a line, and ends with one JSON object on a line: an answer.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// order is what to do.
type order struct {
	endpoint, prefix          string
	items, callers, consumers int
	fetch, bytes              int
	every                     time.Duration
}

// modes are the things that can be measured. Each connects, then returns what is to be timed.
var modes = map[string]func(order) (func() (answer, error), error){
	"enqueue": enqueue,
	"drain":   drain,
	"flow":    flow,
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("clientv3", clientVersion())
		return
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench: could not", err)
		os.Exit(1)
	}
	// A Dequeue that still waits cannot be cancelled: the end of the process ends it.
	os.Exit(0)
}

func run(words []string) error {
	if len(words) == 0 || modes[words[0]] == nil {
		return errors.New("tell what to measure: expected enqueue, drain or flow first")
	}
	order, err := parse(words[0], words[1:])
	if err != nil {
		return err
	}
	timed, err := modes[words[0]](order)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return fmt.Errorf("read the line that begins it: %w", err)
	}
	answer, err := timed()
	if err != nil {
		return err
	}
	if answer.PeakBytes, err = peakBytes(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func parse(mode string, words []string) (order, error) {
	var o order
	flags := flag.NewFlagSet(mode, flag.ContinueOnError)
	flags.StringVar(&o.endpoint, "endpoint", "127.0.0.1:2379", "the etcd")
	flags.StringVar(&o.prefix, "prefix", "/bench", "the queue")
	flags.IntVar(&o.items, "items", 100, "how many items")
	flags.IntVar(&o.callers, "callers", 1, "how many enqueue at the same time, with one client")
	flags.IntVar(&o.consumers, "consumers", 1, "how many take, each with a client of its own")
	flags.IntVar(&o.fetch, "fetch", 1, "how many items a read asks for; more than 1 is not the recipe any more")
	flags.IntVar(&o.bytes, "bytes", 128, "how long a value is")
	flags.DurationVar(&o.every, "every", 0, "the time from item to item; 0 for as fast as it goes")
	return o, flags.Parse(words)
}

// connect makes a client that has been answered once.
func connect(o order) (*clientv3.Client, error) {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{o.endpoint}, DialTimeout: 5 * time.Second})
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	if _, err := client.Get(context.Background(), "ready?"); err != nil {
		return nil, fmt.Errorf("reach etcd at %s: %w", o.endpoint, err)
	}
	return client, nil
}

// clientVersion is the clientv3 release that was linked in.
func clientVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == "go.etcd.io/etcd/client/v3" {
			return module.Version
		}
	}
	return "unknown"
}
