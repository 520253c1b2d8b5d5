package main

import (
	clientv3 "go.etcd.io/etcd/client/v3"
	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"
)

// barrierWait waits until the key that the prefix names is gone; without the key it returns at once.
func barrierWait(client *clientv3.Client, req request) (result, error) {
	return result{}, recipe.NewBarrier(client, req.Prefix).Wait()
}
