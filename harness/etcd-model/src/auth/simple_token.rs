//! Tokens that are nothing but a name for a login that the member remembers, as etcd issues them by default.
//!
//! Source: etcd v3.5.5 server/auth/simple_token.go.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::time::{Beat, Draws};

/// How long the storage gathers writes before it flushes them. Source: etcd v3.5.5
/// server/mvcc/backend/backend.go, `defaultBatchInterval`.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);

/// The letters before the dot.
const LETTERS: usize = 16;

/// The logins that the member remembers. They are in its memory alone.
#[derive(Debug)]
pub(super) struct SimpleTokens {
    ttl: Duration,
    sweeps: Beat,
    letters: Draws,
    logins: BTreeMap<String, Login>,
    /// When something written since a login will be on disk.
    flush: Option<Instant>,
}

#[derive(Debug)]
struct Login {
    user: String,
    /// The next sweep after this ends it. Nobody looks at it when the token is used: a use moves it on.
    ends: Instant,
    /// Whether the disk holds something later, so that a member that is killed would not find the login again.
    left_behind: bool,
}

impl SimpleTokens {
    pub(super) fn new(ttl: Duration, sweeps: Beat, letters: Draws) -> Self {
        Self { ttl, sweeps, letters, logins: BTreeMap::new(), flush: None }
    }

    /// A new token for `user`, whose login is the proposal of number `index`.
    pub(super) fn assign(&mut self, user: &str, index: u64, now: Instant) -> String {
        let token = format!("{}.{index}", self.draw_letters());
        let login = Login { user: user.to_owned(), ends: now + self.ttl, left_behind: false };
        self.logins.insert(token.clone(), login);
        token
    }

    /// Whose token it is, if it is known; it lives on for its whole time.
    pub(super) fn user_of(&mut self, token: &str, now: Instant) -> Option<String> {
        self.sweep(now);
        let login = self.logins.get_mut(token)?;
        login.ends = now + self.ttl;
        Some(login.user.clone())
    }

    /// Drops all tokens of `user`.
    pub(super) fn drop_user(&mut self, user: &str) {
        self.logins.retain(|_, login| login.user != user);
    }

    /// Drops all tokens.
    pub(super) fn drop_all(&mut self) {
        self.logins.clear();
        self.flush = None;
    }

    /// Takes note that something was written.
    pub(super) fn written(&mut self, now: Instant) {
        if self.flush.is_none() && self.logins.values().any(|login| !login.left_behind) {
            self.flush = Some(now + FLUSH_INTERVAL);
        }
    }

    /// What a member that was killed finds in its log: the logins since the last flushed write, as if they were
    /// made now.
    ///
    /// Seen on 3.5.5 and 3.5.16. A login that had ended before the kill comes back there too; here it does not.
    pub(super) fn replay(&mut self, sweeps: Beat, now: Instant) {
        self.sweeps = sweeps;
        self.flush = None;
        self.logins.retain(|_, login| !login.left_behind);
        for login in self.logins.values_mut() {
            login.ends = now + self.ttl;
        }
    }

    /// What a member starts with that had been asked to stop: nothing.
    pub(super) fn restart(&mut self, sweeps: Beat) {
        self.sweeps = sweeps;
        self.drop_all();
    }

    /// When the next sweep falls that ends a token, or the next flush that leaves one behind.
    pub(super) fn due(&self) -> Option<Instant> {
        let sweep = self.logins.values().map(|login| login.ends).min().map(|ends| self.sweeps.after(ends));
        [sweep, self.flush].into_iter().flatten().min()
    }

    pub(super) fn advance(&mut self, now: Instant) {
        self.sweep(now);
        if self.flush.is_some_and(|flush| flush <= now) {
            self.flush = None;
            for login in self.logins.values_mut() {
                login.left_behind = true;
            }
        }
    }

    /// Drops what a sweep drops that fell between `since` and `now`, and comes now: all that is over by now, however
    /// late it ended. Seen on 3.5.5, 3.5.16 and 3.7.3: with a request that had waited in its connection, in 24 of 30
    /// cases the sweep came first; here it always does.
    pub(super) fn resume(&mut self, since: Instant, now: Instant) {
        if self.sweeps.after(since) <= now {
            self.logins.retain(|_, login| login.ends >= now);
        }
    }

    /// Drops what a sweep up to `now` has dropped.
    fn sweep(&mut self, now: Instant) {
        let sweeps = self.sweeps;
        self.logins.retain(|_, login| sweeps.after(login.ends) > now);
    }

    fn draw_letters(&mut self) -> String {
        let mut letters = String::with_capacity(LETTERS);
        for _ in 0..LETTERS {
            // Below 52, so it fits.
            let drawn = u8::try_from(self.letters.below(52)).unwrap_or(0);
            letters.push(char::from(if drawn < 26 { b'a' + drawn } else { b'A' + drawn - 26 }));
        }
        letters
    }
}

/// The number of the proposal that a token says it was issued by; `None` if it is not of a simple token's shape, for
/// which its letters do not matter. Source: `isValidSimpleToken`.
pub(super) fn index_of(token: &str) -> Option<u64> {
    let (_, index) = token.split_once('.')?;
    let digits = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    if digits { index.parse().ok() } else { None }
}
