package main

import (
	clientv3 "go.etcd.io/etcd/client/v3"
	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"
)

// dequeue waits for an item. A Queue holds nothing but its client and prefix, so one a call is one for all.
func dequeue(client *clientv3.Client, req request) (result, error) {
	item, err := recipe.NewQueue(client, req.Prefix).Dequeue()
	if err != nil {
		return result{}, err
	}
	return result{item: &item}, nil
}

func enqueue(client *clientv3.Client, req request) (result, error) {
	return result{}, recipe.NewQueue(client, req.Prefix).Enqueue(req.Value)
}
