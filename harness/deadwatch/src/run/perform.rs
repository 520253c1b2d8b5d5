//! One run, from the start of its etcd to its judgement.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Crew, Order};
use crate::{
    etcd::{self, Embedding, Etcd, EtcdError, Time},
    history::{Event, Happening, History, Inconclusive},
    stage::{self, Pace, Set},
    subject::{self, KeyClock},
    verdict::{Judgement, judge},
    wire::Wire,
};

/// The time of day when a run in virtual time begins, in nanoseconds since 1970: no clock of this world is asked.
const VIRTUAL_EPOCH_NS: i64 = 1_700_000_000_000_000_000;

/// A run that was made.
#[derive(Clone, Debug)]
pub struct Run {
    /// What happened.
    pub history: History,
    /// What it means.
    pub judgement: Judgement,
    /// The last lines of the etcd's log.
    pub etcd_log: String,
    /// What the subject wrote to its standard error.
    pub subject_log: String,
}

/// Makes a run, on this thread and a runtime of its own; blocks until a place in the crew is free, and then for as
/// long as the run takes.
///
/// A run that can't be made is inconclusive; the reason is in its history.
///
/// # Errors
/// The operating system gave no runtime.
pub fn perform(order: &Order) -> std::io::Result<Run> {
    let time = order.time();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let crew = match time {
        Time::Real => {
            runtime.enable_all();
            Crew::real()
        }
        // Nothing outside of this process is waited for, so that nothing has to be asked of the operating system.
        Time::Virtual => {
            runtime.enable_time().start_paused(true);
            Crew::virtual_time()
        }
    };
    let _place = crew.join();
    let runtime = runtime.build()?;
    let run = runtime.block_on(play(order));
    Ok(run)
}

async fn play(order: &Order) -> Run {
    if let Some(what) = order.out_of_reach() {
        return proving_nothing(order, Inconclusive::Unsupported(what), String::new());
    }
    let embedding = Embedding { time: order.time(), seed: order.seed };
    let etcd = match etcd::start(&order.choice, &order.scenario.etcd, embedding).await {
        Ok(etcd) => etcd,
        Err(error) => return not_started(order, &error),
    };
    let run = on_stage(order, &etcd).await;
    etcd.stop().await;
    run
}

async fn on_stage(order: &Order, etcd: &Arc<dyn Etcd>) -> Run {
    let (sightings_out, sightings) = mpsc::unbounded_channel();
    let (clock, pace) = match order.time() {
        Time::Real => (KeyClock::wall(), Pace::Real),
        Time::Virtual => (KeyClock::starting_at(VIRTUAL_EPOCH_NS), Pace::Virtual),
    };
    let subject = match subject::start(&order.subject, order.scenario.client_version, &clock, order.seed) {
        Ok(subject) => subject,
        Err(error) => {
            let why = Inconclusive::Protocol(format!("could not {error}"));
            return proving_nothing(order, why, etcd.log());
        }
    };
    let log = subject.log.clone();
    let history = stage::play(Set {
        scenario: order.scenario.clone(),
        subject_name: order.subject.to_string(),
        backend_name: order.backend().to_string(),
        etcd: Arc::clone(etcd),
        wire: Arc::new(Wire::to_members(etcd.members(), sightings_out)),
        sightings,
        subject,
        clock,
        pace,
    })
    .await;
    let judgement = judge(&history);
    Run { history, judgement, etcd_log: etcd.log(), subject_log: log.text() }
}

fn not_started(order: &Order, error: &EtcdError) -> Run {
    proving_nothing(order, Inconclusive::Backend(format!("could not {error}")), String::new())
}

/// A run that ended before its stage was set.
fn proving_nothing(order: &Order, why: Inconclusive, etcd_log: String) -> Run {
    let history = History {
        scenario: order.scenario.clone(),
        subject: order.subject.to_string(),
        backend: order.backend().to_string(),
        events: vec![Event { at_ns: -1, what: Happening::Inconclusive { why } }],
    };
    let judgement = judge(&history);
    Run { history, judgement, etcd_log, subject_log: String::new() }
}
