//! A real etcd as child processes: own data folder, own ports, own process group.

mod command;
mod daemon;
mod folder;
mod server;

pub(super) use server::start;
