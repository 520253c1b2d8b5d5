//! What set things off: what was done to the server, the network or a client, and what they did to a client then,
//! shortly before a promise was broken.

use std::{collections::BTreeSet, fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    disturbance::{Disturbance, Stays},
    finding::{Evidence, Finding},
    ledger::Ledger,
    token_life::{TokenLife, token_lives},
};
use crate::{
    history::{Event, Happening, History},
    scenario::PRODUCER_CLIENT,
};

/// How long after a trigger its effect may show. A failing watch shows at once; a spin only when it has been counted
/// for a second.
const REACH: Duration = Duration::from_secs(2);

/// What set things off.
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
    /// A request was held back on its way to the server.
    RequestHeld {
        /// When, since 0 s.
        at: Duration,
        /// The client.
        client: String,
        /// The method, such as `Txn`.
        method: String,
    },
    /// A request that was held back reached the server.
    RequestReleased {
        /// When, since 0 s.
        at: Duration,
        /// The client.
        client: String,
        /// The method, such as `Txn`.
        method: String,
    },
    /// The harness did something to the server, the network, a user or a client.
    Disturbed {
        /// When, since 0 s.
        at: Duration,
        /// What.
        what: Disturbance,
    },
    /// A client lost its connection.
    Disconnected {
        /// When, since 0 s.
        at: Duration,
        /// The client.
        client: String,
    },
    /// First one thing, and shortly after it the other.
    After {
        /// What was done.
        first: Box<Trigger>,
        /// What the server or the network did then.
        then: Box<Trigger>,
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
    pub fn at(&self) -> Duration {
        match self {
            Self::WatchRefused { at, .. }
            | Self::WatchCompacted { at, .. }
            | Self::ReplyLost { at, .. }
            | Self::RequestHeld { at, .. }
            | Self::RequestReleased { at, .. }
            | Self::Disturbed { at, .. }
            | Self::Disconnected { at, .. } => *at,
            Self::After { first, .. } => first.at(),
        }
    }

    /// The last thing that happened, of two.
    pub fn last(&self) -> &Self {
        match self {
            Self::After { then, .. } => then.last(),
            one => one,
        }
    }

    /// What set off a finding: what came first shortly before it, else what has stood in the way since earlier. A spin
    /// repeats its trigger; the first is the one that began it.
    pub(super) fn of(ledger: &Ledger<'_>, finding: &Finding) -> Option<Self> {
        let history = ledger.history;
        let concerning = triggers_concerning(history, &finding.consumers);
        let shown = finding.at;
        let within = |from: Duration, to: Duration| {
            concerning.iter().filter(move |trigger| trigger.at() >= from && trigger.at() <= to).cloned()
        };
        let on_its_way = |from: Duration, to: Duration| {
            let lost = within(from, to).find(|trigger| matches!(trigger, Self::ReplyLost { .. }));
            lost.or_else(|| late(within(from, to).collect()))
        };
        let shortly_before = || told(within(shown.saturating_sub(REACH), shown).collect());
        match &finding.evidence {
            // It was whole when it was acknowledged: what undid it came later.
            Evidence::LostItem(_) => {
                on_its_way(shown, Duration::MAX).or_else(|| told(within(shown, Duration::MAX).collect()))
            }
            // It may have been stored twice long before somebody came for it.
            Evidence::HandedOutTwice(item) => {
                let began = ledger.items.get(item.as_str()).map_or(shown, |item| item.began.1);
                on_its_way(began, shown).or_else(shortly_before)
            }
            // Names are at fault here, whatever else happened.
            Evidence::OtherQueue { .. } => None,
            Evidence::LostProbes(_)
            | Evidence::WrongOrder { .. }
            | Evidence::NothingHandedOut
            | Evidence::PassedTooEarly(_)
            | Evidence::NobodysItem(_) => shortly_before(),
            Evidence::Died(_) | Evidence::FailingCalls(_) | Evidence::Requests(_) | Evidence::Error(_) => {
                match (standing(&concerning, shown), shortly_before()) {
                    (Some(first), Some(then)) if first.at() < then.at() && then.stands_alone() => {
                        Some(Self::After { first: Box::new(first), then: Box::new(then) })
                    }
                    (standing, before) => before.or(standing),
                }
            }
        }
    }

    /// What happened first of all that can have made these consumers deaf.
    pub(super) fn of_deafness(history: &History, deaf: &[String]) -> Option<Self> {
        told(triggers_concerning(history, deaf))
    }

    /// What happened first in the whole history.
    pub(super) fn first(history: &History) -> Option<Self> {
        told(triggers(history).collect())
    }

    /// Whether it is something that was done, and not its end.
    fn is_done(&self) -> bool {
        matches!(self, Self::Disturbed { what, .. } if !what.is_an_end())
    }

    /// Whether it is one thing, so that another can be told before it.
    const fn stands_alone(&self) -> bool {
        !matches!(self, Self::After { .. })
    }

    fn concerns(&self, history: &History, client: &str) -> bool {
        match self {
            Self::WatchRefused { client: on, .. }
            | Self::WatchCompacted { client: on, .. }
            | Self::ReplyLost { client: on, .. }
            | Self::RequestHeld { client: on, .. }
            | Self::RequestReleased { client: on, .. }
            | Self::Disconnected { client: on, .. } => on == client || on == PRODUCER_CLIENT,
            Self::Disturbed { what, .. } => what.concerns(&history.scenario, client),
            Self::After { first, then } => first.concerns(history, client) || then.concerns(history, client),
        }
    }
}

/// Of all these the one to tell, or two: what was done first, and what the server or the network did then, or else what
/// was done last. A connection that ended is told only where nothing else is.
fn told(all: Vec<Trigger>) -> Option<Trigger> {
    let mut done = all.iter().filter(|trigger| trigger.is_done());
    let (first, last) = (done.next(), done.next_back());
    let effect = all.iter().find(|trigger| match trigger {
        Trigger::WatchRefused { .. }
        | Trigger::WatchCompacted { .. }
        | Trigger::ReplyLost { .. }
        | Trigger::RequestHeld { .. }
        | Trigger::RequestReleased { .. } => true,
        Trigger::Disturbed { .. } | Trigger::Disconnected { .. } | Trigger::After { .. } => false,
    });
    let after = |first: &Trigger, then: &Trigger| {
        Some(Trigger::After { first: Box::new(first.clone()), then: Box::new(then.clone()) })
    };
    match (first, effect, last) {
        (Some(first), Some(effect), _) if first.at() <= effect.at() && first.at() + REACH >= effect.at() => {
            after(first, effect)
        }
        (_, Some(effect), _) => Some(effect.clone()),
        (Some(first), None, Some(last)) if first.at() < last.at() => after(first, last),
        (Some(first), None, _) => Some(first.clone()),
        // That something came back is told only where it is not told that it went.
        (None, None, _) => {
            let came_back = all.iter().find(|trigger| matches!(trigger, Trigger::Disturbed { .. }));
            came_back.or_else(|| all.first()).cloned()
        }
    }
}

/// Of all these that a request came late, and since when it was held back.
fn late(all: Vec<Trigger>) -> Option<Trigger> {
    let held = all.iter().find(|trigger| matches!(trigger, Trigger::RequestHeld { .. }));
    let released = all.iter().find(|trigger| matches!(trigger, Trigger::RequestReleased { .. }));
    match (held, released) {
        (Some(held), Some(released)) => {
            Some(Trigger::After { first: Box::new(held.clone()), then: Box::new(released.clone()) })
        }
        (held, released) => released.or(held).cloned(),
    }
}

/// What was done last before that moment, and not undone.
fn standing(all: &[Trigger], shown: Duration) -> Option<Trigger> {
    let before: Vec<_> = all
        .iter()
        .filter_map(|trigger| match trigger {
            Trigger::Disturbed { at, what } if *at <= shown => Some((trigger, what)),
            _ => None,
        })
        .collect();
    let stands = |place: usize, what: &Disturbance| {
        what.stays() == Stays::ForGood && !before.iter().skip(place).any(|(_, later)| what.ends_with(later))
    };
    let mut latest_first = before.iter().enumerate().rev();
    latest_first.find(|(place, (_, what))| stands(*place, what)).map(|(_, (trigger, _))| (*trigger).clone())
}

/// What happened to the clients of these consumers, or to the producer's.
fn triggers_concerning(history: &History, consumers: &[String]) -> Vec<Trigger> {
    let theirs = history.scenario.consumers.iter().filter(|consumer| consumers.contains(&consumer.name));
    let clients: BTreeSet<&str> = theirs.map(|consumer| consumer.client.as_str()).collect();
    triggers(history)
        .filter(|trigger| clients.iter().any(|client| trigger.concerns(history, client)))
        .collect()
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
            Happening::ReplyLost { client, method } => {
                Some(Trigger::ReplyLost { at, client: client.clone(), method: short(method) })
            }
            Happening::RequestHeld { client, method } => {
                Some(Trigger::RequestHeld { at, client: client.clone(), method: short(method) })
            }
            Happening::RequestReleased { client, method } => {
                Some(Trigger::RequestReleased { at, client: client.clone(), method: short(method) })
            }
            Happening::Disconnected { client } if client != PRODUCER_CLIENT => {
                Some(Trigger::Disconnected { at, client: client.clone() })
            }
            // What it sets off may be seen before the harness hears that it is done: it counts from when it was due.
            Happening::Acted { step } => {
                let due = history.scenario.steps.get(*step).map_or(at, |step| step.at);
                Disturbance::of(history, at, &event.what)
                    .map(|what| Trigger::Disturbed { at: at.min(due), what })
            }
            what => Disturbance::of(history, at, what).map(|what| Trigger::Disturbed { at, what }),
        }
    })
}

/// A method's name without its path.
fn short(method: &str) -> String {
    method.rsplit('/').next().unwrap_or(method).to_owned()
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
                let a = article(method);
                write!(f, "at {} the reply to {a} {method} of client {client} was lost", Seconds(*at))
            }
            Self::RequestHeld { at, client, method } => {
                let a = article(method);
                write!(f, "at {} {a} {method} of client {client} was held back on its way", Seconds(*at))
            }
            Self::RequestReleased { at, client, method } => {
                let a = article(method);
                write!(f, "at {} {a} {method} of client {client} reached the server late", Seconds(*at))
            }
            Self::Disturbed { at, what } => write!(f, "at {} {what}", Seconds(*at)),
            Self::After { first, then } => write!(f, "{first}, and {then}"),
            Self::Disconnected { at, client } => {
                write!(f, "at {} client {client} lost its connection", Seconds(*at))
            }
        }
    }
}

/// What stands before a method's name.
fn article(method: &str) -> &'static str {
    if method.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" }
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
