//! What differs between releases of clientv3, as data; chosen once, when a client is opened.
//!
//! Read in the sources at every tag from 3.4.13 to 3.7.3. Before 3.4.13 more differs than this table knows.

use crate::scenario::Version;

/// The facts in which a release of clientv3 differs from its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// What happens to a watch that the server refuses.
    pub refused_watch: RefusedWatch,
    /// Which refusals make a unary call log in again and repeat.
    pub unary_refresh: UnaryRefresh,
    /// What becomes of the old token while a unary call logs in again.
    pub token_in_refresh: TokenInRefresh,
    /// Whether a stream logs in before it opens.
    pub stream_login: StreamLogin,
    /// What becomes of the token when a login learns that authentication is off.
    pub auth_off: AuthOff,
}

/// What happens to a watch that the server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedWatch {
    /// It ends with one cancelled response.
    Ends,
    /// Where the reason is a stale token or auth revision, a new stream is opened, and the refused watch and all
    /// others of the stream are created on it (clientv3 v3.5.6 watch.go, shouldRetryWatch).
    RetriesStaleAuth,
}

/// Which refusals make a unary call log in again and repeat (clientv3 retry_interceptor.go, shouldRefreshToken).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryRefresh {
    /// `invalid auth token` alone.
    InvalidToken,
    /// Also `revision of auth store is old` and, with credentials, `user name is empty`.
    InvalidTokenOldRevisionOrNoUser,
}

/// What becomes of the old token while a unary call logs in again (clientv3 retry_interceptor.go, refreshToken).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenInRefresh {
    /// It is dropped first: what another call starts meanwhile carries none.
    Dropped,
    /// It stays until the new one is there.
    Kept,
}

/// Whether a stream logs in before it opens (clientv3 retry_interceptor.go, streamClientInterceptor).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamLogin {
    /// It carries the client's token of that moment.
    Never,
    /// It carries a token of its own, which becomes the client's.
    Always,
}

/// What becomes of the token when a login learns that authentication is off (clientv3 client.go, getToken).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthOff {
    /// It stays. A refused unary call has dropped it before.
    KeepsToken,
    /// It is dropped.
    DropsToken,
}

impl Generation {
    /// The facts of one release.
    pub fn of(version: Version) -> Self {
        let since = |in_3_4: u16, in_3_5: u16| match (version.major, version.minor) {
            (3, 4) => version.patch >= in_3_4,
            (3, 5) => version.patch >= in_3_5,
            _ => version >= Version::new(3, 5, 0),
        };
        let retries = matches!((version.major, version.minor, version.patch), (3, 4, 22..=24) | (3, 5, 6));
        let drops_first = since(19, 0) && version < Version::new(3, 6, 0);
        Self {
            refused_watch: if retries { RefusedWatch::RetriesStaleAuth } else { RefusedWatch::Ends },
            unary_refresh: if since(19, 2) {
                UnaryRefresh::InvalidTokenOldRevisionOrNoUser
            } else {
                UnaryRefresh::InvalidToken
            },
            token_in_refresh: if drops_first { TokenInRefresh::Dropped } else { TokenInRefresh::Kept },
            stream_login: if since(14, 0) { StreamLogin::Always } else { StreamLogin::Never },
            auth_off: if since(28, 10) { AuthOff::DropsToken } else { AuthOff::KeepsToken },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(major: u16, minor: u16, patch: u16) -> Generation {
        Generation::of(Version::new(major, minor, patch))
    }

    #[test]
    fn the_story_s_client_ends_a_refused_watch_and_logs_in_before_every_stream() {
        assert_eq!(
            generation(3, 5, 11),
            Generation {
                refused_watch: RefusedWatch::Ends,
                unary_refresh: UnaryRefresh::InvalidTokenOldRevisionOrNoUser,
                token_in_refresh: TokenInRefresh::Dropped,
                stream_login: StreamLogin::Always,
                auth_off: AuthOff::DropsToken,
            }
        );
    }

    #[test]
    fn only_four_releases_retry_a_refused_watch() {
        let retrying = |minor, last: u16| {
            (0..=last)
                .filter(move |patch| {
                    generation(3, minor, *patch).refused_watch == RefusedWatch::RetriesStaleAuth
                })
                .map(move |patch| (minor, patch))
        };
        let found: Vec<_> =
            retrying(4, 45).chain(retrying(5, 33)).chain(retrying(6, 14)).chain(retrying(7, 3)).collect();
        assert_eq!(found, [(4, 22), (4, 23), (4, 24), (5, 6)]);
    }

    #[test]
    fn each_fact_changes_at_its_release() {
        assert_eq!(generation(3, 4, 13).stream_login, StreamLogin::Never);
        assert_eq!(generation(3, 4, 14).stream_login, StreamLogin::Always);
        assert_eq!(generation(3, 5, 0).stream_login, StreamLogin::Always);

        assert_eq!(generation(3, 4, 18).unary_refresh, UnaryRefresh::InvalidToken);
        assert_eq!(generation(3, 4, 19).unary_refresh, UnaryRefresh::InvalidTokenOldRevisionOrNoUser);
        assert_eq!(generation(3, 5, 1).unary_refresh, UnaryRefresh::InvalidToken);
        assert_eq!(generation(3, 5, 2).unary_refresh, UnaryRefresh::InvalidTokenOldRevisionOrNoUser);

        assert_eq!(generation(3, 4, 18).token_in_refresh, TokenInRefresh::Kept);
        assert_eq!(generation(3, 4, 19).token_in_refresh, TokenInRefresh::Dropped);
        assert_eq!(generation(3, 5, 0).token_in_refresh, TokenInRefresh::Dropped);
        assert_eq!(generation(3, 6, 0).token_in_refresh, TokenInRefresh::Kept);
        assert_eq!(generation(3, 7, 3).token_in_refresh, TokenInRefresh::Kept);

        assert_eq!(generation(3, 4, 27).auth_off, AuthOff::KeepsToken);
        assert_eq!(generation(3, 4, 28).auth_off, AuthOff::DropsToken);
        assert_eq!(generation(3, 5, 9).auth_off, AuthOff::KeepsToken);
        assert_eq!(generation(3, 5, 10).auth_off, AuthOff::DropsToken);
        assert_eq!(generation(3, 6, 0).auth_off, AuthOff::DropsToken);
    }
}
