package main

import (
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"
)

// participants is how many must enter a double barrier before any may go on, and leave it likewise.
const participants = 2

// place is who stands at which double barrier.
type place struct {
	client   *clientv3.Client
	prefix   string
	consumer string
}

// participant is somebody's part in a double barrier. The recipe remembers its key from Enter to Leave, so both
// must be called on the same one.
type participant struct {
	session *concurrency.Session
	barrier *recipe.DoubleBarrier
}

// entered are the participants that have entered and not left.
var entered = struct {
	mu      sync.Mutex
	byPlace map[place]participant
}{byPlace: map[place]participant{}}

// doubleBarrierEnter waits until the other participant has entered too. The session stays when it returns without
// an error: its lease holds the participant's key.
func doubleBarrierEnter(client *clientv3.Client, req request) (result, error) {
	_, err := enter(client, req)
	return result{}, err
}

func enter(client *clientv3.Client, req request) (participant, error) {
	session, err := newSession(client)
	if err != nil {
		return participant{}, err
	}
	entering := participant{session, recipe.NewDoubleBarrier(session, req.Prefix, participants)}
	if err := entering.barrier.Enter(); err != nil {
		end(session)
		return participant{}, err
	}
	entered.mu.Lock()
	defer entered.mu.Unlock()
	entered.byPlace[place{client, req.Prefix, req.Consumer}] = entering
	return entering, nil
}

// doubleBarrierLeave waits until the other participant leaves too. A consumer that has not entered enters first,
// since the recipe's Leave dereferences the key that its Enter made.
func doubleBarrierLeave(client *clientv3.Client, req request) (result, error) {
	at := place{client, req.Prefix, req.Consumer}
	entered.mu.Lock()
	leaving, ok := entered.byPlace[at]
	entered.mu.Unlock()
	if !ok {
		var err error
		if leaving, err = enter(client, req); err != nil {
			return result{}, err
		}
	}
	// After an error it still stands there, and may try once more.
	if err := leaving.barrier.Leave(); err != nil {
		return result{}, err
	}
	entered.mu.Lock()
	delete(entered.byPlace, at)
	entered.mu.Unlock()
	end(leaving.session)
	return result{}, nil
}
