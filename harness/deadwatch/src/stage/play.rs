//! The loop: one place where replies, sightings, news of the producer and the clock come together.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tokio::{
    sync::mpsc,
    time::{Duration, Instant, sleep_until},
};

use super::{
    aftermath,
    agenda::{Agenda, Item},
    cast::{Actor, Listing},
    harness_client::HarnessClient,
    preflight::{self, PREFLIGHT_CALL, PREFLIGHT_CLIENT},
    producer::Producer,
    pulse::Pulse,
    record::Record,
};
use crate::{
    etcd::{Address, Credentials},
    history::{Acceptance, Happening, History, Inconclusive},
    scenario::{Action, ConsumerCall, PROBE_PREFIX, PRODUCER_CLIENT, Producer as By, Scenario},
    subject::{Call, KeyClock, Reply, Request, Returned, Running},
    wire::{Seen, Sighting, Wire},
};

/// A step that is issued later than this, in real time, makes the run inconclusive.
const LATE: Duration = Duration::from_millis(250);

/// How time passes in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As on the wall.
    Real,
    /// In the runtime's paused time, which moves on when nobody has anything to do.
    Virtual,
}

/// All that a run is played with.
#[derive(Debug)]
pub struct Set {
    /// What shall happen.
    pub scenario: Scenario,
    /// The subject's name, for the history.
    pub subject_name: String,
    /// The backend's name, for the history.
    pub backend_name: String,
    /// The etcd itself, for the harness's own clients.
    pub etcd: Address,
    /// As whom subject and harness log in.
    pub credentials: Option<Credentials>,
    /// What lies between the subject's clients and the etcd.
    pub wire: Wire,
    /// What the wire sees.
    pub sightings: mpsc::UnboundedReceiver<Sighting>,
    /// The subject, started.
    pub subject: Running,
    /// What names the keys that the harness writes.
    pub clock: KeyClock,
    /// How time passes.
    pub pace: Pace,
}

impl Set {
    /// Asks the subject; one that has ended will say so among its replies.
    pub(super) fn ask(&self, request: Request) {
        let _ = self.subject.requests.send(request);
    }
}

/// Plays a scenario from pre-flight to aftermath, and hands on what happened.
///
/// Takes the scenario's length, in virtual time no time at all, and at most some seconds of aftermath. Dropping the
/// future ends the run; nothing of it is kept.
pub async fn play(mut set: Set) -> History {
    let mut record = Record::new();
    if let Err(why) = perform(&mut set, &mut record).await {
        record.write(Happening::Inconclusive { why });
    }
    let Set { scenario, subject_name, backend_name, .. } = set;
    History { scenario, subject: subject_name, backend: backend_name, events: record.into_events() }
}

async fn perform(set: &mut Set, record: &mut Record) -> Result<(), Inconclusive> {
    let harness = HarnessClient::open(&set.etcd, set.credentials.as_ref(), set.clock.clone())
        .await
        .map_err(Inconclusive::Backend)?;
    preflight::check(set, &harness).await?;
    record.write(Happening::PreflightPassed);
    for client in clients(&set.scenario) {
        preflight::open(set, &client).await?;
        record.write(Happening::Opened { client });
    }
    let zero = Instant::now();
    record.start_at(zero);
    let mut stage = Stage::new(set, record, Producer::start(harness), zero);
    stage.timeline().await?;
    aftermath::play(&mut stage).await
}

/// The clients that a scenario's consumers and steps use, in the order in which they are first named.
fn clients(scenario: &Scenario) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let consumers = scenario.consumers.iter().map(|consumer| consumer.client.clone());
    let by_subject = |step: &crate::scenario::Step| match &step.action {
        Action::Enqueue(enqueue) => enqueue.by == By::Subject,
        _ => false,
    };
    let producer = scenario.steps.iter().any(by_subject).then(|| PRODUCER_CLIENT.to_owned());
    consumers.chain(producer).filter(|client| seen.insert(client.clone())).collect()
}

/// The play in progress.
pub(super) struct Stage<'a> {
    pub(super) set: &'a mut Set,
    pub(super) record: &'a mut Record,
    pub(super) cast: Vec<Actor>,
    producer: Producer,
    zero: Instant,
    next_call: u64,
    /// Which consumer's a call is.
    calls: BTreeMap<u64, usize>,
    /// How many consumers of each client have a call open.
    waiting: BTreeMap<String, usize>,
    /// What the subject's own producer is writing, and what it shall write after that.
    subject_enqueues: BTreeMap<u64, SubjectEnqueue>,
    /// Acknowledgements that are under way, and whose.
    acks: BTreeMap<u64, usize>,
    /// Requests of each client since one of its calls last returned.
    pulses: BTreeMap<String, Pulse>,
    /// Whether the subject still lives.
    pub(super) subject_life: Life,
}

/// One item that the subject is writing, and the rest of its step.
struct SubjectEnqueue {
    prefix: String,
    item: String,
    rest: VecDeque<String>,
}

/// Whether the subject's process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Alive,
    Dead,
}

impl<'a> Stage<'a> {
    fn new(set: &'a mut Set, record: &'a mut Record, producer: Producer, zero: Instant) -> Self {
        let cast = set.scenario.consumers.iter().cloned().map(Actor::new).collect();
        Self {
            set,
            record,
            cast,
            producer,
            zero,
            next_call: PREFLIGHT_CALL + 10,
            calls: BTreeMap::new(),
            waiting: BTreeMap::new(),
            subject_enqueues: BTreeMap::new(),
            acks: BTreeMap::new(),
            pulses: BTreeMap::new(),
            subject_life: Life::Alive,
        }
    }

    /// Plays until the scenario's end, or until the subject's process dies.
    async fn timeline(&mut self) -> Result<(), Inconclusive> {
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
        self.record.write(Happening::TimelineEnded);
        Ok(())
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
            Item::Step(index) => self.step(index),
        }
        Ok(())
    }

    fn step(&mut self, index: usize) {
        let Some(step) = self.set.scenario.steps.get(index) else { return };
        #[allow(clippy::single_match, reason = "the other actions follow")]
        match step.action.clone() {
            Action::Enqueue(enqueue) => match enqueue.by {
                By::Harness => self.producer.enqueue(&enqueue.prefix, &enqueue.values),
                By::Subject => self.subject_enqueues(enqueue.prefix, enqueue.values.into()),
            },
            _ => {}
        }
    }

    /// Has the subject write the next of these items; the others follow one by one.
    fn subject_enqueues(&mut self, prefix: String, mut items: VecDeque<String>) {
        let Some(item) = items.pop_front() else { return };
        let id = self.new_call();
        self.record.write(Happening::EnqueueBegan { item: item.clone(), prefix: prefix.clone() });
        let call = Call::Enqueue { prefix: prefix.clone(), value: item.clone() };
        self.set.ask(Request::Call { id, client: PRODUCER_CLIENT.to_owned(), call });
        self.subject_enqueues.insert(id, SubjectEnqueue { prefix, item, rest: items });
    }

    /// The consumer makes a call.
    pub(super) fn call(&mut self, index: usize) {
        let id = self.new_call();
        let prefix = self.set.scenario.queue.prefix.clone();
        let Some(actor) = self.cast.get_mut(index) else { return };
        let consumer = actor.consumer.name.clone();
        if actor.calls(id) == Listing::Listed {
            self.record.write(Happening::Called { consumer: consumer.clone(), call: id });
        }
        let client = actor.consumer.client.clone();
        self.calls.insert(id, index);
        *self.waiting.entry(client.clone()).or_default() += 1;
        self.set.ask(Request::Call {
            id,
            client,
            call: Call::Consume { call: ConsumerCall::Dequeue, consumer, prefix },
        });
    }

    fn new_call(&mut self) -> u64 {
        self.next_call += 1;
        self.next_call
    }

    /// Waits for the next thing to happen, and deals with it; at most until `until`.
    pub(super) async fn await_something(&mut self, until: Instant) -> Result<(), Inconclusive> {
        let repeat = self.cast.iter().filter_map(Actor::due).min();
        let wake = repeat.map_or(until, |at| at.min(until));
        tokio::select! {
            biased;
            () = sleep_until(wake) => self.repeat_calls(),
            Some(news) = self.producer.news.recv() => self.record.write(news),
            Some(sighting) = self.set.sightings.recv() => self.sighted(sighting),
            reply = self.set.subject.replies.recv() => return self.replied(reply),
        }
        Ok(())
    }

    /// Calls again for every consumer whose time has come.
    fn repeat_calls(&mut self) {
        let now = Instant::now();
        for index in 0..self.cast.len() {
            if self.cast.get(index).and_then(Actor::due).is_some_and(|due| due <= now) {
                self.call(index);
            }
        }
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
            Some(Reply::Died(death)) => {
                self.subject_life = Life::Dead;
                self.record.write(Happening::Died { death });
                Ok(())
            }
            Some(Reply::Broke(line)) => Err(Inconclusive::Protocol(line)),
            Some(other) => Err(Inconclusive::Protocol(format!("unexpected answer: {other:?}"))),
            None => Err(Inconclusive::Protocol("the subject ended in the middle of its run".to_owned())),
        }
    }

    fn returned(&mut self, id: u64, returned: Returned) -> Result<(), Inconclusive> {
        if let Some(enqueue) = self.subject_enqueues.remove(&id) {
            return self.subject_enqueued(enqueue, returned);
        }
        if let Some(index) = self.acks.remove(&id) {
            return self.acknowledged(index, id, returned);
        }
        match self.calls.remove(&id) {
            Some(index) => self.consumer_returned(index, id, returned),
            None => Err(Inconclusive::Protocol(format!("an answer to call {id}, which is not open"))),
        }
    }

    fn subject_enqueued(&mut self, enqueue: SubjectEnqueue, returned: Returned) -> Result<(), Inconclusive> {
        let acceptance = match returned {
            Returned::Done => Acceptance::Acknowledged,
            Returned::Error(error) => Acceptance::Unknown(error),
            Returned::Unsupported => return Err(Inconclusive::Unsupported("enqueue".to_owned())),
            Returned::Item { item, .. } => {
                return Err(Inconclusive::Protocol(format!("an enqueue returned the item {item:?}")));
            }
        };
        self.record.write(Happening::EnqueueEnded { item: enqueue.item, acceptance });
        self.progress(PRODUCER_CLIENT.to_owned());
        self.subject_enqueues(enqueue.prefix, enqueue.rest);
        Ok(())
    }

    fn consumer_returned(&mut self, index: usize, id: u64, returned: Returned) -> Result<(), Inconclusive> {
        let (now, pace) = (Instant::now(), self.set.pace);
        let Some(actor) = self.cast.get_mut(index) else { return Ok(()) };
        let consumer = actor.consumer.name.clone();
        let client = actor.consumer.client.clone();
        if let Some(waiting) = self.waiting.get_mut(&client) {
            *waiting = waiting.saturating_sub(1);
        }
        let mut listing = Listing::Listed;
        let mut token = None;
        match &returned {
            Returned::Unsupported => return Err(Inconclusive::Unsupported("dequeue".to_owned())),
            Returned::Item { item, ack } => {
                token = ack.clone();
                if item.starts_with(PROBE_PREFIX) { actor.served() } else { actor.succeeded(now, pace) }
            }
            Returned::Done => actor.succeeded(now, pace),
            Returned::Error(_) => {
                let failure = actor.failed(now, pace);
                listing = failure.listing;
                if let Some(failures) = failure.spin {
                    self.record.write(Happening::CallsSpinning { consumer: consumer.clone(), failures });
                }
            }
        }
        if listing == Listing::Listed {
            self.record.write(Happening::Returned { consumer, call: id, returned });
        }
        self.progress(client.clone());
        if let Some(token) = token {
            let id = self.new_call();
            self.acks.insert(id, index);
            self.set.ask(Request::Call { id, client, call: Call::Ack { token } });
        }
        Ok(())
    }

    /// An acknowledgement that fails is a failure of its consumer's.
    fn acknowledged(&mut self, index: usize, id: u64, returned: Returned) -> Result<(), Inconclusive> {
        match returned {
            Returned::Done => Ok(()),
            Returned::Error(_) => {
                if let Some(actor) = self.cast.get(index) {
                    let consumer = actor.consumer.name.clone();
                    self.record.write(Happening::Returned { consumer, call: id, returned });
                }
                Ok(())
            }
            Returned::Unsupported => Err(Inconclusive::Unsupported("ack".to_owned())),
            Returned::Item { item, .. } => {
                Err(Inconclusive::Protocol(format!("an acknowledgement returned the item {item:?}")))
            }
        }
    }

    fn progress(&mut self, client: String) {
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
