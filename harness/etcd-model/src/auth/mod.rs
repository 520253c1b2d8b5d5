//! Users, roles, permissions, and the tokens that stand for a login.
//!
//! Asked in two steps, as etcd does: [`Authority::identify`] turns what a call carries into a [`Caller`] (and keeps
//! its token alive), [`Authority::permit`] says whether that caller may read or write a range, and
//! [`Authority::permit_administration`] whether it may change users and roles. The calls themselves are in
//! `member/auth.rs`; what is checked here is what etcd checks as it applies them.
//!
//! A caller is looked at when a call begins, and never again: a watch that exists outlives its token and its user.
//!
//! Passwords are not hashed: a login costs no time.

mod authority;
mod credential;
mod grants;
mod password;
mod role;
mod signed_token;
mod simple_token;
mod switch;
#[cfg(test)]
mod tests;
mod token;
mod user;

pub use authority::{Access, Authentication, Authority, Caller};
pub use credential::Credential;
pub use token::TokenKind;
