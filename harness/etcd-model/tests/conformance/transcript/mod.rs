//! What was said in a case, as text that two servers can be compared by.
//!
//! `>` is a request, `<` an answer, `-` what the player did; a stream's lines begin with its name. Everything is
//! exact but what differs from one real run to the next: tokens, leases that the server chose, how many seconds are
//! left of a lease, how large a database is, raft's indexes and checksums. Fields that have their default are left
//! out. A header is `@REVISION` when it has the ids of etcd's default cluster and raft term 2, as each fresh server's
//! has, and `@REVISION bare` when it has a revision only, as within transactions.

mod redact;
mod script;
mod shelf;
mod show;
mod tree;

pub use script::Transcript;
pub use shelf::{Shelf, first_difference};
pub use tree::Tree;
