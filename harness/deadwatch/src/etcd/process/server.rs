//! A real etcd of one member.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use super::{
    command::{self, Seat},
    daemon::{Daemon, Launch},
    folder::{Folder, LogFile},
    story,
};
use crate::{
    etcd::{
        Address, Credentials, Etcd, EtcdError, log,
        ready::{self, Arrival, Awaited},
    },
    scenario::{EtcdSpec, Restart, Version},
};

/// How long a process may take until it is ready: a fraction of a second, unless the machine is very busy.
pub(super) const BOUND: Duration = Duration::from_secs(60);

/// Starts this binary and waits until it is ready.
pub(in crate::etcd) async fn start(binary: &Path, spec: &EtcdSpec) -> Result<Process, EtcdError> {
    let credentials = spec.token_ttl.map(|_| Credentials::root());
    let folder = Folder::make()?;
    let log = folder.log();
    let arguments = command::arguments(&folder, spec, &Seat::alone())?;
    let launch = Launch { binary: binary.to_owned(), arguments, version: spec.version };
    let mut daemon = Daemon::start(folder, launch)?;
    let arrival = Arrival::First { credentials: credentials.clone(), users: spec.users.clone() };
    let address = wait_for(&mut daemon, spec.version, arrival).await?;
    Ok(Process {
        daemon: Mutex::new(Some(daemon)),
        address: StdMutex::new(address),
        log,
        credentials,
        version: spec.version,
    })
}

/// Waits until a process that was just started is ready; says where.
async fn wait_for(daemon: &mut Daemon, version: Version, arrival: Arrival) -> Result<SocketAddr, EtcdError> {
    let began = Instant::now();
    let address = daemon.tells("client traffic", BOUND, story::client_address).await?;
    let bound = BOUND.saturating_sub(began.elapsed());
    ready::until_ready(daemon, &Awaited { address, version, arrival, bound }).await?;
    Ok(address)
}

/// A real etcd, ready.
pub(in crate::etcd) struct Process {
    /// None once it was stopped for good.
    daemon: Mutex<Option<Daemon>>,
    address: StdMutex<SocketAddr>,
    log: LogFile,
    credentials: Option<Credentials>,
    version: Version,
}

impl Process {
    async fn start_anew(&self, restart: Restart) -> Result<(), EtcdError> {
        let mut held = self.daemon.lock().await;
        let daemon = held.as_mut().ok_or_else(stopped)?;
        daemon.end(restart.ending).await?;
        sleep(restart.down).await;
        daemon.start_again(restart.data).await?;
        let address = wait_for(daemon, self.version, Arrival::Again).await?;
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
        Ok(())
    }
}

pub(super) fn stopped() -> EtcdError {
    EtcdError::Control {
        doing: "find a running etcd".to_owned(),
        problem: "it was stopped for good".to_owned(),
    }
}

impl Etcd for Process {
    fn address(&self) -> Address {
        Address::Tcp(*self.address.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn credentials(&self) -> Option<Credentials> {
        self.credentials.clone()
    }

    fn log(&self) -> String {
        log::kept(&self.log.text())
    }

    fn restart(&self, restart: Restart) -> BoxFuture<'_, Result<(), EtcdError>> {
        self.start_anew(restart).boxed()
    }

    fn save(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        async { self.daemon.lock().await.as_mut().ok_or_else(stopped)?.save().await }.boxed()
    }

    fn pause(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        async { self.daemon.lock().await.as_mut().ok_or_else(stopped)?.freeze().await }.boxed()
    }

    fn resume(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        async { self.daemon.lock().await.as_mut().ok_or_else(stopped)?.thaw() }.boxed()
    }

    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()> {
        let stopped = tokio::spawn(async move {
            let daemon = self.daemon.lock().await.take();
            // Waiting for a process and removing a folder block.
            let dropped = tokio::task::spawn_blocking(move || drop(daemon)).await;
            if dropped.is_err() {
                tracing::warn!("the thread that stops an etcd has died");
            }
        });
        stopped.map(|_| ()).boxed()
    }
}
