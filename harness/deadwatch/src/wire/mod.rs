//! What lies between client and etcd on every backend: it passes bytes on unchanged, sees what they say, and is
//! where the network fails.
//!
//! HTTP/2 is spoken end to end between client and etcd, and what passes is parsed only to be seen. The stage opens
//! one [`Wire`] per etcd and one route per client, the history is told the [`Sighting`]s, and a [`Fault`] acts on
//! the subject's clients the same on loopback and in memory.
//!
//! ```text
//!          proxy             relay             observer            grpc
//! client ─▶ listener ─▶ frame by frame ─▶ sees each frame ─▶ what it tells: a Seen
//!              │             ▲ frames, late as they may be     ▲ headers, messages
//!              │             ▼ (arrivals), or into the hole, or held back
//!              ├─ upstream ─▶ etcd
//!              └─ link: one connection, asks the faults what becomes of it
//! ```

mod arrivals;
mod block;
mod fault;
mod faults;
mod frames;
mod grpc;
mod headers;
mod held;
mod hole;
mod huffman;
mod link;
mod messages;
#[cfg(test)]
mod net;
mod observer;
mod proxy;
mod relay;
#[cfg(test)]
mod sample;
mod sighting;
mod upstream;

pub use fault::Fault;
pub use proxy::{HARNESS_CLIENT, Wire};
pub use sighting::{Seen, Sighting};
