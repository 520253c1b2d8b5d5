//! The queue recipe of etcd's Go client, retold step for step, bug included: the subjects `naive` and `checked`.
//!
//! The origin is `go.etcd.io/etcd/client/v3/experimental/recipes` (queue.go, watch.go, key.go; Apache-2.0), the
//! same in every release from v3.5.0 to v3.7.3. Its logic is retold here, none of its code copied. The subject
//! `original` is that code itself.

mod implementation;
mod queue;

pub use implementation::Recipe;
pub use queue::{OnDeadWatch, Queue};
