//! What a failed request means: whether it was carried out, and what mends it. Pure; the tables of this
//! file are etcd's own words.

use tonic::{Code, Status};

/// A failed request, sorted by what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The login is stale: a fresh one mends it. Not carried out.
    Stale(String),
    /// Permission denied, as it says; only a fresh login tells whether that is true. Not carried out.
    Denied(String),
    /// The database is full. It may have been carried out, and nothing of it is under way any more.
    Full(String),
    /// The request is larger than the server takes. Not carried out.
    TooLarge(String),
    /// The answer is larger than this client takes. Carried out.
    Oversized(String),
    /// The transaction has more operations than the server takes. Not carried out.
    TooMany(String),
    /// Refused for good. Not carried out.
    Refused(String),
    /// It will pass, and the request was not carried out.
    Unsent(String),
    /// It will pass, but nobody knows whether the request was carried out.
    Lost(String),
}

/// How a login failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoginFault {
    /// Authentication is switched off on the server, so there is nothing to log in to.
    SwitchedOff(String),
    /// The credentials are wrong.
    Refused(String),
    /// It will pass.
    Passing(String),
}

/// The login is stale, whatever the code: unary requests and watches alike, in the words of every release
/// (etcd v3.5.16 api/v3rpc/rpctypes/error.go; v3.5.1 lets `auth: revision in header is old` through raw).
const STALE: [&str; 4] = [
    "invalid auth token",
    "revision of auth store is old",
    "revision in header is old",
    "user name is empty",
];
const DENIED: &str = "permission denied";

fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Whether a watch was cancelled over its login. Up to 3.5.5 a dead token is reported as
/// `permission denied` (etcd v3.5.5 server/etcdserver/api/v3rpc/watch.go, isWatchPermitted), later ones
/// name the token, and both use the former for a missing right as well.
pub(crate) fn is_about_login(cancel_reason: &str) -> bool {
    says(cancel_reason, &STALE) || cancel_reason.contains(DENIED)
}

/// Whether a stale login is one without any user: the client has no credentials to log in with.
pub(crate) fn is_without_user(reason: &str) -> bool {
    reason.contains("user name is empty")
}

impl Fault {
    pub(crate) fn of(error: &etcd_client::Error) -> Self {
        match error {
            etcd_client::Error::GRpcStatus(status) => Self::of_status(status),
            etcd_client::Error::InvalidArgs(_)
            | etcd_client::Error::InvalidUri(_)
            | etcd_client::Error::InvalidMetadataValue(_)
            | etcd_client::Error::EndpointsNotManaged => Fault::Refused(error.to_string()),
            _ => Fault::Lost(error.to_string()),
        }
    }

    fn of_status(status: &Status) -> Self {
        let reason = status.message().to_owned();
        if says(&reason, &STALE) {
            return Fault::Stale(reason);
        }
        match status.code() {
            Code::Unauthenticated => Fault::Stale(reason),
            Code::PermissionDenied => Fault::Denied(reason),
            Code::ResourceExhausted if reason.contains("space exceeded") => Fault::Full(reason),
            Code::ResourceExhausted if reason.contains("trying to send message larger") => {
                Fault::Oversized(reason)
            }
            Code::ResourceExhausted if reason.contains("larger than max") => Fault::TooLarge(reason),
            Code::ResourceExhausted if reason.contains("too many requests") => Fault::Unsent(reason),
            // A stream that was reset for asking too much, at any time.
            Code::ResourceExhausted => Fault::Lost(reason),
            Code::InvalidArgument if reason.contains("too large") => Fault::TooLarge(reason),
            Code::InvalidArgument if reason.contains("too many operations") => Fault::TooMany(reason),
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Unimplemented => Fault::Refused(reason),
            Code::OutOfRange if reason.contains("message length too large") => Fault::Oversized(reason),
            _ if was_never_connected(status) => Fault::Unsent(reason),
            _ => Fault::Lost(reason),
        }
    }
}

/// Whether the connection could not even be made, so that the request never left. Anything less certain
/// counts as lost.
fn was_never_connected(status: &Status) -> bool {
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        cause = error.source();
    }
    false
}

impl LoginFault {
    pub(crate) fn of(error: &etcd_client::Error) -> Self {
        let etcd_client::Error::GRpcStatus(status) = error else {
            return LoginFault::Passing(error.to_string());
        };
        let reason = status.message().to_owned();
        match status.code() {
            _ if reason.contains("authentication is not enabled") => LoginFault::SwitchedOff(reason),
            _ if reason.contains("is old") => LoginFault::Passing(reason),
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::NotFound
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::Unimplemented => LoginFault::Refused(reason),
            _ => LoginFault::Passing(reason),
        }
    }
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
