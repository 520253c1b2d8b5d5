//! One place of a run: one worker after the other works there, each through its stint, in a network of their own.

use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    account::{Ended, Lived},
    child::Process,
    journal,
    plan::{Place, Plan},
    relay::{Life, Relay},
    settings::{Job, Kind, Order, Settings},
    stint::{Ending, Held, Stint, Trouble},
    suffered::Counters,
};

/// How long a worker may take to close its queue, whatever the weather.
const CLOSE: Duration = Duration::from_secs(60);
/// How long an outage is waited for.
const OUTAGE: Duration = Duration::from_secs(20);
/// How long a request is waited for that is to be held back; an idle worker sends none.
const HOLD: Duration = Duration::from_millis(700);
const REQUEST_TIMEOUT_MS: std::ops::Range<u64> = 600..2_500;

/// What all places of a run have in common.
pub struct Common {
    /// What the run is to be.
    pub plan: Plan,
    /// The program that workers run.
    pub program: PathBuf,
    /// Where journals lie.
    pub folder: PathBuf,
    /// What the run goes through.
    pub counters: Counters,
    /// Whether all members are away.
    pub outage: watch::Receiver<bool>,
    /// How far the run is.
    pub phase: watch::Receiver<Phase>,
    /// What the producers of each queue are told.
    pub orders: watch::Receiver<[(Kind, Order); 2]>,
    /// Those whose lives are over.
    pub lives: Mutex<Vec<Lived>>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Everybody works, and things go wrong.
    Trouble,
    /// Nothing goes wrong any more; who works goes on.
    Calm,
    /// Producers close their queues.
    Drain,
    /// Consumers do.
    Over,
}

/// A place, its network, and who works there.
pub struct Seat {
    common: Arc<Common>,
    place: Place,
    relay: Arc<Relay>,
    /// Requests that will be let go.
    late: JoinSet<()>,
}

/// A worker at work.
struct AtWork {
    process: Process,
    name: String,
    life: Life,
    journal: PathBuf,
    stint: Stint,
}

impl Seat {
    /// One of the run's places.
    pub fn new(common: Arc<Common>, place: Place, relay: Relay) -> Self {
        Self { common, place, relay: Arc::new(relay), late: JoinSet::new() }
    }

    /// Lets one worker after the other work until the run is over.
    ///
    /// # Errors
    /// A process can't be started, or a journal can't be read.
    pub async fn occupy(mut self) -> io::Result<()> {
        while *self.common.phase.borrow() == Phase::Trouble {
            let mut worker = self.seat_the_next()?;
            if self.live(&mut worker).await {
                self.end(worker).await?;
                continue;
            }
            // It is calm: this one stays to the end.
            self.let_go_all().await;
            self.relay.let_go(worker.life).await;
            self.stay(worker).await?;
            return Ok(());
        }
        self.let_go_all().await;
        let last = self.seat_the_next()?;
        self.stay(last).await
    }

    fn seat_the_next(&self) -> io::Result<AtWork> {
        let Common { plan, folder, program, .. } = &*self.common;
        let life = self.relay.begin();
        let stint = Stint::draw(&plan.menu, &self.place, life);
        let mut rng = Rng::with_seed(stint.seed);
        let name = format!("{}-{life}", self.place.name);
        let settings = Settings {
            name: name.clone(),
            kind: self.place.kind,
            job: self.place.job,
            prefix: plan.prefix(self.place.kind).to_owned(),
            endpoints: self.relay.endpoints(),
            seed: rng.u64(..),
            clock_off_s: self.place.clock_off_s,
            journal: folder.join(&name),
            most: self.place.most,
            item_bytes: self.place.item_bytes,
            rest_ms: 0..rng.u64(1..30),
            request_timeout_ms: rng.u64(REQUEST_TIMEOUT_MS),
            session_ttl_s: plan.session_ttl_s,
            flaw: plan.flaw,
        };
        if stint.held == Held::First {
            self.relay.hold(stint.holds);
        }
        let process = Process::start(program, &settings)?;
        Ok(AtWork { process, name, life, journal: settings.journal, stint })
    }

    /// Lets a worker live through its stint; whether it came to its end before it was calm.
    async fn live(&self, worker: &mut AtWork) -> bool {
        for (rest, trouble) in worker.stint.troubles.clone() {
            if !self.passes(worker, rest).await {
                return false;
            }
            self.suffer(worker, trouble).await;
        }
        let rest = worker.stint.rest;
        if !self.passes(worker, rest).await {
            return false;
        }
        if worker.stint.held == Held::Last && worker.stint.holds > 0 {
            self.relay.hold(worker.stint.holds);
            self.relay.has_held(worker.life, HOLD).await;
        }
        if let Ending::CloseInOutage(later) = worker.stint.ending {
            let mut outage = self.common.outage.clone();
            let _ = timeout(OUTAGE, outage.wait_for(|is_away| *is_away)).await;
            sleep(later).await;
        }
        true
    }

    /// Lets time pass, in which the worker hears what producers are told; false when it is calm.
    async fn passes(&self, worker: &mut AtWork, time: Duration) -> bool {
        let (mut phase, mut orders) = (self.common.phase.clone(), self.common.orders.clone());
        let over = sleep(time);
        tokio::pin!(over);
        loop {
            self.pass_on(worker, *orders.borrow_and_update());
            tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase > Phase::Trouble) => return false,
                () = &mut over => return true,
                _ = orders.changed() => {}
            }
        }
    }

    fn pass_on(&self, worker: &mut AtWork, orders: [(Kind, Order); 2]) {
        let order = orders.into_iter().find(|(kind, _)| *kind == self.place.kind).map(|(_, order)| order);
        if let Some(order) = order.filter(|_| self.place.job == Job::Produce) {
            worker.process.tell(order);
        }
    }

    async fn suffer(&self, worker: &mut AtWork, trouble: Trouble) {
        let counters = &self.common.counters;
        match trouble {
            Trouble::Lose(count) => self.relay.lose(count),
            Trouble::Reset => {
                self.relay.reset();
                counters.resets.add(1);
            }
            Trouble::Shut(length) => {
                self.relay.shut(length);
                counters.resets.add(1);
            }
            Trouble::Hold(count, length) => {
                self.relay.hold(count);
                if self.relay.has_held(worker.life, HOLD).await {
                    sleep(length).await;
                    counters.held.add(self.relay.let_go(worker.life).await.answered);
                }
                self.relay.hold(0);
            }
            Trouble::Stop(length) => {
                worker.process.stop();
                counters.stops.add(1);
                sleep(length).await;
                worker.process.go_on();
            }
        }
    }

    /// Ends a worker as its stint has it.
    async fn end(&mut self, worker: AtWork) -> io::Result<()> {
        let (life, late, ending) = (worker.life, worker.stint.late, worker.stint.ending);
        let counters = &self.common.counters;
        let ended = match ending {
            Ending::Kill => {
                counters.kills.add(1);
                self.bury(worker, Ended::Killed).await
            }
            Ending::Close | Ending::CloseInOutage(_) => {
                if *self.common.outage.borrow() {
                    counters.closes_in_outage.add(1);
                }
                self.close(worker).await
            }
        }?;
        let (common, relay) = (Arc::clone(&self.common), Arc::clone(&self.relay));
        self.late.spawn(async move {
            let mut phase = common.phase.clone();
            let calm = phase.wait_for(|phase| *phase > Phase::Trouble);
            // When it is calm nothing waits any longer.
            let _ = timeout(late, calm).await;
            let let_go = relay.let_go(life).await;
            match ended {
                Ended::Closed => {
                    common.counters.late.add(let_go.answered);
                    common.counters.late_succeeded.add(let_go.succeeded);
                }
                Ended::Killed | Ended::Badly(_) => common.counters.late_of_the_dead.add(let_go.answered),
            }
        });
        Ok(())
    }

    /// Tells a worker to close its queue, and waits until it has.
    async fn close(&self, mut worker: AtWork) -> io::Result<Ended> {
        worker.process.tell(Order::Close);
        let ended = match worker.process.ended(CLOSE).await {
            Some(status) if status.success() => Ended::Closed,
            Some(status) => Ended::Badly(format!("ended of itself: {status}")),
            None => Ended::Badly(format!("did not close its queue within {} s", CLOSE.as_secs())),
        };
        self.common.counters.closes.add(1);
        self.bury(worker, ended).await
    }

    /// Makes sure that a worker is dead, and takes in what it has left.
    async fn bury(&self, worker: AtWork, ended: Ended) -> io::Result<Ended> {
        let AtWork { mut process, name, life, journal, .. } = worker;
        process.kill().await?;
        drop(process);
        let named = self.relay.take_named(life);
        let lived = Lived {
            name,
            kind: self.place.kind,
            job: self.place.job,
            entries: journal::read(&journal)?,
            ended: ended.clone(),
            named: if ended == Ended::Closed { BTreeSet::new() } else { named },
        };
        self.common.lives.lock().unwrap_or_else(PoisonError::into_inner).push(lived);
        Ok(ended)
    }

    /// Lets go what is still held back of those who are gone.
    async fn let_go_all(&mut self) {
        while self.late.join_next().await.is_some() {}
    }

    /// Lets a worker go on until those of its job are to close their queues.
    async fn stay(&self, mut worker: AtWork) -> io::Result<()> {
        let until = match self.place.job {
            Job::Produce => Phase::Drain,
            Job::Consume => Phase::Over,
        };
        // Whoever was told to rest shall be seen to store something in the calm.
        worker.process.go_on();
        worker.process.tell(Order::Go);
        let mut phase = self.common.phase.clone();
        let _ = phase.wait_for(|phase| *phase >= until).await;
        let counters = &self.common.counters;
        counters.replies_lost.add(self.relay.replies_lost());
        self.close(worker).await.map(drop)
    }
}
