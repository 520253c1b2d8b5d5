//! A real etcd in a container, published on loopback only.

mod container;
mod daemon;
mod image;
mod request;
mod running;
mod tail;

pub(super) use container::start;
pub(super) use image::look;
