package main

import (
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// dialTimeout is the story's.
const dialTimeout = 5 * time.Second

// clients are the clients by name, the closed ones too: a call on one of those is made all the same, and returns
// what clientv3 says of it.
type clients struct {
	mu     sync.Mutex
	byName map[string]*opened
}

// opened is a client that was opened, and whether it was closed since.
type opened struct {
	client *clientv3.Client
	closed bool
}

func newClients() *clients {
	return &clients{byName: map[string]*opened{}}
}

// open makes a client as the story's program does. With a user, clientv3.New logs in before it returns. A limit of
// 0 bytes leaves clientv3's own, which is none to speak of (math.MaxInt32).
func (c *clients) open(req request) reply {
	answer := reply{Op: "open", Client: req.Client}
	if c.isOpen(req.Client) {
		return answer.failed(fmt.Errorf("client %q is already open", req.Client))
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:          req.Endpoints,
		DialTimeout:        dialTimeout,
		Username:           req.User,
		Password:           req.Password,
		MaxCallRecvMsgSize: req.ReceiveLimitBytes,
	})
	if err != nil {
		return answer.failed(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byName[req.Client] = &opened{client: client}
	return answer
}

func (c *clients) isOpen(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.byName[name]
	return ok && !found.closed
}

// named is the client of that name, open or closed.
func (c *clients) named(name string) (*clientv3.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.byName[name]
	if !ok {
		return nil, fmt.Errorf("client %q was never opened", name)
	}
	return found.client, nil
}

// close closes a client under the calls that are open on it, as a program would that calls Close elsewhere.
func (c *clients) close(req request) reply {
	answer := reply{Op: "close", Client: req.Client}
	client, err := c.named(req.Client)
	if err != nil {
		return answer.failed(err)
	}
	c.mu.Lock()
	c.byName[req.Client].closed = true
	c.mu.Unlock()
	if err := client.Close(); err != nil {
		return answer.failed(err)
	}
	return answer
}
