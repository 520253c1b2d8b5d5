//! How long each token lived: a fact that the explanation and every picture of a run share.
//!
//! A simple token dies between its TTL and its TTL + 1 s after its last use: a sweeper runs each second, and nothing
//! is checked at the time of use (etcd v3.5.5 `server/auth/simple_token.go`, `simpleTokenTTLKeeper.run`). A use after
//! that is refused and renews nothing.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::history::{Event, Happening, History};

/// How often the server sweeps dead tokens away (etcd v3.5.5 `server/auth/simple_token.go`,
/// `simpleTokenTTLResolution`).
const SWEEP: Duration = Duration::from_secs(1);

/// The life of one token. Times are since 0 s; what came before it is at 0 s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenLife {
    /// Whose it is.
    pub client: String,
    /// Its number in this run.
    pub token: u32,
    /// When the client got it.
    pub issued: Duration,
    /// When it was last used while it lived.
    pub last_used: Duration,
    /// From when on it may be dead.
    pub dying_from: Duration,
    /// From when on it is dead.
    pub dead_by: Duration,
    /// When watches on a stream that carried it were refused.
    pub refused: Vec<Duration>,
}

/// Lives in nanoseconds since 0 s, negative before it.
struct Life<'a> {
    client: &'a str,
    issued_ns: i64,
    last_used_ns: i64,
    refused: Vec<Duration>,
}

/// The lives of all tokens of a history, by their numbers; none where the scenario has no authentication.
pub fn token_lives(history: &History) -> Vec<TokenLife> {
    let Some(ttl) = history.scenario.etcd.token_ttl else { return Vec::new() };
    let longest_ns = nanoseconds(ttl + SWEEP);
    let mut lives: BTreeMap<u32, Life<'_>> = BTreeMap::new();
    for event in &history.events {
        let Some((client, token)) = carried(event) else { continue };
        let life = lives.entry(token).or_insert_with(|| Life {
            client,
            issued_ns: event.at_ns,
            last_used_ns: event.at_ns,
            refused: Vec::new(),
        });
        if matches!(event.what, Happening::WatchRefused { .. }) {
            life.refused.push(event.at());
        } else if event.at_ns - life.last_used_ns <= longest_ns {
            life.last_used_ns = event.at_ns;
        }
    }
    let since_zero = |ns: i64| Duration::from_nanos(u64::try_from(ns).unwrap_or(0));
    lives
        .into_iter()
        .map(|(token, life)| TokenLife {
            client: life.client.to_owned(),
            token,
            issued: since_zero(life.issued_ns),
            last_used: since_zero(life.last_used_ns),
            dying_from: since_zero(life.last_used_ns.saturating_add(nanoseconds(ttl))),
            dead_by: since_zero(life.last_used_ns.saturating_add(longest_ns)),
            refused: life.refused,
        })
        .collect()
}

/// The client and the token that an event speaks of.
fn carried(event: &Event) -> Option<(&str, u32)> {
    match &event.what {
        Happening::LoggedIn { client, token }
        | Happening::TokenUsed { client, token }
        | Happening::WatchRefused { client, token: Some(token), .. } => Some((client, *token)),
        _ => None,
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
