//! Users, roles, permissions, and the tokens that stand for a login.
//!
//! Asked in two steps, as etcd does: [`Authority::identify`] turns what a call carries into a [`Caller`] (and keeps
//! its token alive), [`Authority::permit`] says whether that caller may read or write a range, and
//! [`Authority::permit_administration`] whether it may change users and roles. The calls themselves are in
//! `member/auth.rs`; what is checked here is what etcd checks as it applies them.
//!
//! A caller is looked at when a call begins, and never again: a watch that exists outlives its token and its user.
//!
//! Three things differ from a real etcd. Passwords are not hashed, so a login costs no time. A call with a token from
//! the future is refused, and it is the services that let it wait first ([`crate::member::Handle::settled`]). And what
//! is deleted is gone at once: up to 3.5, a user that is deleted within 100 ms of its last change can go on being seen
//! by logins and permission checks until something else is flushed (seen on 3.5.5 and 3.5.16, not on 3.7.3).

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

pub(crate) use authority::Accounts;
pub use authority::{Access, Authentication, Authority, Caller};
pub use credential::Credential;
pub use token::TokenKind;
