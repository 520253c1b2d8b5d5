//! A real etcd as child processes: own data folder, own ports, own process group.

mod cluster;
mod command;
mod daemon;
mod folder;
mod peers;
mod server;
mod story;

pub(super) use cluster::start as start_cluster;
pub(super) use server::start;
