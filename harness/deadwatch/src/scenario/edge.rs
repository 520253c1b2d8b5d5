//! Starts at a coin's edge: the token may still live, or be dead already.

use std::{ops::Range, time::Duration};

use super::{Action, Consumer, PRODUCER_CLIENT, Producer, ROOT, Reach, Scenario, Step, TokenKind};

/// How long after its life has passed a token is surely gone. A simple one: etcd looks once a second, and not
/// when the token is used (etcd v3.5.5 server/auth/simple_token.go, simpleTokenTTLResolution). A JWT: it ends on
/// a whole second of the clock, and some releases of the library that etcd reads it with take that second for
/// part of its life (etcd v3.5.5 server/auth/jwt.go, assign). The rest is leeway for a machine that is late.
const LATE: Duration = Duration::from_millis(1_100);

/// How much before its life has passed a JWT may be gone: its end is cut to the whole second.
const EARLY: Duration = Duration::from_secs(1);

/// A start that comes while the token of its client's stream is dying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// Which consumer starts there, by its place in the file.
    pub follower: usize,
    /// How long after what began the token's life.
    pub gap: Duration,
    /// What that is.
    pub since: Since,
    /// The gaps at which the token may be alive or dead.
    pub dying: Range<Duration>,
    /// The first time, a whole second after what began the token's life, at which it is surely dead.
    pub safe_start: Duration,
}

/// From when a token's life is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// The previous start on the client.
    PreviousStart,
    /// The client's last login for a stream.
    Login,
}

/// The starts at which a token is dying, in file order.
///
/// What is certain counts, and where a step leaves it open there is no warning:
///
/// - A simple token lives from its last use: the previous start on the client, an item that one of its consumers
///   waits for, an enqueue of the subject's on it. What the harness does elsewhere is no use of it.
/// - A JWT lives from the login for the stream that carries it, whatever it is used for: the first start on the
///   client. An item has a lone consumer close its stream and open the next, with a new login; one of several
///   consumers leaves the stream to the others.
/// - A connection that is cut, or whose server restarts, is made again with a new login, as long as somebody
///   waits on it: both kinds of token begin anew.
/// - Steps that end tokens for certain leave no edge: a changed password, a deleted user, authentication switched
///   off; for JWTs any change of users and roles. So does a client that is closed.
///
/// Pauses, black holes, delays and lost replies are not thought of.
pub(super) fn starts_at_the_edge(scenario: &Scenario) -> Vec<Edge> {
    let Some(ttl) = scenario.etcd.token_ttl else { return Vec::new() };
    let early = match scenario.etcd.token_kind {
        TokenKind::Simple => Duration::ZERO,
        TokenKind::Jwt => EARLY,
    };
    let dying = ttl.saturating_sub(early)..ttl + LATE;
    (0..scenario.consumers.len())
        .filter_map(|follower| {
            let stream = Stream::before(scenario, follower)?;
            let (began, since) = stream.last_life()?;
            let gap = scenario.consumers[follower].start.checked_sub(began)?;
            let safe_start = began + ttl + Duration::from_secs(2);
            (gap > dying.start && gap <= dying.end).then_some(Edge {
                follower,
                gap,
                since,
                dying: dying.clone(),
                safe_start,
            })
        })
        .collect()
}

/// The stream that a consumer finds on its client when it starts.
struct Stream<'s> {
    scenario: &'s Scenario,
    /// The consumer that starts.
    follower: &'s Consumer,
    /// The starts before it on the same client, at least one: by time, those of one instant in file order.
    earlier: Vec<&'s Consumer>,
}

impl<'s> Stream<'s> {
    fn before(scenario: &'s Scenario, follower: usize) -> Option<Self> {
        let this = &scenario.consumers[follower];
        let mut earlier: Vec<(Duration, usize, &Consumer)> = scenario
            .consumers
            .iter()
            .enumerate()
            .map(|(place, other)| (other.start, place, other))
            .filter(|(start, place, other)| {
                other.client == this.client && (*start, *place) < (this.start, follower)
            })
            .collect();
        earlier.sort_by_key(|(start, place, _)| (*start, *place));
        let earlier: Vec<&Consumer> = earlier.into_iter().map(|(.., other)| other).collect();
        (!earlier.is_empty()).then_some(Self { scenario, follower: this, earlier })
    }

    /// When the life of the token that the stream carries last began, and by what; none if that is open, or the
    /// token surely dead.
    fn last_life(&self) -> Option<(Duration, Since)> {
        let start = match self.scenario.etcd.token_kind {
            TokenKind::Simple => (self.earlier.last()?.start, Since::PreviousStart),
            TokenKind::Jwt => (self.earlier.first()?.start, Since::Login),
        };
        let logins = self.steps().filter_map(|step| self.login(step)).map(|at| (at, Since::Login));
        let life = logins.filter(|login| login.0 > start.0).max_by_key(|login| login.0).unwrap_or(start);
        let mut later = self.steps().filter(|step| step.at > life.0);
        (!later.any(|step| self.uses(step) || self.ends(step))).then_some(life)
    }

    /// What happens before the start; at the very instant it would be too late to matter.
    fn steps(&self) -> impl Iterator<Item = &'s Step> {
        self.scenario.steps.iter().filter(|step| step.at < self.follower.start)
    }

    /// When a step has the client log in for a new stream.
    fn login(&self, step: &Step) -> Option<Duration> {
        match &step.action {
            // A start while the server is down waits for it: the login comes after the start then, and no gap is left.
            Action::Restart(restart) => Some(step.at + restart.down),
            Action::DropConnections(Reach::All) => Some(step.at),
            Action::DropConnections(Reach::Client(client)) if *client == self.follower.client => {
                Some(step.at)
            }
            _ if self.scenario.etcd.token_kind == TokenKind::Jwt => {
                let mut there = self.earlier.iter().filter(|consumer| consumer.start < step.at);
                let lone = there.next().filter(|_| there.next().is_none())?;
                wakes(step, lone).then_some(step.at)
            }
            _ => None,
        }
    }

    /// Whether a step has the client use, and so renew, its token.
    fn uses(&self, step: &Step) -> bool {
        if self.scenario.etcd.token_kind == TokenKind::Jwt {
            return false;
        }
        let produces = match &step.action {
            Action::Enqueue(enqueue) => enqueue.by == Producer::Subject,
            _ => false,
        };
        (produces && self.follower.client == PRODUCER_CLIENT)
            || self.earlier.iter().any(|consumer| wakes(step, consumer))
    }

    /// Whether a step ends the token, or the client, for certain.
    fn ends(&self, step: &Step) -> bool {
        let signed = self.scenario.etcd.token_kind == TokenKind::Jwt;
        let own = |user: &str| user == self.follower.user.as_deref().unwrap_or(ROOT);
        match &step.action {
            Action::CloseClient(client) => *client == self.follower.client,
            Action::ChangePassword(change) => signed || own(&change.user),
            Action::DeleteUser(user) => signed || own(user),
            Action::DisableAuth | Action::EnableAuth => true,
            Action::AddUser(_) | Action::RevokeRole(_) => signed,
            _ => false,
        }
    }
}

/// Whether a step writes what a consumer waits for.
///
/// A queue's range is its prefix without a slash (etcd client/v3/experimental/recipes/queue.go).
fn wakes(step: &Step, consumer: &Consumer) -> bool {
    let key = match &step.action {
        Action::Enqueue(enqueue) => &enqueue.prefix,
        Action::Put(put) => &put.key,
        _ => return false,
    };
    consumer.call.takes_items() && key.starts_with(&consumer.prefix)
}

#[cfg(test)]
mod tests;
