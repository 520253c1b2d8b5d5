//! A queue on etcd that survives a dead watch.
