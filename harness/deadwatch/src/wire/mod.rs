//! What lies between client and etcd on every backend: it passes bytes on unchanged, and sees what they say.
//!
//! It is an observer: HTTP/2 is spoken end to end between client and etcd, and what passes is parsed only to
//! be seen. The stage opens one [`Wire`] per etcd and one route per client, and the history is told the
//! [`Sighting`]s.
//!
//! ```text
//!          proxy             relay             observer            grpc
//! client ─▶ listener ─▶ frame by frame ─▶ sees each frame ─▶ what it tells: a Seen
//!              │             ▲ frames                          ▲ headers, messages
//!              └─ upstream ─▶ etcd
//! ```

mod block;
mod frames;
mod grpc;
mod headers;
mod huffman;
mod messages;
mod observer;
mod proxy;
mod relay;
#[cfg(test)]
mod sample;
mod sighting;
mod upstream;

pub use proxy::Wire;
pub use sighting::{Seen, Sighting};
