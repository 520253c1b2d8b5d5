//! The generated messages, servers and clients of `proto/etcd.proto`.

#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used)]

tonic::include_proto!("etcdserverpb");
