//! What happened, made from the history's facts: one closed list, and one sentence for each.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Aftermath, Evidence, Finding, aftermath,
    ledger::Ledger,
    token_life::{TokenLife, token_lives},
    trigger::{Seconds, Trigger, plain},
};
use crate::history::Inconclusive;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Explanation {
    /// The run proves nothing.
    Inconclusive(Inconclusive),
    /// A promise was broken.
    Broken {
        /// What set it off, if that is known.
        trigger: Option<Trigger>,
        /// The worst findings, which are all of one outcome, in order of time; at least one.
        findings: Vec<Finding>,
        /// What the calls of a consumer that spins on errors return.
        error: Option<String>,
        /// Who is deaf besides.
        deaf: Vec<String>,
        /// How many consumers there are.
        consumers: usize,
    },
    /// Nobody said anything, but somebody takes no items any more.
    Deaf {
        /// What set it off, if that is known.
        trigger: Option<Trigger>,
        /// Who.
        deaf: Vec<String>,
    },
    /// Something was done to a client, and nobody came to harm.
    Recovered {
        /// What.
        trigger: Trigger,
        /// What became of everybody.
        ending: Ending,
    },
    /// Nothing was done to anybody.
    Uneventful {
        /// The latest token that was dead when the last consumer started, if there was one.
        expired: Option<TokenLife>,
        /// What became of everybody.
        ending: Ending,
    },
}

/// What became of everybody where nobody came to harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All of them took an item in the aftermath.
    AllTook,
    /// Those who were left took an item in the aftermath.
    TheRestTook,
    /// Those who were left had what they waited for in the aftermath: an item, a barrier, a lock.
    TheRestHad,
    /// Nobody was left waiting for anything.
    NobodyWaited,
}

impl Ending {
    fn of(ledger: &Ledger<'_>) -> Self {
        let probed = aftermath::probed(ledger);
        let items = probed.iter().all(|name| ledger.takes_items(name));
        match probed.len() {
            0 => Self::NobodyWaited,
            all if items && all == ledger.consumers().count() => Self::AllTook,
            _ if items => Self::TheRestTook,
            _ => Self::TheRestHad,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AllTook => "every consumer took its item in the aftermath",
            Self::TheRestTook => "every consumer that was left took its item in the aftermath",
            Self::TheRestHad => "every consumer that was left had what it waited for in the aftermath",
            Self::NobodyWaited => "nobody was left waiting",
        })
    }
}

impl Explanation {
    /// Explains a history, given what was found in it: the worst findings first.
    pub(super) fn of(
        ledger: &Ledger<'_>,
        findings: &[Finding],
        aftermath: Option<&Aftermath>,
        inconclusive: Option<&Inconclusive>,
    ) -> Self {
        if let Some(why) = inconclusive {
            return Self::Inconclusive(why.clone());
        }
        let history = ledger.history;
        let deaf = match aftermath {
            Some(Aftermath::Deaf(names)) => names.clone(),
            Some(Aftermath::Healthy | Aftermath::Dead) | None => Vec::new(),
        };
        if let Some(worst) = findings.first() {
            let outcome = worst.evidence.outcome();
            let all = findings;
            let findings: Vec<_> = findings
                .iter()
                .take_while(|finding| finding.evidence.outcome() == outcome)
                .cloned()
                .collect();
            let trigger = Trigger::of(ledger, worst);
            let error = spins_on(worst, all);
            let consumers = history.scenario.consumers.len();
            return Self::Broken { trigger, findings, error, deaf, consumers };
        }
        if !deaf.is_empty() {
            return Self::Deaf { trigger: Trigger::of_deafness(history, &deaf), deaf };
        }
        let ending = Ending::of(ledger);
        match Trigger::first(history) {
            Some(trigger) => Self::Recovered { trigger, ending },
            None => {
                let last_start = history.scenario.consumers.iter().map(|consumer| consumer.start).max();
                let dead = |life: &TokenLife| last_start.is_some_and(|start| life.dead_by <= start);
                Self::Uneventful { expired: token_lives(history).into_iter().rfind(dead), ending }
            }
        }
    }

    fn write(&self, f: &mut String) -> fmt::Result {
        use fmt::Write;
        match self {
            Self::Inconclusive(why) => write!(f, "the run proves nothing: {why}"),
            Self::Broken { trigger, findings, error, deaf, consumers } => {
                if let Some(trigger) = trigger {
                    write!(f, "{trigger}; ")?;
                }
                write_broken(f, trigger.as_ref(), findings, error.as_deref(), *consumers)?;
                if !deaf.is_empty() {
                    write!(f, "; {}", Deafness(deaf))?;
                }
                Ok(())
            }
            Self::Deaf { trigger, deaf } => {
                if let Some(trigger) = trigger {
                    write!(f, "{trigger}; ")?;
                }
                write!(f, "no call failed, but {}", Deafness(deaf))
            }
            Self::Recovered { trigger, ending } => write!(f, "{trigger}; no call failed, and {ending}"),
            Self::Uneventful { expired, ending } => {
                if let Some(life) = expired {
                    write!(f, "token {} was dead by {}, but ", life.token, Seconds(life.dead_by))?;
                }
                write!(f, "no watch was refused, no call failed, and {ending}")
            }
        }
    }
}

impl fmt::Display for Explanation {
    /// One sentence, with a capital and a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sentence = String::new();
        self.write(&mut sentence)?;
        let mut letters = sentence.chars();
        match letters.next() {
            Some(first) => write!(f, "{}{}.", first.to_uppercase(), letters.as_str().trim_end_matches('.')),
            None => Ok(()),
        }
    }
}

/// The clause about what broke. Many findings of one kind are told by the first and their number.
fn write_broken(
    f: &mut String,
    trigger: Option<&Trigger>,
    findings: &[Finding],
    error: Option<&str>,
    consumers: usize,
) -> fmt::Result {
    use fmt::Write;
    let Some(first) = findings.first() else { return Ok(()) };
    let who = Names(&first.consumers);
    let at = Seconds(first.at);
    match &first.evidence {
        Evidence::Died(death) => {
            if trigger.is_none() {
                write!(f, "at {at} ")?;
            }
            match death.exit_code {
                Some(code) => write!(f, "the process exited {code}")?,
                None => f.push_str("the process died"),
            }
            match consumers {
                1 => f.push_str(", and its consumer with it"),
                2 => f.push_str(", and both consumers with it"),
                all => write!(f, ", and all {all} consumers with it")?,
            }
            match &death.place {
                Some(place) => write!(f, ", at {place}: `{}`", death.cause)?,
                None => write!(f, ": `{}`", death.cause)?,
            }
        }
        Evidence::LostItem(item) => {
            write!(
                f,
                "item {item} was acknowledged to its producer at {at}, but nobody got it and it is gone"
            )?;
        }
        Evidence::LostProbes(1) => {
            f.push_str("in the aftermath one item was stored that nobody got and that is gone");
        }
        Evidence::LostProbes(count) => {
            write!(f, "in the aftermath {count} items were stored that nobody got and that are gone")?;
        }
        Evidence::HandedOutTwice(item) => write!(f, "item {item} was handed out twice, to {who}")?,
        Evidence::WrongOrder { earlier, later } => {
            write!(f, "{who} got item {later} before item {earlier}, which was committed first")?;
        }
        Evidence::NothingHandedOut => write!(f, "at {at} a call of {who} was done without an item")?,
        Evidence::PassedTooEarly(key) => {
            write!(f, "at {at} {who} passed {key} as if it were open, and it was not")?;
        }
        Evidence::OtherQueue { item, prefix } => {
            write!(f, "{who} got item {item}, which belongs to the queue {prefix}")?;
        }
        Evidence::NobodysItem(item) => write!(f, "{who} got item {item}, which nobody had enqueued")?,
        Evidence::FailingCalls(_) => {
            write!(f, "{who} called again after every error")?;
            match error {
                Some(error) if !says(trigger, error) => write!(f, " (`{}`)", plain(error))?,
                _ => {}
            }
            f.push_str(", more than 100 times within a second");
        }
        Evidence::Requests(count) => {
            write!(
                f,
                "{who} kept the server busy with {count} requests within a second, and no call returned"
            )?;
        }
        Evidence::Error(text) if says(trigger, text) => write!(f, "{who} got that as an error")?,
        Evidence::Error(text) => {
            if trigger.is_none() {
                write!(f, "at {at} ")?;
            }
            write!(f, "{who} got the error `{}`", plain(text))?;
        }
    }
    let others = findings.len() - 1;
    match others {
        0 => Ok(()),
        1 => write!(f, " (and one more of the kind)"),
        _ => write!(f, " (and {others} more of the kind)"),
    }
}

/// Whether an error is the refusal that has been told already.
fn says(trigger: Option<&Trigger>, error: &str) -> bool {
    match trigger.map(Trigger::last) {
        Some(Trigger::WatchRefused { reason, .. }) => error.contains(plain(reason)),
        _ => false,
    }
}

/// What the calls of a consumer return that spins on errors; none if it does not.
fn spins_on(worst: &Finding, findings: &[Finding]) -> Option<String> {
    let Evidence::FailingCalls(_) = worst.evidence else { return None };
    findings.iter().rev().find_map(|finding| match &finding.evidence {
        Evidence::Error(text) if finding.consumers == worst.consumers && finding.at <= worst.at => {
            Some(text.clone())
        }
        _ => None,
    })
}

/// `consumer 1`, `consumers 1 and 2`, `consumers 1, 2 and 3`, `64 consumers`.
struct Names<'a>(&'a [String]);

/// More names than this are only counted.
const NAMED: usize = 4;

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("nobody"),
            [one] => write!(f, "consumer {one}"),
            [some @ .., last] if self.0.len() <= NAMED => {
                write!(f, "consumers {} and {last}", some.join(", "))
            }
            many => write!(f, "{} consumers", many.len()),
        }
    }
}

struct Deafness<'a>(&'a [String]);

impl fmt::Display for Deafness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.0.len() == 1 { "has" } else { "have" };
        write!(f, "{} {verb} gone deaf: no item arrives, and no error", Names(self.0))
    }
}
