package main

import (
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// dialTimeout is the story's.
const dialTimeout = 5 * time.Second

// clients are the open clients by name.
type clients struct {
	mu     sync.Mutex
	byName map[string]*clientv3.Client
}

func newClients() *clients {
	return &clients{byName: map[string]*clientv3.Client{}}
}

// open makes a client as the story's program does. With a user, clientv3.New logs in before it returns.
func (c *clients) open(req request) reply {
	opened := reply{Op: "open", Client: req.Client}
	if _, err := c.named(req.Client); err == nil {
		return opened.failed(fmt.Errorf("client %q is already open", req.Client))
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   req.Endpoints,
		DialTimeout: dialTimeout,
		Username:    req.User,
		Password:    req.Password,
	})
	if err != nil {
		return opened.failed(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byName[req.Client] = client
	return opened
}

// named is the open client of that name.
func (c *clients) named(name string) (*clientv3.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	client, ok := c.byName[name]
	if !ok {
		return nil, fmt.Errorf("client %q is not open", name)
	}
	return client, nil
}

// close closes a client under the calls that are open on it, as a program would that calls Close elsewhere.
func (c *clients) close(req request) reply {
	closed := reply{Op: "close", Client: req.Client}
	client, err := c.named(req.Client)
	if err != nil {
		return closed.failed(err)
	}
	c.mu.Lock()
	delete(c.byName, req.Client)
	c.mu.Unlock()
	if err := client.Close(); err != nil {
		return closed.failed(err)
	}
	return closed
}
