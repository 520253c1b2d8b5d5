//! One run: everybody works while things go wrong, then all is calm, and everybody must be well.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use deadwatch::{
    etcd::{Choice, Time},
    history::{Happening, History},
    scenario::PROBE_PREFIX,
    stage::Layout,
};
use etcd_queue::{Builder, Queue};
use tokio::{
    sync::{Notify, watch},
    task::{JoinError, JoinSet},
    time::{Instant, sleep, timeout},
};

use super::{
    consume::consume,
    go::{GoError, Process},
    idle::Idle,
    phase::{Phase, Phases},
    plan::{Make, Plan},
    produce::produce,
    ran::{Ran, Suffered},
    record::Record,
    scenario::scenario,
    site::{Site, SiteError},
    tally::Tally,
    trouble::{Trouble, Troubles},
    weather::Weather,
    worker::Worker,
};

/// The wire's name of the client of the item before the run.
const PREFLIGHT_CLIENT: &str = "preflight";
/// How long the one item before the run may take.
const PREFLIGHT: Duration = Duration::from_secs(10);
/// How long each consumer may take to get its probe: longer than a connection can be silent without being given up,
/// 6 s, and the rest after that.
const PROBE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(20);

/// Why a run could not be made; reads on after "could not". It proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The etcd, the wire or a client failed.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// Go's side failed.
    #[error(transparent)]
    Go(#[from] GoError),
    /// A queue could not be opened.
    #[error("open a queue: {0}")]
    Open(#[from] etcd_queue::Error),
    /// The queue did not hand out the one item of a calm moment.
    #[error("take one item before the run: {0}")]
    Preflight(String),
    /// Somebody who works in it panicked.
    #[error("go on: somebody died: {0}")]
    Died(#[from] JoinError),
    /// Nothing is counted, since another recorder of metrics is in force.
    #[error("count: {0}")]
    Tally(String),
}

/// Makes a run, and judges it.
///
/// # Errors
/// It could not be made.
pub async fn play(plan: &Plan, choice: &Choice, time: Time) -> Result<Ran, RunError> {
    let tally = Tally::of_this_process().map_err(|error| RunError::Tally(error.to_string()))?;
    let before = tally.lost_replies(&plan.prefix);
    let began = Instant::now();
    let site = Site::start(choice, &plan.etcd, time, plan.seed).await?;
    let played = Stage { plan, site: &site, time, record: Arc::new(Record::new()) }.play().await;
    let (replies_lost, logins) = (site.replies_lost(), site.logins());
    site.close().await;
    let Played { record, suffered, drops, left_over } = played?;
    let history = History {
        scenario: scenario(plan),
        subject: "etcd-queue".to_owned(),
        backend: choice.backend().to_string(),
        events: record.take_events(),
    };
    let ambiguous = tally.lost_replies(&plan.prefix) - before;
    let took = began.elapsed();
    Ok(Ran::of(history, Suffered { ambiguous, replies_lost, logins, drops, left_over, took, ..suffered }))
}

/// A run under way.
struct Stage<'a> {
    plan: &'a Plan,
    site: &'a Site,
    time: Time,
    record: Arc<Record>,
}

/// What came of it.
struct Played {
    record: Arc<Record>,
    suffered: Suffered,
    drops: u64,
    left_over: Vec<String>,
}

/// Everybody who works in it.
struct Crew {
    /// Each tells its name in the end.
    producers: JoinSet<Result<String, GoError>>,
    consumers: JoinSet<Result<(), String>>,
    go_consumers: JoinSet<Result<(), GoError>>,
}

impl Stage<'_> {
    async fn play(self) -> Result<Played, RunError> {
        self.preflight().await?;
        let phases = Arc::new(Phases::new());
        let drops = Arc::new(AtomicU64::new(0));
        let mut crew = self.staff(&phases, &drops).await?;

        self.site.be(Weather::of(self.plan));
        let (calm, calmed) = watch::channel(());
        let (suffered, produced) = tokio::join!(self.suffer(calmed), async {
            let produced = self.until_produced(&mut crew.producers).await;
            let untaken = self.record.standing().awaited;
            // It goes on to the end of the trouble it is in.
            drop(calm);
            produced.map(|stuck| Suffered { stuck, untaken, ..Suffered::default() })
        });
        let Suffered { stuck, untaken, .. } = produced?;
        let suffered = Suffered { stuck, untaken, ..suffered? };
        self.site.be(Weather::default());
        self.until_drained().await?;

        self.record.write(Happening::TimelineEnded);
        phases.enter(Phase::Probe);
        while let Some(ended) = crew.go_consumers.join_next().await {
            ended??;
        }
        let left_over = self.probe(&mut crew.consumers, &phases).await?;
        let drops = drops.load(Ordering::Relaxed);
        Ok(Played { record: self.record, suffered, drops, left_over })
    }

    /// A queue on a client of its own.
    async fn open(
        &self,
        client: &str,
        seed: u64,
        with: impl FnOnce(Builder) -> Builder,
    ) -> Result<Queue, RunError> {
        let builder = Queue::builder(self.site.client(client).await?, self.plan.prefix.as_str());
        let builder = match self.time {
            // Keys are named by the machine's clock, as they are anywhere.
            Time::Real => builder,
            Time::Virtual => builder.clock(self.site.clock.clone()),
        };
        Ok(with(builder).jitter_seed(seed).open()?)
    }

    /// In a calm moment one item comes through.
    async fn preflight(&self) -> Result<(), RunError> {
        let queue = self.open(PREFLIGHT_CLIENT, 0, |builder| builder).await?;
        let came_through = timeout(PREFLIGHT, async {
            queue.enqueue("preflight").await?;
            queue.next().await?;
            queue.close().await
        });
        let failed = |problem: String| RunError::Preflight(problem);
        came_through
            .await
            .map_err(|late| failed(late.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
        self.record.write(Happening::PreflightPassed);
        Ok(())
    }

    async fn staff(&self, phases: &Arc<Phases>, drops: &Arc<AtomicU64>) -> Result<Crew, RunError> {
        let worker = |queue: Queue, sent: Arc<Notify>| Worker {
            queue,
            prefix: self.plan.prefix.clone(),
            record: Arc::clone(&self.record),
            sent,
            phases: Arc::clone(phases),
            drops: Arc::clone(drops),
        };
        let mut crew =
            Crew { producers: JoinSet::new(), consumers: JoinSet::new(), go_consumers: JoinSet::new() };
        for consumer in self.plan.consumers.iter().cloned() {
            match consumer.make {
                Make::Rust => {
                    let ahead = |builder: Builder| builder.read_ahead(consumer.read_ahead);
                    let queue = self.open(&consumer.name, consumer.seed, ahead).await?;
                    let sent = self.site.transactions_of(&consumer.name);
                    crew.consumers.spawn(consume(worker(queue, sent), consumer));
                }
                Make::Go => {
                    let address = self.site.route(&consumer.name).await?;
                    let process = Process::start(address, &self.plan.prefix).await?;
                    let record = Arc::clone(&self.record);
                    crew.go_consumers.spawn(process.consume(consumer, record, Arc::clone(phases)));
                }
            }
        }
        for producer in self.plan.producers.iter().cloned() {
            match producer.make {
                Make::Rust => {
                    let queue = self.open(&producer.name, producer.seed, |builder| builder).await?;
                    let sent = self.site.transactions_of(&producer.name);
                    let (worker, plan) = (worker(queue, sent), self.plan.clone());
                    crew.producers.spawn(async move {
                        let name = producer.name.clone();
                        produce(worker, producer, plan).await;
                        Ok(name)
                    });
                }
                Make::Go => {
                    let address = self.site.route(&producer.name).await?;
                    let process = Process::start(address, &self.plan.prefix).await?;
                    let record = Arc::clone(&self.record);
                    let backlog = self.plan.backlog;
                    crew.producers.spawn(async move {
                        let name = producer.name.clone();
                        process.produce(producer, backlog, record).await?;
                        Ok(name)
                    });
                }
            }
        }
        Ok(crew)
    }

    /// Lets one thing after the other go wrong, until it shall be calm.
    async fn suffer(&self, mut calm: watch::Receiver<()>) -> Result<Suffered, SiteError> {
        let mut suffered = Suffered::default();
        for (rest, trouble) in Troubles::of(self.plan) {
            tokio::select! {
                biased;
                // Its sender is dropped.
                _ = calm.changed() => break,
                () = sleep(rest) => {}
            }
            match &trouble {
                Trouble::Kill(_) => suffered.kills += 1,
                Trouble::Compact => suffered.compactions += 1,
                _ => suffered.others += 1,
            }
            self.site.suffer(trouble, &self.record).await?;
        }
        Ok(suffered)
    }

    /// Waits until all producers are done; those that are stuck are left behind, by their names.
    async fn until_produced(
        &self,
        producers: &mut JoinSet<Result<String, GoError>>,
    ) -> Result<Vec<String>, RunError> {
        let mut at_work: Vec<_> = self.plan.producers.iter().map(|producer| producer.name.clone()).collect();
        let mut idle = Idle::since(&self.record);
        loop {
            tokio::select! {
                biased;
                ended = producers.join_next() => match ended {
                    Some(ended) => {
                        let name = ended??;
                        at_work.retain(|producer| *producer != name);
                    }
                    None => return Ok(at_work),
                },
                () = idle.for_long(&self.record) => {
                    producers.shutdown().await;
                    return Ok(at_work);
                }
            }
        }
    }

    /// Waits until everything that is stored was handed out, or nothing is any more.
    async fn until_drained(&self) -> Result<(), RunError> {
        let mut idle = Idle::since(&self.record);
        loop {
            let nothing_awaited = self.record.standing().awaited == 0;
            if nothing_awaited && self.site.stored(&self.plan.prefix).await?.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = idle.for_long(&self.record) => return Ok(()),
                () = sleep(POLL) => {}
            }
        }
    }

    /// Each consumer gets one more item; then what is stored is written down. Returns who could not put back what.
    async fn probe(
        &self,
        consumers: &mut JoinSet<Result<(), String>>,
        phases: &Phases,
    ) -> Result<Vec<String>, RunError> {
        let harness = self.site.harness().await?;
        let failed = |doing| move |problem| SiteError::Harness { doing, problem };
        let rust = self.plan.consumers.iter().filter(|consumer| consumer.make == Make::Rust);
        let names: Vec<_> = rust.map(|consumer| consumer.name.clone()).collect();
        phases.all_done_with_work(names.len()).await;
        let probes: Vec<_> = (1..=names.len()).map(|n| format!("{PROBE_PREFIX}{n}")).collect();
        let written = harness.enqueue(Layout::Queue, &self.plan.prefix, &probes).await;
        written.map_err(failed("store the probes"))?;
        self.record.write(Happening::Probed { consumers: names });
        harness.prove_served("deadwatch/control").await.map_err(failed("serve the control"))?;
        self.record.write(Happening::ControlServed);

        let mut left_over = Vec::new();
        let mut all_ended = async |consumers: &mut JoinSet<Result<(), String>>| {
            while let Some(ended) = consumers.join_next().await {
                left_over.extend(ended?.err());
            }
            Ok::<(), RunError>(())
        };
        match timeout(PROBE, all_ended(consumers)).await {
            Ok(ended) => ended?,
            Err(_) => {
                self.record.write(Happening::BoundReached);
                phases.enter(Phase::Over);
                all_ended(consumers).await?;
            }
        }
        let stored = self.site.stored(&self.plan.prefix).await?;
        let (probes, items) = stored.into_iter().partition(|item| item.starts_with(PROBE_PREFIX));
        self.record.write(Happening::ProbesStored { probes });
        self.record.write(Happening::Stored { items });
        Ok(left_over)
    }
}
