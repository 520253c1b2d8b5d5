//! Storing on a cluster of three with trouble in one of them: how soon it goes on, and at which rate then.

use std::time::Duration;

use etcd_client::Client;
use etcd_queue::{Cluster, ClusterOptions, Queue, connect_options};
use rustix::process::Signal;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    Outcome,
    enqueue::{calls, raw},
    ground::{Done, Ground, Measured, value},
    server::Server,
};

/// An election, or a member's return, takes no longer.
const LONGEST: Duration = Duration::from_secs(30);

/// What is wrong with one of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is dead when the queue is opened, and asked first.
    FollowerDead,
    /// It stops to answer while the queue uses it.
    FollowerHangs,
    /// It is killed while the queue uses it.
    LeaderKilled,
}

impl Trouble {
    pub const ALL: [Self; 3] = [Self::FollowerDead, Self::FollowerHangs, Self::LeaderKilled];

    pub const fn id(self) -> &'static str {
        match self {
            Self::FollowerDead => "follower-dead",
            Self::FollowerHangs => "follower-hangs",
            Self::LeaderKilled => "leader-killed",
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::FollowerDead => "one follower of three dead",
            Self::FollowerHangs => "one follower of three hangs",
            Self::LeaderKilled => "the leader of three killed",
        }
    }

    /// What its first item is awaited from.
    pub const fn back(self) -> &'static str {
        match self {
            Self::FollowerDead => "the first item is stored",
            Self::FollowerHangs => "back, after the pause",
            Self::LeaderKilled => "back, after the election",
        }
    }

    /// How soon it shall be back, if that is aimed at.
    pub const fn back_ms(self) -> Option<f64> {
        match self {
            Self::FollowerDead => None,
            Self::FollowerHangs => Some(8_000.0),
            Self::LeaderKilled => Some(1_000.0),
        }
    }

    const fn signal(self) -> Signal {
        match self {
            Self::FollowerDead | Self::LeaderKilled => Signal::KILL,
            Self::FollowerHangs => Signal::STOP,
        }
    }
}

/// Who stores.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// So many loops of the recipe's transaction, with a bare client of the healthy members.
    Raw { callers: usize },
    /// So many callers of one queue, which knows all members and uses the one with the trouble.
    Queue { callers: usize },
}

/// Brings one member of a fresh cluster into trouble, waits until an item is stored, and stores so many more.
pub async fn run(ground: &Ground, items: usize, trouble: Trouble, by: By) -> Outcome<Measured> {
    let members = Server::start_three(&ground.etcd, &ground.target).await?;
    let leader = elected(&members, None).await?;
    let troubled = if trouble == Trouble::LeaderKilled { leader } else { (leader + 1) % 3 };
    let prefix = ground.prefix();
    let done = match by {
        By::Raw { callers } => {
            members[troubled].signal(trouble.signal())?;
            elected(&members, Some(troubled)).await?;
            let healthy = members.iter().enumerate().filter(|(number, _)| *number != troubled);
            let endpoints: Vec<_> = healthy.map(|(_, member)| member.endpoint()).collect();
            let client = Client::connect(endpoints, Some(connect_options())).await?;
            let began = Instant::now();
            raw(&client, &prefix, items, callers, 1).await?;
            Done { items, wall: began.elapsed(), ..Done::default() }
        }
        By::Queue { callers } => {
            let endpoints = members.iter().map(Server::endpoint);
            let cluster = Cluster::connect(endpoints, ClusterOptions::new().seed(troubled as u64))?;
            let queue = Queue::builder(cluster, prefix.as_str()).open()?;
            if trouble != Trouble::FollowerDead {
                queue.enqueue(value(0)).await?;
            }
            members[troubled].signal(trouble.signal())?;
            let mut from = Instant::now();
            let first = first_stored(queue.clone());
            if trouble == Trouble::LeaderKilled {
                elected(&members, Some(troubled)).await?;
                from = Instant::now();
            }
            let back = first.await??.saturating_duration_since(from);
            let began = Instant::now();
            calls(&queue, items, callers).await?;
            let wall = began.elapsed();
            queue.close().await?;
            Done { items, wall, latencies_ms: vec![back.as_secs_f64() * 1e3], ..Done::default() }
        }
    };
    // What they spend is not looked at.
    Ok(Measured { done, requests: 0.0, etcd_cpu: Duration::ZERO })
}

/// When the next item is stored.
fn first_stored(queue: Queue) -> JoinHandle<Outcome<Instant>> {
    tokio::spawn(async move {
        queue.enqueue(value(0)).await?;
        Ok(Instant::now())
    })
}

/// The leader's number, as soon as one of the others says that there is one other than `not`.
async fn elected(members: &[Server; 3], not: Option<usize>) -> Outcome<usize> {
    let asking = async {
        loop {
            let mut ids = [0; 3];
            let mut leader = 0;
            for (number, member) in members.iter().enumerate().filter(|(number, _)| Some(*number) != not) {
                let Ok(mut client) = Client::connect([member.endpoint()], None).await else { continue };
                let Ok(status) = client.status().await else { continue };
                ids[number] = status.header().map_or(0, |header| header.member_id());
                leader = leader.max(status.leader());
            }
            if let Some(number) = ids.iter().position(|id| *id != 0 && *id == leader) {
                return number;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    Ok(timeout(LONGEST, asking).await.map_err(|_| format!("see a leader elected within {LONGEST:?}"))?)
}
