//! A case: what is said to a server, in order, and the player that says it and writes down what it hears.
//!
//! Cases are written in [`crate::paragraphs`]; an arm plays them; what comes out is a [`crate::transcript`].

mod call;
mod line;
mod op;
mod play;
pub mod request;
mod stream;

pub use call::Call;
pub use line::Line;
pub use op::{Op, Said, Speaker, Until};
pub use play::play;

/// A hand-written check.
pub struct Case {
    /// The paragraph of etcd's behaviour that it belongs to, such as `range`.
    pub paragraph: &'static str,
    /// What it shows, in a few words joined by underscores.
    pub name: &'static str,
    /// How the server is started.
    pub start: Start,
    /// What is said to it.
    pub ops: Vec<Op>,
}

/// How the server of a case is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With every flag at its default.
    #[default]
    Plain,
    /// With tokens that live for so many seconds after their last use.
    TokenTtlS(u64),
    /// With signed tokens (JWT) that live for so many seconds after their login.
    SignedTokensS(u64),
    /// With a backend that may grow to so many bytes.
    QuotaBytes(u64),
    /// With transactions of so many operations at most.
    MaxTxnOps(usize),
    /// With requests of so many bytes at most.
    MaxRequestBytes(usize),
}

/// A case on a server with default flags. Its paragraph is filled in by [`crate::paragraphs::all`].
pub fn case(name: &'static str, ops: Vec<Op>) -> Case {
    Case { paragraph: "", name, start: Start::Plain, ops }
}

/// A case whose tokens live for `ttl_s` seconds after their last use.
pub fn case_with_token_ttl(name: &'static str, ttl_s: u64, ops: Vec<Op>) -> Case {
    Case { paragraph: "", name, start: Start::TokenTtlS(ttl_s), ops }
}

/// A case whose tokens are signed, and live for `ttl_s` seconds after their login.
pub fn case_with_signed_tokens(name: &'static str, ttl_s: u64, ops: Vec<Op>) -> Case {
    Case { paragraph: "", name, start: Start::SignedTokensS(ttl_s), ops }
}

/// A case on a server that is started so.
pub fn case_on(start: Start, name: &'static str, ops: Vec<Op>) -> Case {
    Case { paragraph: "", name, start, ops }
}

/// Joins what is said, in order: requests, operations, and lists of operations.
macro_rules! ops {
    ($($said:expr),* $(,)?) => {{
        let mut ops: Vec<$crate::case::Op> = Vec::new();
        $($crate::case::Said::join($said, &mut ops);)*
        ops
    }};
}
pub(crate) use ops;
