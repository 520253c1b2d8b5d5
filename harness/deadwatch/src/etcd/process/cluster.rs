//! A real etcd of several members.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, join_all, try_join_all},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use super::{
    command::{self, Seat},
    daemon::{Daemon, Launch},
    folder::{Folder, LogFile},
    peers::{MemberId, Relays},
    server::{BOUND, stopped},
    story,
};
use crate::{
    etcd::{
        Address, Control, Credentials, Etcd, EtcdError, log,
        ready::{self, Arrival, Awaited},
    },
    scenario::{EtcdSpec, Restart, Version},
};

/// Starts as many members of this binary as are asked for, and waits until each of them is ready.
pub(in crate::etcd) async fn start(binary: &Path, spec: &EtcdSpec) -> Result<Cluster, EtcdError> {
    let credentials = spec.token_ttl.map(|_| Credentials::root());
    let relays = Relays::to(spec.members).map_err(EtcdError::Relays)?;
    let mut members = Vec::new();
    let mut logs = Vec::new();
    for seat in Seat::around(relays.addresses()) {
        let folder = Folder::make()?;
        logs.push(folder.log());
        let arguments = command::arguments(&folder, spec, &seat)?;
        let launch = Launch { binary: binary.to_owned(), arguments, version: spec.version };
        members.push(Daemon::start(folder, launch)?);
    }
    let first = Arrival::First { credentials: credentials.clone(), users: spec.users.clone() };
    let chairs = wait_for(&mut members, &relays, spec.version, first).await?;
    Ok(Cluster {
        members: Mutex::new(Some(members)),
        relays,
        chairs: StdMutex::new(chairs),
        logs,
        credentials,
        version: spec.version,
    })
}

/// Who is who among the members that are ready: first the one that clients talk to, which led when all became ready.
type Chairs = Vec<Seated>;

/// A member that is ready.
#[derive(Clone, Debug)]
struct Seated {
    /// Its place in the cluster.
    place: usize,
    id: MemberId,
    /// Where it is reached.
    address: SocketAddr,
}

/// Waits until members that were just started are ready.
async fn wait_for(
    members: &mut [Daemon],
    relays: &Relays,
    version: Version,
    first: Arrival,
) -> Result<Chairs, EtcdError> {
    let give_up = Instant::now() + BOUND;
    let peers = members.iter_mut().map(|member| member.tells("peer traffic", BOUND, story::peer_address));
    for (place, address) in try_join_all(peers).await?.into_iter().enumerate() {
        relays.lead(place, address);
    }
    let clients =
        members.iter_mut().map(|member| member.tells("client traffic", BOUND, story::client_address));
    let addresses = try_join_all(clients).await?;
    // The first makes the users and switches authentication on; the others need only follow.
    let mut arrival = first;
    for (member, &address) in members.iter_mut().zip(&addresses) {
        let bound = give_up.saturating_duration_since(Instant::now());
        let awaited = Awaited { address, version, arrival, bound };
        ready::until_ready(member, &awaited).await?;
        arrival = Arrival::Again;
    }
    let stories: Vec<String> = members.iter().map(Daemon::log_of_this_life).collect();
    let leader = story::leader(&stories).ok_or_else(|| EtcdError::Control {
        doing: format!("tell the leader of the {} members", members.len()),
        problem: "expected a line about the leader in their logs".to_owned(),
    })?;
    let mut chairs = Vec::new();
    for (place, (story, address)) in stories.iter().zip(addresses).enumerate() {
        let id = story::member(story).ok_or_else(|| EtcdError::Control {
            doing: format!("tell who the member {} is", Seat::name(place)),
            problem: "expected a line about itself in its log".to_owned(),
        })?;
        chairs.push(Seated { place, id, address });
    }
    chairs.sort_by_key(|seated| (seated.place != leader.place, seated.place));
    Ok(chairs)
}

/// A real etcd of several members, ready.
pub(in crate::etcd) struct Cluster {
    /// None once it was stopped for good.
    members: Mutex<Option<Vec<Daemon>>>,
    relays: Relays,
    chairs: StdMutex<Chairs>,
    logs: Vec<LogFile>,
    credentials: Option<Credentials>,
    version: Version,
}

impl Cluster {
    fn chairs(&self) -> MutexGuard<'_, Chairs> {
        // Each holder changes one value at once: it is whole whatever happened to the holder.
        self.chairs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start_anew(&self, restart: Restart) -> Result<(), EtcdError> {
        let mut held = self.members.lock().await;
        let members = held.as_mut().ok_or_else(stopped)?;
        for ended in join_all(members.iter_mut().map(|member| member.end(restart.ending))).await {
            ended?;
        }
        sleep(restart.down).await;
        for member in members.iter_mut() {
            member.start_again(restart.data).await?;
        }
        let chairs = wait_for(members, &self.relays, self.version, Arrival::Again).await?;
        *self.chairs() = chairs;
        Ok(())
    }

    /// Does this to one member alone.
    async fn control_one(&self, number: usize, control: Control) -> Result<(), EtcdError> {
        let seated = number.checked_sub(1).and_then(|index| self.chairs().get(index).cloned());
        let Some(Seated { place, id, .. }) = seated else { return Err(no_such_member(number)) };
        match control {
            Control::Isolate => {
                self.relays.cut_off(place, id);
                return Ok(());
            }
            Control::Rejoin => {
                self.relays.mend(place);
                return Ok(());
            }
            Control::Restart(_) | Control::Pause | Control::Resume => {}
        }
        let mut held = self.members.lock().await;
        let members = held.as_mut().ok_or_else(stopped)?;
        let member = members.get_mut(place).ok_or_else(|| no_such_member(number))?;
        match control {
            Control::Isolate | Control::Rejoin => Ok(()),
            Control::Pause => member.freeze().await,
            Control::Resume => member.thaw(),
            Control::Restart(Restart { ending, down, data }) => {
                member.end(ending).await?;
                sleep(down).await;
                member.start_again(data).await?;
                let began = Instant::now();
                self.relays.lead(place, member.tells("peer traffic", BOUND, story::peer_address).await?);
                let address = member.tells("client traffic", BOUND, story::client_address).await?;
                let bound = BOUND.saturating_sub(began.elapsed());
                let awaited = Awaited { address, version: self.version, arrival: Arrival::Again, bound };
                ready::until_ready(member, &awaited).await?;
                if let Some(seated) = self.chairs().iter_mut().find(|seated| seated.place == place) {
                    seated.address = address;
                }
                Ok(())
            }
        }
    }

    fn at(&self, index: usize) -> Address {
        // A cluster has no chair too few: it was asked for several members.
        let chairs = self.chairs();
        let address = chairs.get(index).or(chairs.first()).map(|seated| seated.address);
        Address::Tcp(address.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))
    }

    /// All stand still before the first is copied: no copy knows of what another does not.
    async fn save_all(&self) -> Result<(), EtcdError> {
        let mut held = self.members.lock().await;
        let members = held.as_mut().ok_or_else(stopped)?;
        try_join_all(members.iter_mut().map(Daemon::freeze)).await?;
        for member in members.iter_mut() {
            member.save().await?;
        }
        members.iter_mut().try_for_each(Daemon::thaw)
    }

    async fn freeze(&self) -> Result<(), EtcdError> {
        let mut held = self.members.lock().await;
        let members = held.as_mut().ok_or_else(stopped)?;
        try_join_all(members.iter_mut().map(Daemon::freeze)).await.map(|_| ())
    }

    async fn thaw(&self) -> Result<(), EtcdError> {
        self.members.lock().await.as_mut().ok_or_else(stopped)?.iter_mut().try_for_each(Daemon::thaw)
    }
}

fn no_such_member(number: usize) -> EtcdError {
    EtcdError::Control {
        doing: format!("find member {number}"),
        problem: "there are not so many members".to_owned(),
    }
}

impl Etcd for Cluster {
    fn address(&self) -> Address {
        self.at(0)
    }

    fn harness_address(&self) -> Address {
        self.at(1)
    }

    fn members(&self) -> Vec<Address> {
        self.chairs().iter().map(|seated| Address::Tcp(seated.address)).collect()
    }

    fn control(&self, member: usize, control: Control) -> BoxFuture<'_, Result<(), EtcdError>> {
        self.control_one(member, control).boxed()
    }

    fn credentials(&self) -> Option<Credentials> {
        self.credentials.clone()
    }

    fn log(&self) -> String {
        let of_each = self.logs.iter().enumerate();
        let parts =
            of_each.map(|(place, file)| format!("{}:\n{}", Seat::name(place), log::kept(&file.text())));
        parts.collect::<Vec<_>>().join("\n")
    }

    fn restart(&self, restart: Restart) -> BoxFuture<'_, Result<(), EtcdError>> {
        self.start_anew(restart).boxed()
    }

    fn save(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        self.save_all().boxed()
    }

    fn pause(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        self.freeze().boxed()
    }

    fn resume(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        self.thaw().boxed()
    }

    fn isolate(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        self.control_one(1, Control::Isolate).boxed()
    }

    fn rejoin(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        self.control_one(1, Control::Rejoin).boxed()
    }

    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()> {
        let stopped = tokio::spawn(async move {
            let members = self.members.lock().await.take();
            // Waiting for processes and removing folders block.
            let dropped = tokio::task::spawn_blocking(move || drop(members)).await;
            if dropped.is_err() {
                tracing::warn!("the thread that stops the members of an etcd has died");
            }
        });
        stopped.map(|_| ()).boxed()
    }
}
