package main

import (
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

// newSession is a lease of clientv3's default 60 s, kept alive for as long as the session is.
//
// What it does to the story: the first session of a client opens the one stream on which clientv3 keeps all its
// leases alive, and like every stream that one logs in before it opens. Its token becomes the client's, for the
// unary calls too. Until then they may have carried the token of the watch stream, and so have kept it alive: from
// then on they do not, and it dies, however busy the client is. The stream is opened in the background, so where the
// watch stream is opened at about the same time it is a matter of luck whose token the client is left with; the
// watch stream always carries its own. A keep-alive itself refreshes no token.
func newSession(client *clientv3.Client) (*concurrency.Session, error) {
	return concurrency.NewSession(client)
}

// end ends a session and takes its lease back, with all keys on it. Nobody waits for that: on a client that is
// closed it would take seconds to fail, and with a server that is gone a minute.
func end(session *concurrency.Session) {
	go func() { _ = session.Close() }()
}
