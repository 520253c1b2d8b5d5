//! A cluster of one member or three, each of which can be stopped where it stands, killed, and defragmented.

use std::{io, net::SocketAddr, path::Path, time::Duration};

use etcd_client::{AlarmAction, AlarmOptions, AlarmType, Client, CompactionOptions, ConnectOptions};
use tokio::time::{Instant, sleep, timeout};

use super::member::{Launch, Member, Seat};

/// How long a cluster may take until each of its members answers.
const READY: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(30);
/// How long one question to one member may take.
const ASKED: Duration = Duration::from_secs(3);
/// Defragmenting holds up everything else in a member.
const DEFRAGMENTED: Duration = Duration::from_secs(30);

/// Why a cluster is of no use; reads on after "could not".
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The operating system refused something.
    #[error("run an etcd: {0}")]
    System(#[from] io::Error),
    /// It was not ready in time.
    #[error("wait for an etcd: {problem} after {} s; its log:\n{log}", READY.as_secs())]
    NotReady {
        /// What the last attempt said.
        problem: String,
        /// The end of the log.
        log: String,
    },
    /// It did not do what it was asked.
    #[error("{doing}: {problem}")]
    Refused {
        /// What it was asked.
        doing: &'static str,
        /// What it said.
        problem: String,
    },
}

/// Members that run, or stand still, or are down. Dropping it kills them.
#[derive(Debug)]
pub struct Cluster {
    members: Vec<Member>,
}

impl Cluster {
    /// Starts so many members with their data below this folder, and waits until each is ready.
    ///
    /// # Errors
    /// One can't be started, or is not ready in time.
    pub async fn start(
        binary: &Path,
        members: usize,
        quota_bytes: Option<u64>,
        folder: &Path,
    ) -> Result<Self, ClusterError> {
        let seats = Seat::for_all(members)?;
        let named = seats.iter().map(|seat| format!("{}=http://{}", seat.name, seat.peers));
        let initial_cluster = named.collect::<Vec<_>>().join(",");
        let launch = Launch { binary: binary.to_owned(), initial_cluster, quota_bytes };
        let start = |seat| Member::start(launch.clone(), seat, folder);
        let cluster = Self { members: seats.into_iter().map(start).collect::<Result<_, _>>()? };
        cluster.ready().await?;
        Ok(cluster)
    }

    /// Where clients reach each member.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.members.iter().map(|member| member.seat.clients).collect()
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// One of them.
    pub fn member(&mut self, number: usize) -> &mut Member {
        let count = self.members.len();
        &mut self.members[number % count]
    }

    /// Waits until each member answers a read that the whole cluster stands behind.
    ///
    /// # Errors
    /// That takes too long.
    pub async fn ready(&self) -> Result<(), ClusterError> {
        let give_up = Instant::now() + READY;
        for member in &self.members {
            loop {
                let answer = timeout(ASKED, async {
                    let mut client = connect(member.seat.clients).await?;
                    client.get("ready?", None).await
                });
                let problem = match answer.await {
                    Ok(Ok(_)) => break,
                    Ok(Err(error)) => error.to_string(),
                    Err(late) => late.to_string(),
                };
                if Instant::now() >= give_up {
                    return Err(ClusterError::NotReady { problem, log: member.log() });
                }
                sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// The number of the member that leads, if somebody says so.
    pub async fn leader(&self) -> Option<usize> {
        for (number, member) in self.members.iter().enumerate() {
            let status = timeout(ASKED, async { connect(member.seat.clients).await?.status().await });
            if let Ok(Ok(status)) = status.await
                && status.header().is_some_and(|header| header.member_id() == status.leader())
            {
                return Some(number);
            }
        }
        None
    }

    /// How large the largest database of a member is, bytes.
    ///
    /// # Errors
    /// One does not say.
    pub async fn database_bytes(&self) -> Result<u64, ClusterError> {
        let mut largest = 0;
        for member in &self.members {
            let status =
                asked("tell its size", ASKED, async { connect(member.seat.clients).await?.status().await });
            largest = largest.max(u64::try_from(status.await?.db_size()).unwrap_or_default());
        }
        Ok(largest)
    }

    /// Whether an alarm says that there is no space left.
    ///
    /// # Errors
    /// Nobody says.
    pub async fn is_full(&self) -> Result<bool, ClusterError> {
        let alarms = asked("tell its alarms", ASKED, async {
            let mut client = self.client().await?;
            client.alarm(AlarmAction::Get, AlarmType::None, None).await
        });
        Ok(alarms.await?.alarms().iter().any(|alarm| alarm.alarm() == AlarmType::Nospace))
    }

    /// Writes a key; tells whether there was no space for it.
    ///
    /// # Errors
    /// Another one than that.
    pub async fn fills(&self, key: &str, bytes: usize) -> Result<bool, ClusterError> {
        let written = asked("take a large value", ASKED, async {
            let mut client = self.client().await?;
            client.put(key, vec![b'.'; bytes], None).await
        });
        match written.await {
            Ok(_) => Ok(false),
            Err(ClusterError::Refused { problem, .. }) if problem.contains("space exceeded") => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Compacts everything before this revision, defragments each member, and takes the alarm back.
    ///
    /// # Errors
    /// One of that was refused.
    pub async fn make_room(&self, revision: i64) -> Result<(), ClusterError> {
        self.compact(revision).await?;
        for member in &self.members {
            asked("be defragmented", DEFRAGMENTED, async {
                connect(member.seat.clients).await?.defragment().await
            })
            .await?;
        }
        let disarmed = asked("take its alarm back", DEFRAGMENTED, async {
            let mut client = self.client().await?;
            let alarms = client.alarm(AlarmAction::Get, AlarmType::None, None).await?;
            for alarm in alarms.alarms() {
                let mut whose = AlarmOptions::new();
                whose.with_member(alarm.member_id());
                client.alarm(AlarmAction::Deactivate, alarm.alarm(), Some(whose)).await?;
            }
            Ok(())
        });
        disarmed.await
    }

    /// Compacts everything before this revision, and frees its room.
    ///
    /// # Errors
    /// It was refused.
    pub async fn compact(&self, revision: i64) -> Result<(), ClusterError> {
        let compacted = asked("be compacted", DEFRAGMENTED, async {
            let mut client = self.client().await?;
            client.compact(revision, Some(CompactionOptions::new().with_physical())).await
        });
        match compacted.await {
            Err(ClusterError::Refused { problem, .. }) if problem.contains("has been compacted") => Ok(()),
            other => other.map(drop),
        }
    }

    /// A client that reaches any of them.
    async fn client(&self) -> Result<Client, etcd_client::Error> {
        connect(self.addresses()[0]).await
    }
}

/// A client of the campaign's own.
async fn connect(address: SocketAddr) -> Result<Client, etcd_client::Error> {
    let options = ConnectOptions::new().with_connect_timeout(ASKED);
    Client::connect([address.to_string()], Some(options)).await
}

async fn asked<T>(
    doing: &'static str,
    at_most: Duration,
    question: impl Future<Output = Result<T, etcd_client::Error>>,
) -> Result<T, ClusterError> {
    let refused = |problem| ClusterError::Refused { doing, problem };
    match timeout(at_most, question).await {
        Ok(answer) => answer.map_err(|error| refused(error.to_string())),
        Err(late) => Err(refused(late.to_string())),
    }
}
