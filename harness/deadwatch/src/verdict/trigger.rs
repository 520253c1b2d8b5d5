//! What set things off: what the server or the network did to a client shortly before a promise was broken.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::token_life::{TokenLife, token_lives};
use crate::{
    history::{Event, Happening, History},
    scenario::{Action, PRODUCER_CLIENT},
};

/// How long after a trigger its effect may show. A failing watch shows at once; a spin only when it has been counted
/// for a second.
const REACH: Duration = Duration::from_secs(2);

/// What the server or the network did to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// The server refused to create a watch.
    WatchRefused {
        /// When, since 0 s.
        at: Duration,
        /// The client.
        client: String,
        /// The consumer that had just called, if there was one.
        consumer: Option<String>,
        /// The server's reason.
        reason: String,
        /// The token that the stream carried, if it was dead.
        stale: Option<StaleToken>,
    },
    /// The server ended a watch because its revision is compacted.
    WatchCompacted {
        /// When, since 0 s.
        at: Duration,
        /// The client.
        client: String,
    },
    /// The server's reply to a call was lost on its way.
    ReplyLost {
        /// When, since 0 s.
        at: Duration,
        /// The client.
        client: String,
        /// The method, such as `Txn`.
        method: String,
    },
    /// The owner of a client closed it.
    Closed {
        /// When, since 0 s.
        at: Duration,
        /// The client.
        client: String,
    },
    /// A client lost its connection.
    Disconnected {
        /// When, since 0 s.
        at: Duration,
        /// The client.
        client: String,
    },
}

/// A token that was dead when a watch was to be created with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleToken {
    /// Its number in this run.
    pub token: u32,
    /// From when on it may have been dead, since 0 s.
    pub dying_from: Duration,
    /// From when on it was dead for certain, since 0 s.
    pub dead_by: Duration,
}

impl Trigger {
    /// When it happened, since 0 s.
    pub const fn at(&self) -> Duration {
        match self {
            Self::WatchRefused { at, .. }
            | Self::WatchCompacted { at, .. }
            | Self::ReplyLost { at, .. }
            | Self::Closed { at, .. }
            | Self::Disconnected { at, .. } => *at,
        }
    }

    /// What set off that which showed at `shown`: the first watch that ended shortly before, else the first lost
    /// connection. A spin repeats its trigger; the first is the one that began it.
    pub(super) fn of(history: &History, shown: Duration) -> Option<Self> {
        first(triggers(history).filter(|trigger| trigger.at() <= shown && trigger.at() + REACH >= shown))
    }

    /// The first watch that ended in the whole history, else the first lost connection.
    pub(super) fn first(history: &History) -> Option<Self> {
        first(triggers(history))
    }
}

fn first(triggers: impl Iterator<Item = Trigger>) -> Option<Trigger> {
    let all: Vec<_> = triggers.collect();
    let ended_watch = all.iter().find(|trigger| !matches!(trigger, Trigger::Disconnected { .. }));
    ended_watch.or_else(|| all.first()).cloned()
}

fn triggers(history: &History) -> impl Iterator<Item = Trigger> + '_ {
    let lives = token_lives(history);
    history.events.iter().enumerate().filter_map(move |(position, event)| {
        let at = event.at();
        match &event.what {
            Happening::WatchRefused { client, reason, token, .. } => Some(Trigger::WatchRefused {
                at,
                client: client.clone(),
                consumer: latest_caller(history, position, client),
                reason: reason.clone(),
                stale: token.and_then(|token| stale(&lives, token, at)),
            }),
            Happening::WatchCompacted { client } => {
                Some(Trigger::WatchCompacted { at, client: client.clone() })
            }
            Happening::ReplyLost { client, method } => Some(Trigger::ReplyLost {
                at,
                client: client.clone(),
                method: method.rsplit('/').next().unwrap_or(method).to_owned(),
            }),
            Happening::Acted { step } => match history.scenario.steps.get(*step).map(|step| &step.action) {
                Some(Action::CloseClient(client)) => Some(Trigger::Closed { at, client: client.clone() }),
                _ => None,
            },
            Happening::Disconnected { client } if client != PRODUCER_CLIENT => {
                Some(Trigger::Disconnected { at, client: client.clone() })
            }
            _ => None,
        }
    })
}

/// The consumer of this client that called last before this event: a watch is created for the newest call.
fn latest_caller(history: &History, position: usize, client: &str) -> Option<String> {
    let on_client = |name: &str| {
        history.scenario.consumers.iter().any(|consumer| consumer.name == name && consumer.client == client)
    };
    history.events.get(..position)?.iter().rev().find_map(|event: &Event| match &event.what {
        Happening::Called { consumer, .. } if on_client(consumer) => Some(consumer.clone()),
        _ => None,
    })
}

fn stale(lives: &[TokenLife], token: u32, at: Duration) -> Option<StaleToken> {
    let life = lives.iter().find(|life| life.token == token)?;
    (at >= life.dying_from).then_some(StaleToken {
        token,
        dying_from: life.dying_from,
        dead_by: life.dead_by,
    })
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WatchRefused { at, client, consumer, reason, stale } => {
                write!(f, "at {} the server refused ", Seconds(*at))?;
                match consumer {
                    Some(consumer) => write!(f, "consumer {consumer}'s watch")?,
                    None => write!(f, "a watch of client {client}")?,
                }
                write!(f, " ({})", plain(reason))?;
                match stale {
                    Some(StaleToken { token, dying_from, dead_by }) => write!(
                        f,
                        ", as its stream still carried token {token}, which died between {} and {}",
                        Seconds(*dying_from),
                        Seconds(*dead_by)
                    ),
                    None => Ok(()),
                }
            }
            Self::WatchCompacted { at, client } => {
                write!(
                    f,
                    "at {} the server ended a watch of client {client}, whose revision was compacted",
                    Seconds(*at)
                )
            }
            Self::ReplyLost { at, client, method } => {
                write!(f, "at {} the reply to a {method} of client {client} was lost", Seconds(*at))
            }
            Self::Closed { at, client } => {
                write!(f, "at {} client {client} was closed by its owner", Seconds(*at))
            }
            Self::Disconnected { at, client } => {
                write!(f, "at {} client {client} lost its connection", Seconds(*at))
            }
        }
    }
}

/// A time in seconds with one decimal.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

/// A server's reason without the wrapping that gRPC and etcd put around it.
pub(super) fn plain(reason: &str) -> &str {
    let reason = reason.rsplit("desc = ").next().unwrap_or(reason);
    reason.strip_prefix("etcdserver: ").unwrap_or(reason)
}
