package main

import (
	clientv3 "go.etcd.io/etcd/client/v3"
	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"
)

// priorityDequeue waits for the item of the lowest priority number. The items, which the harness writes itself, lie
// under PREFIX/PRIORITY/SEQUENCE.
func priorityDequeue(client *clientv3.Client, req request) (result, error) {
	item, err := recipe.NewPriorityQueue(client, req.Prefix).Dequeue()
	if err != nil {
		return result{}, err
	}
	return result{item: &item}, nil
}
