//! The record: what happened is written down here, and nowhere else.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::{
    history::{Event, Happening},
    wire::{Seen, Sighting},
};

/// Uses of a token closer together than this are written down as one, at the time of the last.
const TOKEN_USE_GRAIN_NS: i64 = 250_000_000;

/// Writes events down with their time since 0 s.
#[derive(Debug)]
pub(super) struct Record {
    zero: Option<Instant>,
    events: Vec<(Instant, Happening)>,
    tokens: Tokens,
}

/// Numbers for tokens, whose texts differ from run to run.
#[derive(Debug, Default)]
struct Tokens {
    numbers: BTreeMap<String, u32>,
    /// Per token the first use of its latest group, and where that group's event lies.
    latest_use: BTreeMap<u32, (Instant, usize)>,
}

impl Record {
    pub(super) fn new() -> Self {
        Self { zero: None, events: Vec::new(), tokens: Tokens::default() }
    }

    /// From now on it is 0 s.
    pub(super) fn start_at(&mut self, zero: Instant) {
        self.zero = Some(zero);
    }

    pub(super) fn write(&mut self, what: Happening) {
        self.events.push((Instant::now(), what));
    }

    /// What was written down so far, in the order in which it was.
    pub(super) fn happened(&self) -> impl Iterator<Item = &Happening> {
        self.events.iter().map(|(_, what)| what)
    }

    /// Writes down what passed over the wire, as far as a report or a verdict can use it.
    pub(super) fn sighted(&mut self, sighting: &Sighting) {
        let client = || sighting.client.clone();
        let what = match &sighting.seen {
            Seen::LoggedIn { token } => {
                Happening::LoggedIn { client: client(), token: self.tokens.number(token) }
            }
            Seen::Request { token: Some(token), .. } => {
                return self.token_used(&sighting.client, token, sighting.at);
            }
            Seen::WatchRefused { watch_id, reason, token } => Happening::WatchRefused {
                client: client(),
                watch_id: *watch_id,
                reason: reason.clone(),
                token: token.as_deref().map(|token| self.tokens.number(token)),
            },
            Seen::WatchCompacted { .. } => Happening::WatchCompacted { client: client() },
            Seen::ReplyLost { method } => Happening::ReplyLost { client: client(), method: method.clone() },
            Seen::RequestHeld { method } => {
                Happening::RequestHeld { client: client(), method: method.clone() }
            }
            Seen::RequestReleased { method } => {
                Happening::RequestReleased { client: client(), method: method.clone() }
            }
            Seen::RequestDropped { method } => {
                Happening::RequestDropped { client: client(), method: method.clone() }
            }
            Seen::Disconnected => Happening::Disconnected { client: client() },
            Seen::Request { token: None, .. } | Seen::Connected | Seen::Failed { .. } => return,
        };
        self.events.push((sighting.at, what));
    }

    fn token_used(&mut self, client: &str, token: &str, at: Instant) {
        let token = self.tokens.number(token);
        if let Some((group_began, index)) = self.tokens.latest_use.get(&token)
            && at.saturating_duration_since(*group_began).as_nanos() < TOKEN_USE_GRAIN_NS as u128
            && let Some((latest, _)) = self.events.get_mut(*index)
        {
            *latest = at;
            return;
        }
        self.tokens.latest_use.insert(token, (at, self.events.len()));
        self.events.push((at, Happening::TokenUsed { client: client.to_owned(), token }));
    }

    /// All events in the order of their times.
    pub(super) fn into_events(mut self) -> Vec<Event> {
        self.events.sort_by_key(|(at, _)| *at);
        let zero = self.zero;
        self.events
            .into_iter()
            .map(|(at, what)| Event { at_ns: zero.map_or(-1, |zero| nanoseconds_since(zero, at)), what })
            .collect()
    }
}

impl Tokens {
    fn number(&mut self, token: &str) -> u32 {
        let next = u32::try_from(self.numbers.len() + 1).unwrap_or(u32::MAX);
        *self.numbers.entry(token.to_owned()).or_insert(next)
    }
}

/// Negative where `at` is earlier.
fn nanoseconds_since(zero: Instant, at: Instant) -> i64 {
    let signed = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match at.checked_duration_since(zero) {
        Some(after) => signed(after),
        None => -signed(zero.duration_since(at)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn request(token: &str, at: Instant) -> Sighting {
        let seen =
            Seen::Request { method: "/etcdserverpb.KV/Range".to_owned(), token: Some(token.to_owned()) };
        Sighting { client: "shared".to_owned(), at, seen }
    }

    #[test]
    fn uses_of_a_token_in_quick_succession_are_one_event_at_the_last_of_them() {
        let zero = Instant::now();
        let mut record = Record::new();
        record.start_at(zero);
        for at_ms in [0, 100, 200, 300] {
            record.sighted(&request("x", zero + Duration::from_millis(at_ms)));
        }
        let times: Vec<_> = record.into_events().iter().map(|event| event.at_ns / 1_000_000).collect();
        assert_eq!(times, [200, 300]);
    }

    #[test]
    fn what_came_before_zero_has_a_negative_time() {
        let early = Instant::now();
        let mut record = Record::new();
        record.sighted(&request("x", early));
        record.start_at(early + Duration::from_secs(1));
        assert_eq!(record.into_events().first().map(|event| event.at_ns), Some(-1_000_000_000));
    }
}
