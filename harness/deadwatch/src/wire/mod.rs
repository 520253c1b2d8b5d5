//! What lies between client and etcd on every backend: it passes bytes on unchanged, and sees what they say.

mod sighting;

pub use sighting::{Seen, Sighting};
