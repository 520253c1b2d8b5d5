//! The loop: one place where replies, sightings, news of the harness's own work and the clock come together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::{
    sync::{Mutex, mpsc},
    time::{Duration, Instant, sleep_until},
};

use super::{
    agenda::{Agenda, Item},
    calls::SubjectEnqueue,
    cast::Actor,
    harness_client::HarnessClient,
    play::{LATE, Pace, Set},
    preflight::{PREFLIGHT_CALL, PREFLIGHT_CLIENT},
    producer::Producer,
    pulse::Pulse,
    record::Record,
    stagehand::{News, NewsDesk, Stagehand},
};
use crate::{
    etcd::Credentials,
    history::{Happening, Inconclusive},
    subject::Reply,
    wire::{Seen, Sighting},
};

/// The play in progress.
pub(super) struct Stage<'a> {
    pub(super) set: &'a mut Set,
    pub(super) record: &'a mut Record,
    pub(super) cast: Vec<Actor>,
    pub(super) harness: HarnessClient,
    pub(super) producer: Producer,
    /// Does what steps want of the etcd's keys and users, in their order.
    pub(super) admin: Stagehand,
    /// Does what steps want of the server, in their order.
    pub(super) machinist: Stagehand,
    /// As whom the harness was logged in when the server's data were saved last.
    pub(super) saved_login: Arc<Mutex<Option<Credentials>>>,
    pub(super) desk: NewsDesk,
    news: mpsc::UnboundedReceiver<News>,
    zero: Instant,
    next_call: u64,
    /// Which consumer's a call is.
    pub(super) calls: BTreeMap<u64, usize>,
    /// How many consumers of each client have a call open.
    pub(super) waiting: BTreeMap<String, usize>,
    /// What the subject's own producer is writing, and what it shall write after that.
    pub(super) subject_enqueues: BTreeMap<u64, SubjectEnqueue>,
    /// Enqueues that the subject is asked for once more, and when.
    pub(super) repeated_enqueues: Vec<(Instant, SubjectEnqueue)>,
    /// Acknowledgements that are under way, and whose.
    pub(super) acks: BTreeMap<u64, usize>,
    /// Calls that are being given up.
    pub(super) cancelling: BTreeSet<u64>,
    /// Requests of each client since one of its calls last returned.
    pulses: BTreeMap<String, Pulse>,
    /// Whether the subject still lives.
    pub(super) subject_life: Life,
}

/// Whether the subject's process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Alive,
    Dead,
}

impl<'a> Stage<'a> {
    pub(super) fn new(
        set: &'a mut Set,
        record: &'a mut Record,
        harness: HarnessClient,
        zero: Instant,
    ) -> Self {
        let cast = set.scenario.consumers.iter().cloned().map(Actor::new).collect();
        let (desk, news) = mpsc::unbounded_channel();
        Self {
            set,
            record,
            cast,
            producer: Producer::start(harness.clone(), desk.clone()),
            harness,
            admin: Stagehand::start(),
            machinist: Stagehand::start(),
            saved_login: Arc::default(),
            desk,
            news,
            zero,
            next_call: PREFLIGHT_CALL + 10,
            calls: BTreeMap::new(),
            waiting: BTreeMap::new(),
            subject_enqueues: BTreeMap::new(),
            repeated_enqueues: Vec::new(),
            acks: BTreeMap::new(),
            cancelling: BTreeSet::new(),
            pulses: BTreeMap::new(),
            subject_life: Life::Alive,
        }
    }

    /// Plays until the scenario's end, or until the subject's process dies.
    pub(super) async fn timeline(&mut self) -> Result<(), Inconclusive> {
        let mut agenda = Agenda::of(&self.set.scenario);
        let end = self.zero + self.set.scenario.length;
        while self.subject_life == Life::Alive {
            let now = Instant::now();
            if now >= end {
                break;
            }
            while let Some((due, item)) = agenda.take_due(now - self.zero) {
                self.issue(item, due)?;
            }
            let next = agenda.next_due().map_or(end, |due| end.min(self.zero + due));
            self.await_something(next).await?;
        }
        self.write_omissions();
        self.end_faults();
        self.record.write(Happening::TimelineEnded);
        Ok(())
    }

    /// The network's faults end with the timeline.
    fn end_faults(&mut self) {
        for fault in self.set.wire.end_faults() {
            self.record.write(Happening::Unspent { fault: fault.into() });
        }
    }

    fn issue(&mut self, item: Item, due: Duration) -> Result<(), Inconclusive> {
        let late = Instant::now().saturating_duration_since(self.zero + due);
        let what = item.describe(&self.set.scenario);
        if self.set.pace == Pace::Real && late > LATE {
            let why = format!(
                "{what} was issued {} ms late; at most {} ms are allowed",
                late.as_millis(),
                LATE.as_millis()
            );
            return Err(Inconclusive::Late(why));
        }
        self.record
            .write(Happening::Issued { what, late_ns: u64::try_from(late.as_nanos()).unwrap_or(u64::MAX) });
        match item {
            Item::Start(index) => self.call(index),
            Item::Step(index) => self.act(index),
        }
        Ok(())
    }

    pub(super) fn new_call(&mut self) -> u64 {
        self.next_call += 1;
        self.next_call
    }

    /// Waits for the next thing to happen, and deals with it; at most until `until`.
    pub(super) async fn await_something(&mut self, until: Instant) -> Result<(), Inconclusive> {
        let repeat = self.cast.iter().filter_map(Actor::due).min();
        let enqueue = self.repeated_enqueues.iter().map(|(at, _)| *at).min();
        let wake = [repeat, enqueue].into_iter().flatten().fold(until, Instant::min);
        tokio::select! {
            biased;
            () = sleep_until(wake) => self.repeat(),
            Some(news) = self.news.recv() => self.heard(news)?,
            Some(sighting) = self.set.sightings.recv() => self.sighted(sighting),
            reply = self.set.subject.replies.recv() => return self.replied(reply),
        }
        Ok(())
    }

    /// Makes again every call whose time has come.
    fn repeat(&mut self) {
        let now = Instant::now();
        for index in 0..self.cast.len() {
            if self.cast.get(index).and_then(Actor::due).is_some_and(|due| due <= now) {
                self.call(index);
            }
        }
        for (_, enqueue) in self.repeated_enqueues.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.subject_enqueues_next(enqueue);
        }
    }

    /// News of the harness's own work.
    fn heard(&mut self, news: News) -> Result<(), Inconclusive> {
        let happening = news?;
        self.record.write(happening);
        Ok(())
    }

    /// All news that have come so far.
    pub(super) fn hear_all(&mut self) -> Result<(), Inconclusive> {
        while let Ok(news) = self.news.try_recv() {
            self.heard(news)?;
        }
        Ok(())
    }

    fn sighted(&mut self, sighting: Sighting) {
        if sighting.client == PREFLIGHT_CLIENT || self.subject_life == Life::Dead {
            return;
        }
        self.record.sighted(&sighting);
        if matches!(sighting.seen, Seen::Request { .. }) {
            self.count_request(sighting);
        }
    }

    fn count_request(&mut self, sighting: Sighting) {
        let sharers = self.waiting.get(&sighting.client).copied().unwrap_or_default();
        let pulse = self.pulses.entry(sighting.client.clone()).or_default();
        if let Some(requests) = pulse.beat(sighting.at, sharers) {
            let client = sighting.client;
            let waiting = |actor: &&Actor| actor.consumer.client == client && actor.is_waiting();
            let consumers =
                self.cast.iter().filter(waiting).map(|actor| actor.consumer.name.clone()).collect();
            self.record.write(Happening::RequestsSpinning { client, consumers, requests });
        }
    }

    fn replied(&mut self, reply: Option<Reply>) -> Result<(), Inconclusive> {
        match reply {
            Some(Reply::Returned { id, returned }) => self.returned(id, returned),
            Some(Reply::Cancelled { id }) => self.cancelled(id),
            Some(Reply::Closed { client }) => {
                self.record.write(Happening::Closed { client });
                Ok(())
            }
            Some(Reply::Died(death)) => {
                self.subject_life = Life::Dead;
                self.record.write(Happening::Died { death });
                Ok(())
            }
            Some(Reply::Broke(line)) => Err(Inconclusive::Protocol(line)),
            Some(other @ Reply::Opened { .. }) => {
                Err(Inconclusive::Protocol(format!("unexpected answer: {other:?}")))
            }
            None => Err(Inconclusive::Protocol("the subject ended in the middle of its run".to_owned())),
        }
    }

    /// A call of this client's returned.
    pub(super) fn progress(&mut self, client: String) {
        self.pulses.entry(client).or_default().progress();
    }

    /// Writes down how many failures were only counted since it was last said.
    pub(super) fn write_omissions(&mut self) {
        for actor in &mut self.cast {
            let count = actor.take_omitted_failures();
            if count > 0 {
                let consumer = actor.consumer.name.clone();
                self.record.write(Happening::FailuresOmitted { consumer, count });
            }
        }
    }
}
