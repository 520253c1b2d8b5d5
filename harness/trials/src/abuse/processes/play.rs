//! One run: everybody works while things go wrong, then all is calm, what is stored is drained, and the account is made.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use deadwatch::reaper::Keeper;
use etcd_client::Client;
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
    time::{Instant, sleep, timeout},
};

use super::{
    account::{Account, Wrong},
    cluster::{Cluster, ClusterError},
    plan::{Place, Plan},
    ran::Ran,
    relay::Relay,
    seat::{Common, Phase, Seat},
    settings::{Job, Kind, Order},
    suffered::Counters,
    trouble::{Troubles, keep_room},
    witness::Witness,
};

const KINDS: [Kind; 2] = [Kind::Taken, Kind::Leased];
const LOOK: Duration = Duration::from_millis(50);
/// When it is calm, producers store something within this time.
const STORED: Duration = Duration::from_secs(30);
/// When for so long nothing is taken though something is stored, it is stuck.
const STUCK: Duration = Duration::from_secs(45);
/// How long the witness may take to hear what is there.
const HEARD: Duration = Duration::from_secs(60);

/// Why a run could not be made; reads on after "could not". It proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The cluster failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The operating system did.
    #[error("run processes: {0}")]
    System(#[from] io::Error),
    /// A task of the campaign did.
    #[error("go on: a task died: {0}")]
    Died(#[from] JoinError),
    /// What is stored is not known.
    #[error("hear what is stored: {0}")]
    Witness(String),
}

/// Makes a run on this etcd, with workers that are this program's.
///
/// # Errors
/// It could not be made.
pub async fn play(plan: &Plan, binary: &Path, program: &Path) -> Result<Ran, RunError> {
    let began = Instant::now();
    // Goes last, with all that is in it.
    let keeper = Keeper::with_folder("abuse")?;
    let folder = keeper.folder().map(Path::to_owned).unwrap_or_default();
    let mut cluster = Cluster::start(binary, plan.members, plan.quota_bytes, &folder).await?;
    let addresses = cluster.addresses();
    let witness = Witness::of(addresses.clone(), plan.prefixes.to_vec());
    let (outage, is_outage) = watch::channel(false);
    let (phases, phase) = watch::channel(Phase::Trouble);
    let (told, orders) = watch::channel(KINDS.map(|kind| (kind, Order::Go)));
    let common = Arc::new(Common {
        plan: plan.clone(),
        program: program.to_owned(),
        folder,
        counters: Counters::default(),
        outage: is_outage,
        phase,
        orders,
        lives: Mutex::default(),
    });
    let run = Run { common: Arc::clone(&common), witness: &witness, phases, told, addresses };
    let mut crews = run.staff().await?;

    let (calm, is_calm) = watch::channel(false);
    let troubles = Troubles {
        cluster: &mut cluster,
        plan,
        counters: &common.counters,
        outage: &outage,
        witness: &witness,
    };
    let (suffered, ()) = tokio::join!(troubles.go_on(is_calm), async {
        run.until_enough(began + plan.bound).await;
        calm.send_replace(true);
    });
    suffered?;
    let wrong = tokio::select! {
        ended = run.end(&mut crews) => ended?,
        error = keep_room(&cluster, plan, &witness) => return Err(error.into()),
    };

    let mut client = Client::connect([run.addresses[0].to_string()], None)
        .await
        .map_err(|error| RunError::Witness(error.to_string()))?;
    let heard = timeout(HEARD, witness.catch_up(&mut client, "the end")).await;
    heard
        .map_err(|late| RunError::Witness(late.to_string()))?
        .map_err(|error| RunError::Witness(error.to_string()))?;
    let seen: BTreeMap<_, _> = KINDS.map(|kind| (kind, witness.seen(kind))).into();
    let lives = std::mem::take(&mut *common.lives.lock().unwrap_or_else(PoisonError::into_inner));
    let mut account = Account::of(&lives, &seen);
    account.wrong.extend(wrong);
    Ok(Ran::of(plan.clone(), common.counters.now(), account, began.elapsed()))
}

/// Those at work.
struct Crews {
    producers: JoinSet<io::Result<()>>,
    consumers: JoinSet<io::Result<()>>,
}

struct Run<'a> {
    common: Arc<Common>,
    witness: &'a Witness,
    phases: watch::Sender<Phase>,
    told: watch::Sender<[(Kind, Order); 2]>,
    addresses: Vec<std::net::SocketAddr>,
}

impl Run<'_> {
    async fn seat(&self, place: &Place) -> io::Result<Seat> {
        // Only what a killed worker on this kind of queue had claimed is of interest.
        let is_of_interest = place.kind == Kind::Taken && place.job == Job::Consume;
        let prefix = if is_of_interest { self.common.plan.prefix(place.kind) } else { "" };
        let relay = Relay::open(&self.addresses, prefix).await?;
        Ok(Seat::new(Arc::clone(&self.common), place.clone(), relay))
    }

    async fn staff(&self) -> io::Result<Crews> {
        let mut crews = Crews { producers: JoinSet::new(), consumers: JoinSet::new() };
        for place in &self.common.plan.places {
            let crew = match place.job {
                Job::Produce => &mut crews.producers,
                Job::Consume => &mut crews.consumers,
            };
            crew.spawn(self.seat(place).await?.occupy());
        }
        Ok(crews)
    }

    /// Waits until enough is stored and enough has gone wrong, or it is too late; meanwhile producers hear when they
    /// shall rest.
    async fn until_enough(&self, bound: Instant) {
        let plan = &self.common.plan;
        let share = plan.items / KINDS.len();
        while Instant::now() < bound {
            let [taken, leased] = KINDS.map(|kind| self.witness.standing(kind));
            let is_enough = taken.1 >= share && leased.1 >= share;
            if is_enough && self.common.counters.now().is_enough(&plan.least) {
                return;
            }
            self.told.send_if_modified(|orders| {
                let before = *orders;
                for ((_, order), (stored, all)) in orders.iter_mut().zip([taken, leased]) {
                    // Whoever is ahead waits for the others.
                    let is_ahead = all >= share && !is_enough;
                    *order = match stored {
                        _ if is_ahead => Order::Rest,
                        stored if stored > plan.backlog => Order::Rest,
                        stored if stored > plan.backlog / 2 => *order,
                        _ => Order::Go,
                    };
                }
                *orders != before
            });
            sleep(LOOK).await;
        }
    }

    /// Calm: everybody gets well, producers close, what is stored is drained, consumers close, and what those have put
    /// back is drained by new ones.
    async fn end(&self, crews: &mut Crews) -> Result<Vec<Wrong>, RunError> {
        let mut wrong = Vec::new();
        self.told.send_replace(KINDS.map(|kind| (kind, Order::Go)));
        self.phases.send_replace(Phase::Calm);
        wrong.extend(self.producers_store().await);
        self.phases.send_replace(Phase::Drain);
        all_ended(&mut crews.producers).await?;
        wrong.extend(self.drained("those who had worked all the while").await);
        self.phases.send_replace(Phase::Over);
        all_ended(&mut crews.consumers).await?;

        let is_left = KINDS.iter().any(|kind| self.witness.standing(*kind).0 > 0);
        if is_left {
            self.phases.send_replace(Phase::Calm);
            for kind in KINDS {
                let places = &self.common.plan.places;
                let consumer = places.iter().find(|place| place.kind == kind && place.job == Job::Consume);
                if let Some(place) = consumer {
                    let place =
                        Place { name: format!("{}-last", place.name), clock_off_s: 0, ..place.clone() };
                    crews.consumers.spawn(self.seat(&place).await?.occupy());
                }
            }
            wrong.extend(self.drained("new consumers").await);
            self.phases.send_replace(Phase::Over);
            all_ended(&mut crews.consumers).await?;
        }
        Ok(wrong)
    }

    /// Waits until something more is stored in each queue; who stores nothing is stuck.
    async fn producers_store(&self) -> Vec<Wrong> {
        let before = KINDS.map(|kind| self.witness.standing(kind).1);
        let give_up = Instant::now() + STORED;
        loop {
            let now = KINDS.map(|kind| self.witness.standing(kind).1);
            let idle = KINDS.into_iter().zip(before).zip(now).filter(|((_, before), now)| before == now);
            let idle: Vec<_> = idle.map(|((kind, _), _)| kind).collect();
            if idle.is_empty() || Instant::now() >= give_up {
                let stuck = |kind| format!("store nothing for {} s in a calm ({kind:?})", STORED.as_secs());
                return idle
                    .into_iter()
                    .map(|kind| Wrong::Ended("producers".to_owned(), stuck(kind)))
                    .collect();
            }
            sleep(LOOK).await;
        }
    }

    /// Waits until nothing is stored, or nothing is taken for long.
    async fn drained(&self, by: &str) -> Vec<Wrong> {
        let mut last = (KINDS.map(|kind| self.witness.standing(kind).0), Instant::now());
        loop {
            let stored = KINDS.map(|kind| self.witness.standing(kind).0);
            if stored == [0, 0] {
                return Vec::new();
            }
            if stored != last.0 {
                last = (stored, Instant::now());
            }
            if last.1.elapsed() >= STUCK {
                let how =
                    format!("are not given the {stored:?} items that are stored for {} s", STUCK.as_secs());
                return vec![Wrong::Ended(by.to_owned(), how)];
            }
            sleep(LOOK).await;
        }
    }
}

async fn all_ended(crew: &mut JoinSet<io::Result<()>>) -> Result<(), RunError> {
    while let Some(ended) = crew.join_next().await {
        ended??;
    }
    Ok(())
}
