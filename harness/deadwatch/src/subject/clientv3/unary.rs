//! What clientv3 does after a unary call has failed (clientv3 v3.5.11 retry_interceptor.go and retry.go).

use std::time::Duration;

use tonic::Code;

use super::{Error, Generation, UnaryRefresh};

/// How often a unary call is attempted at most (clientv3 v3.5.11 options.go, defaultUnaryMaxRetries).
pub(super) const ATTEMPTS: u32 = 100;

/// The wait before every attempt but the first, one after a login included; spread by a tenth in clientv3
/// (client.go, roundRobinQuorumBackoff: with one endpoint each attempt waits).
pub(super) const WAIT: Duration = Duration::from_millis(25);

/// Whether a call changes nothing and may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It reads.
    Safe,
    /// It writes, or may write: a transaction always counts as one.
    Unsafe,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The error is returned.
    Return,
    /// The call is attempted again.
    Repeat,
    /// The client logs in, and then the call is attempted again.
    LogInAndRepeat,
}

/// Whether the client has a user and a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// It has.
    Possible,
    /// It has not.
    Impossible,
}

/// What follows when an attempt has failed so.
pub(super) fn next(error: &Error, repeat: Repeat, generation: Generation, login: Login) -> Next {
    if error.is_context_error() {
        return Next::Repeat;
    }
    if refreshes(error, generation, login) {
        return Next::LogInAndRepeat;
    }
    let unavailable = error.code() == Code::Unavailable;
    let safe = match repeat {
        Repeat::Safe => unavailable,
        // clientv3 means errors of which it is sure that nothing was sent; today's grpc-go makes neither.
        Repeat::Unsafe => {
            unavailable
                && (error.says("there is no address available")
                    || error.says("there is no connection available"))
        }
    };
    if safe { Next::Repeat } else { Next::Return }
}

fn refreshes(error: &Error, generation: Generation, login: Login) -> bool {
    if error.says("etcdserver: invalid auth token") {
        return true;
    }
    match generation.unary_refresh {
        UnaryRefresh::InvalidToken => false,
        UnaryRefresh::InvalidTokenOldRevisionOrNoUser => {
            error.says("etcdserver: revision of auth store is old")
                || (error.says("etcdserver: user name is empty") && login == Login::Possible)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Version;

    fn after(code: Code, message: &str, repeat: Repeat) -> Next {
        let generation = Generation::of(Version::new(3, 5, 11));
        next(&Error::status(code, message), repeat, generation, Login::Possible)
    }

    #[test]
    fn a_call_refused_for_its_token_logs_in_and_repeats_whatever_it_does() {
        for repeat in [Repeat::Safe, Repeat::Unsafe] {
            for (code, message) in [
                (Code::Unauthenticated, "etcdserver: invalid auth token"),
                (Code::InvalidArgument, "etcdserver: revision of auth store is old"),
                (Code::InvalidArgument, "etcdserver: user name is empty"),
            ] {
                assert_eq!(after(code, message, repeat), Next::LogInAndRepeat, "{message}");
            }
        }
    }

    #[test]
    fn an_old_client_logs_in_again_only_for_an_invalid_token() {
        let old = Generation::of(Version::new(3, 5, 1));
        let refused = |message| {
            let error = Error::status(Code::InvalidArgument, message);
            next(&error, Repeat::Safe, old, Login::Possible)
        };
        assert_eq!(refused("etcdserver: invalid auth token"), Next::LogInAndRepeat);
        assert_eq!(refused("etcdserver: revision of auth store is old"), Next::Return);
        assert_eq!(refused("etcdserver: user name is empty"), Next::Return);
    }

    #[test]
    fn without_credentials_an_empty_user_name_is_returned() {
        let error = Error::status(Code::InvalidArgument, "etcdserver: user name is empty");
        let generation = Generation::of(Version::new(3, 5, 11));
        assert_eq!(next(&error, Repeat::Safe, generation, Login::Impossible), Next::Return);
    }

    #[test]
    fn a_lost_connection_repeats_a_read_and_fails_a_transaction() {
        let text = "error reading from server: EOF";
        assert_eq!(after(Code::Unavailable, text, Repeat::Safe), Next::Repeat);
        assert_eq!(after(Code::Unavailable, text, Repeat::Unsafe), Next::Return);
    }

    #[test]
    fn a_cancelled_status_repeats_even_a_transaction() {
        assert_eq!(after(Code::Cancelled, "context canceled", Repeat::Unsafe), Next::Repeat);
    }

    #[test]
    fn what_the_server_means_is_returned() {
        assert_eq!(
            after(Code::PermissionDenied, "etcdserver: permission denied", Repeat::Safe),
            Next::Return
        );
    }
}
