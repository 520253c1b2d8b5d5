package main

import (
	clientv3 "go.etcd.io/etcd/client/v3"
)

// method answers one call of the protocol by one call of a recipe. It blocks as long as the recipe does, and
// a panic in it ends the process, as it does in any program that uses the recipe.
type method func(client *clientv3.Client, req request) (result, error)

// result is what a call returned: an item, or nothing but that it is done.
type result struct {
	item *string
}

// methods are the calls that are offered, one file a family of recipes. Any other is unsupported, "ack" too:
// the recipes delete an item before they hand it out.
var methods = map[string]method{
	"dequeue":              dequeue,
	"enqueue":              enqueue,
	"priority-dequeue":     priorityDequeue,
	"barrier-wait":         barrierWait,
	"double-barrier-enter": doubleBarrierEnter,
	"double-barrier-leave": doubleBarrierLeave,
	"lock":                 lock,
	"read-lock":            readLock,
}

// call answers req, when its method returns.
func call(clients *clients, req request) reply {
	answer := reply{ID: &req.ID}
	run, ok := methods[req.Method]
	if !ok {
		answer.Unsupported = true
		return answer
	}
	client, err := clients.named(req.Client)
	if err != nil {
		return answer.failed(err)
	}
	returned, err := run(client, req)
	if err != nil {
		return answer.failed(err)
	}
	answer.Item = returned.item
	answer.OK = returned.item == nil
	return answer
}
