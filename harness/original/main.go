// Command original runs etcd's own queue recipe, untouched, behind deadwatch's line protocol.
//
// It is the ground truth that every retelling of the recipe is measured against: the recipe is imported, not
// copied, a panic in it is not caught, and the client is the clientv3 release that go.mod pins. The harness
// speaks to it on stdin and stdout, one JSON object a line; its log goes to stderr.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

func main() {
	if len(os.Args) > 1 {
		if os.Args[1] == "--version" {
			fmt.Println("clientv3", clientVersion())
			return
		}
		fmt.Fprintln(os.Stderr, "usage: original [--version], then deadwatch's line protocol on stdin")
		os.Exit(64)
	}
	if err := serve(os.Stdin, &outbox{to: os.Stdout}); err != nil {
		fmt.Fprintln(os.Stderr, "original: could not go on:", err)
		os.Exit(1)
	}
	// The end of stdin ends the process at once, whatever is still waiting in a Dequeue: it cannot be cancelled.
	os.Exit(0)
}

// serve answers the lines of in until it ends. Every request that may block has a goroutine of its own.
func serve(in io.Reader, out *outbox) error {
	lines := bufio.NewReader(in)
	clients := newClients()
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read stdin: %w", err)
		}
		req, err := decode(line)
		if err != nil {
			return err
		}
		switch req.Op {
		case "open":
			go func() { out.send(clients.open(req)) }()
		case "call":
			go func() { out.send(call(clients, req)) }()
		case "cancel":
			// The recipe takes no context: nothing can be given up.
			out.send(reply{ID: &req.ID, Unsupported: true})
		case "close":
			go func() { out.send(clients.close(req)) }()
		}
		// "hello" needs no answer, and an op of a later protocol gets none.
	}
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
