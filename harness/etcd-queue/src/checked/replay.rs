//! Random traces of the model, followed by the real queue on the in-memory etcd, in virtual time.
//!
//! A trace is a walk through the model from its beginning: calls, what becomes of each request, and what happens to
//! etcd. The real queues make the same calls in the same order. Each transaction with a slot waits at a [`gate`](super::gate)
//! until the trace says what becomes of it: answered, carried out without a reply, held (until the trace lets it
//! arrive, or for ever), or carried out by a full etcd and answered as if not. Sessions' leases end, and the store is
//! restored, where the trace says so. Where the real queue does not send what the model did (it has one session for
//! claims and one for enqueues, claims again what was left, and claims what it sees), that step is passed over and
//! counted. When the trace is over, everything is let through and what was held arrives, both queues are closed, and the
//! promises are checked. What producers were told has to be what the model's were told, in traces that were followed
//! in every step.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use etcd_client::{Channel, Client, GetOptions};
use etcd_model::member::{Data, Ending, Saved, Settings};
use etcd_model::release::Release;
use etcd_model::server::Model;
use etcd_model::time::Pace;
use hyper_util::rt::TokioIo;
use stateright::Model as _;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::transport::Endpoint;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

use super::action::{Action, Backup, Way, Wish};
use super::gate::{Gate, Gated};
use super::model::{Bound, Protocol};
use super::promises::Wrongs;
use super::world::World;
use crate::protocol::broken::{Rule, with_broken};
use crate::{Certainty, Error, Item, Queue, TokioClock};

const QUEUE: &str = "/q";
/// Longer than any rest between two attempts.
const COMES_WITHIN: Duration = Duration::from_millis(1_500);

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((x ^ (x >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// What can happen in one trace: not everything in each, so that much happens before it is over.
fn bound(seed: u64) -> Bound {
    let one_in = |traces: u64| u8::from(seed.is_multiple_of(traces));
    Bound {
        queues: [QUEUE, QUEUE],
        turns: [3, 3],
        openings: 3,
        has_begun: false,
        slots: 1,
        items: 3,
        collides: false,
        faults: 3,
        crossings: one_in(3),
        makes_room: true,
        restores: one_in(5),
        expiries: one_in(2),
        closes: [true, true],
        broken: None,
        is_canonical: false,
        watched: Wrongs::ALL,
    }
}

/// One walk: each state with what happens in it, and the last state.
fn walk(model: &Protocol, dice: &mut Dice) -> (Vec<(World, Action)>, World) {
    let mut world = model.init_states().remove(0);
    let mut trace = Vec::new();
    loop {
        let mut actions = Vec::new();
        model.actions(&world, &mut actions);
        // What ends something comes soon enough.
        let is_end = |action: &Action| {
            matches!(action, Action::Close(..) | Action::Restore(_) | Action::Expire(_) | Action::CrossQuota)
        };
        let next = loop {
            if actions.is_empty() {
                return (trace, world);
            }
            let action = actions.swap_remove(dice.below(actions.len()));
            if is_end(&action) && !actions.is_empty() && dice.below(4) > 0 {
                continue;
            }
            if let Some(next) = model.next_state(&world, action) {
                break (action, next);
            }
        };
        trace.push((world, next.0));
        world = next.1;
    }
}

/// What a producer was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Stored,
    NotStored,
    Unknown,
}

#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    verdict: Option<Verdict>,
    confirmed: usize,
    presumed: usize,
    is_excused: bool,
}

type Fates = Arc<Mutex<Vec<Fate>>>;

struct Driven {
    queue: Queue,
    gate: Gate,
    calls: Vec<JoinHandle<()>>,
    closing: Option<JoinHandle<()>>,
    /// Callers go away before they are given what was claimed for them.
    callers_go: bool,
}

struct Run {
    etcd: Model,
    admin: Client,
    first: Saved,
    sides: Vec<Driven>,
    fates: Fates,
    held: u64,
    passed_over: usize,
}

fn note(fates: &Fates, items: &[Item]) {
    let mut fates = fates.lock().unwrap();
    for item in items {
        let fate = &mut fates[usize::from(item.value()[0])];
        match item.certainty() {
            Certainty::Confirmed => fate.confirmed += 1,
            Certainty::Presumed => fate.presumed += 1,
        }
    }
}

async fn client(etcd: &Model, gate: Option<Gate>) -> Client {
    let etcd = etcd.clone();
    let connector = service_fn(move |_| {
        let pipe = etcd.connect().map(TokioIo::new);
        async move { pipe }
    });
    let inner = Endpoint::from_static("http://etcd").connect_with_connector_lazy(connector);
    let channel = match gate {
        Some(gate) => Channel::Custom(BoxCloneSyncService::new(Gated { inner, gate })),
        None => Channel::Tonic(inner),
    };
    Client::from_channel(channel, None).await.unwrap()
}

impl Run {
    async fn begin(seed: u64, trace: &[(World, Action)]) -> Self {
        let release: Release = "3.5.16".parse().unwrap();
        let etcd = Model::start(Settings { pace: Pace::VIRTUAL, ..Settings::of(release) });
        let mut sides = Vec::new();
        for side in 0..2_u64 {
            let gate = Gate::default();
            let has = |wanted: Action| trace.iter().any(|(_, action)| *action == wanted);
            let number = usize::try_from(side).unwrap();
            if has(Action::LoseEnd(number)) {
                gate.lose_revocations();
            }
            let queue = Queue::builder(client(&etcd, Some(gate.clone())).await, QUEUE)
                .clock(TokioClock::starting_at(1_700_000_000_000_000_000 + side))
                .jitter_seed(2 * seed + side + 1)
                .open()
                .unwrap();
            let callers_go = has(Action::Close(number, true));
            sides.push(Driven { queue, gate, calls: Vec::new(), closing: None, callers_go });
        }
        let (admin, first) = (client(&etcd, None).await, etcd.saved());
        let fates = Arc::default();
        Self { etcd, admin, first, sides, fates, held: 0, passed_over: 0 }
    }

    async fn step(&mut self, world: &World, action: Action) {
        match action {
            Action::Open(side, way) => self.sides[side].gate.plan_opening(way),
            Action::Enqueue(side, way) => {
                // One that was begun already goes on by itself.
                if world.sides[side].pending.is_none() {
                    self.enqueue(side);
                }
                self.pass(side, way).await;
            }
            Action::Claim(side, wish) => self.claim(side, wish).await,
            Action::Pass(side, job, way) => {
                let job = &world.sides[side].jobs[job];
                if Protocol::is_gated(job) {
                    self.pass(side, way).await;
                }
            }
            Action::Arrive(orphan) => {
                let side = world.orphans[orphan].side;
                let earlier = world.orphans[..orphan].iter().filter(|orphan| orphan.side == side).count();
                if !self.sides[side].gate.let_go(earlier) {
                    self.passed_over += 1;
                }
                sleep(Duration::from_millis(5)).await;
            }
            Action::CrossQuota => self.sides.iter().for_each(|side| side.gate.fill(true)),
            Action::MakeRoom => self.sides.iter().for_each(|side| side.gate.fill(false)),
            Action::Restore(backup) => self.restore(backup).await,
            Action::Expire(side) => {
                for lease in self.sides[side].gate.leases() {
                    // One that has ended already has ended.
                    let _ = self.admin.lease_revoke(lease).await;
                }
            }
            Action::Close(side, _) => self.close(side),
            Action::End(_) | Action::LoseEnd(_) => sleep(Duration::from_millis(5)).await,
        }
    }

    fn enqueue(&mut self, side: usize) {
        let side = &mut self.sides[side];
        let (queue, fates) = (side.queue.clone(), self.fates.clone());
        let value = {
            let mut fates = fates.lock().unwrap();
            fates.push(Fate::default());
            fates.len() - 1
        };
        side.calls.push(tokio::spawn(async move {
            let verdict = match queue.enqueue([u8::try_from(value).unwrap()]).await {
                Ok(()) => Verdict::Stored,
                Err(Error::Unsettled { .. }) => Verdict::Unknown,
                Err(Error::NoSpace { .. } | Error::Refused { .. } | Error::Closed) => Verdict::NotStored,
                Err(error) => panic!("{error}"),
            };
            fates.lock().unwrap()[value].verdict = Some(verdict);
        }));
    }

    async fn claim(&mut self, side: usize, wish: Wish) {
        let driven = &mut self.sides[side];
        let (queue, fates) = (driven.queue.clone(), self.fates.clone());
        let count = match wish {
            Wish::One | Wish::OneByDeleteAlone => 1,
            Wish::All | Wish::AllInParts | Wish::AllByDeleteAlone => 2,
        };
        let call = tokio::spawn(async move {
            // A full etcd is told of; the caller asks again.
            for _ in 0..5 {
                match queue.next_batch(count).await {
                    Ok(items) => return note(&fates, &items),
                    Err(Error::Closed) => return,
                    Err(_) => sleep(Duration::from_millis(50)).await,
                }
            }
        });
        if matches!(wish, Wish::One | Wish::All | Wish::AllInParts) {
            self.waits(side).await;
        }
        let driven = &mut self.sides[side];
        match driven.callers_go {
            true => call.abort(),
            false => driven.calls.push(call),
        }
    }

    async fn waits(&mut self, side: usize) -> bool {
        let gate = self.sides[side].gate.clone();
        let comes = async {
            while !gate.is_waited_at() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(COMES_WITHIN, comes).await.is_ok()
    }

    async fn pass(&mut self, side: usize, way: Way) {
        match self.waits(side).await && self.sides[side].gate.pass(way) {
            true => self.held += u64::from(way == Way::Held),
            false => self.passed_over += 1,
        }
        sleep(Duration::from_millis(5)).await;
    }

    fn close(&mut self, side: usize) {
        let (driven, fates) = (&mut self.sides[side], self.fates.clone());
        if driven.closing.is_some() {
            return;
        }
        let queue = driven.queue.clone();
        driven.closing = Some(tokio::spawn(async move {
            if let Err(Error::LeftOver { items, .. }) = queue.close().await {
                note(&fates, &items);
            }
        }));
    }

    async fn restore(&mut self, backup: Backup) {
        self.fates.lock().unwrap().iter_mut().for_each(|fate| fate.is_excused = true);
        self.etcd.stop(Ending::Killed).await;
        let data = match backup {
            Backup::Empty => Data::Wiped,
            Backup::First => Data::Saved(Box::new(self.first.clone())),
        };
        self.etcd.start_again_on(data).await.unwrap();
        sleep(Duration::from_millis(5)).await;
    }

    /// Lets everything through, closes, and says how many copies of each item are stored then.
    async fn end(&mut self) -> Result<Vec<usize>, String> {
        self.sides.iter().for_each(|side| side.gate.open());
        sleep(Duration::from_secs(10)).await;
        (0..2).for_each(|side| self.close(side));
        for side in &mut self.sides {
            let closing = side.closing.take().unwrap();
            let all = async {
                closing.await.unwrap();
                for call in side.calls.drain(..) {
                    call.await.unwrap();
                }
            };
            timeout(Duration::from_secs(300), all).await.map_err(|_| "a call does not end".to_owned())?;
        }
        for side in &self.sides {
            while side.gate.let_go(0) {
                sleep(Duration::from_millis(5)).await;
            }
        }
        let all = GetOptions::new().with_prefix();
        let stored = self.admin.get(format!("{QUEUE}/"), Some(all)).await.unwrap();
        let mut copies = vec![0; self.fates.lock().unwrap().len()];
        stored.kvs().iter().for_each(|kv| copies[usize::from(kv.value()[0])] += 1);
        Ok(copies)
    }
}

/// What was followed.
#[derive(Debug, Default)]
struct Score {
    steps: usize,
    passed_over: usize,
    held: u64,
    /// How many traces were followed in every step.
    followed: u64,
    /// How many answers to producers were compared with the model's.
    verdicts: usize,
}

/// Follows one trace. What is wrong, in words.
async fn replay(model: &Protocol, seed: u64, score: &mut Score) -> Result<(), String> {
    let (trace, last) = walk(model, &mut Dice(seed));
    let mut run = Run::begin(seed, &trace).await;
    for (world, action) in &trace {
        run.step(world, *action).await;
    }
    let copies = run.end().await?;
    let fates = run.fates.lock().unwrap().clone();
    let wrong = |what: &str| {
        let actions: Vec<String> = trace.iter().map(|(_, action)| format!("{action:?}")).collect();
        Err(format!("seed {seed}: {what}: {fates:?}, stored {copies:?}\n{}", actions.join("\n")))
    };
    for (fate, copies) in fates.iter().zip(&copies).filter(|(fate, _)| !fate.is_excused) {
        if fate.confirmed + copies > 1 {
            return wrong("handed out or stored twice");
        }
        match fate.verdict {
            Some(Verdict::Stored) if fate.confirmed + fate.presumed + copies == 0 => return wrong("lost"),
            Some(Verdict::NotStored) if fate.confirmed + fate.presumed + copies > 0 => {
                return wrong("stored, though its producer was told otherwise");
            }
            Some(Verdict::Stored | Verdict::NotStored | Verdict::Unknown) => {}
            None => return wrong("an enqueue has no end"),
        }
    }
    score.steps += trace.len();
    score.passed_over += run.passed_over;
    score.held += run.held;
    if run.passed_over > 0 {
        return Ok(());
    }
    score.followed += 1;
    for (fate, history) in fates.iter().zip(&last.told.histories).filter(|(_, history)| !history.is_excused) {
        let expected = match history {
            _ if history.is_enqueued => Verdict::Stored,
            _ if history.is_refused => Verdict::NotStored,
            _ => continue,
        };
        if fate.verdict != Some(expected) {
            return wrong("the model's producer was told otherwise");
        }
        score.verdicts += 1;
    }
    Ok(())
}

/// Follows so many traces while a rule is broken, or none, up to the first in which something is wrong.
fn replay_all(seeds: std::ops::Range<u64>, broken: Option<Rule>) -> Result<Score, String> {
    let mut score = Score::default();
    for seed in seeds {
        let model = Protocol::new(bound(seed));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        // The queue's tasks run on this thread.
        with_broken(broken, || runtime.block_on(replay(&model, seed, &mut score)))?;
    }
    Ok(score)
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |number| number.parse().unwrap())
}

#[test]
fn the_real_queue_keeps_the_promises_in_random_traces_of_the_model() {
    let first = number("REPLAYED_FROM", 0);
    let traces = number("REPLAYED_TRACES", 300);
    let score = replay_all(first..first + traces, None).unwrap_or_else(|wrong| panic!("{wrong}"));
    eprintln!("{traces} traces: {score:?}");
    assert!(score.followed > traces / 2 && score.held > traces / 10, "{score:?}");
}

#[test]
fn a_broken_rule_of_the_real_queue_shows_in_traces_of_the_model() {
    for rule in [Rule::FullIsADoubt, Rule::AbsentIsNotVoid] {
        let wrong = replay_all(0..1_000, Some(rule));
        eprintln!("{rule:?}: {wrong:?}");
        assert!(wrong.is_err(), "{rule:?} is not missed");
    }
}
