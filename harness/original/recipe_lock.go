package main

import (
	clientv3 "go.etcd.io/etcd/client/v3"
	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"
)

// lock waits for the lock, takes it and gives it back.
func lock(client *clientv3.Client, req request) (result, error) {
	return held(client, req, (*recipe.RWMutex).Lock, (*recipe.RWMutex).Unlock)
}

// readLock does the same with the lock that readers share.
func readLock(client *clientv3.Client, req request) (result, error) {
	return held(client, req, (*recipe.RWMutex).RLock, (*recipe.RWMutex).RUnlock)
}

// held takes a lock and gives it back. The session is the call's own: where the lock could not be had, the place in
// the line that the recipe leaves behind goes with the session, and a second call does not wait for the first.
func held(client *clientv3.Client, req request, take, giveBack func(*recipe.RWMutex) error) (result, error) {
	session, err := newSession(client)
	if err != nil {
		return result{}, err
	}
	defer end(session)
	mutex := recipe.NewRWMutex(session, req.Prefix)
	if err := take(mutex); err != nil {
		return result{}, err
	}
	return result{}, giveBack(mutex)
}
