package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// request is one line from the harness; fields it does not know are ignored.
type request struct {
	Op                string   `json:"op"`
	ID                uint64   `json:"id"`
	Client            string   `json:"client"`
	Consumer          string   `json:"consumer"`
	Endpoints         []string `json:"endpoints"`
	User              string   `json:"user"`
	Password          string   `json:"password"`
	ReceiveLimitBytes int      `json:"receive_limit_bytes"`
	Method            string   `json:"method"`
	Prefix            string   `json:"prefix"`
	Value             string   `json:"value"`
}

// reply is one line to the harness: to a client (Op and Client) or to a call (ID).
type reply struct {
	Op          string  `json:"op,omitempty"`
	Client      string  `json:"client,omitempty"`
	ID          *uint64 `json:"id,omitempty"`
	Item        *string `json:"item,omitempty"`
	OK          bool    `json:"ok,omitempty"`
	Error       *string `json:"error,omitempty"`
	Unsupported bool    `json:"unsupported,omitempty"`
}

// failed is the reply that adds err to r.
func (r reply) failed(err error) reply {
	text := err.Error()
	r.Error = &text
	return r
}

func decode(line []byte) (request, error) {
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		return req, fmt.Errorf("understand the line %q: %w", bytes.TrimSpace(line), err)
	}
	return req, nil
}

// outbox writes replies, each as one line that no other can get into.
type outbox struct {
	mu sync.Mutex
	to io.Writer
}

func (o *outbox) send(r reply) {
	line, err := json.Marshal(r)
	if err == nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		_, err = o.to.Write(append(line, '\n'))
	}
	if err != nil {
		// Nobody is left to answer.
		fmt.Fprintln(os.Stderr, "original: could not reply:", err)
		os.Exit(1)
	}
}
