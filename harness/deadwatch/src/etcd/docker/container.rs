//! An etcd that runs in a container.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex as StdMutex, PoisonError},
};

use futures::{FutureExt, future::BoxFuture};
use testcontainers::runners::AsyncRunner;
use tokio::{sync::Mutex, time::sleep};

use super::{
    daemon::{self, failed},
    request::{self, BOUND},
    running::Running,
    tail::Tail,
};
use crate::{
    etcd::{
        Address, Credentials, Etcd, EtcdError, Image, Presence,
        ready::{self, Arrival, Awaited},
    },
    reaper::{self, Kept, Leftover},
    scenario::{Data, EtcdSpec, Restart, Version},
};

/// Starts a container of this image, pulling it first if need be, and waits until it is ready.
pub(in crate::etcd) async fn start(image: &Image, spec: &EtcdSpec) -> Result<Container, EtcdError> {
    let docker = daemon::daemon().await.map_err(|problem| failed("reach the Docker daemon", problem))?;
    if image.presence == Presence::InRegistry {
        daemon::fetch(&docker, &image.reference).await?;
    }
    reaper::clear_dead_containers_once(&docker).await;
    let boots = daemon::boots(&docker, image, spec).await?;
    let credentials = spec.token_ttl.map(|_| Credentials::root());
    let name = request::fresh_name();
    let tail = Tail::default();
    let request = request::request(&image.reference, &name, spec, tail.clone());

    // Kept before it exists: the daemon may create it though nobody waits for the answer any more.
    let kept = reaper::keep(Leftover::Container(name.clone()));
    let container = match request.start().await {
        Ok(container) => container,
        Err(error) => {
            let problem = ready::chain(&error);
            // What failed half-way is removed; that blocks.
            drop_elsewhere(kept).await;
            return Err(failed(&format!("start a container of {}", image.reference), problem));
        }
    };
    let mut running = Running {
        kept: Some(kept),
        container: Some(container),
        docker,
        name,
        image: image.reference.clone(),
        tail,
        boots,
        version: spec.version,
    };
    let address = running.published().await?;
    let arrival = Arrival::First { credentials: credentials.clone(), users: spec.users.clone() };
    let awaited = Awaited { address, version: spec.version, arrival, bound: BOUND };
    ready::until_ready(&mut running, &awaited).await?;
    Ok(Container {
        tail: running.tail.clone(),
        running: Mutex::new(Some(running)),
        address: StdMutex::new(address),
        credentials,
        version: spec.version,
    })
}

/// A container with an etcd, ready.
pub(in crate::etcd) struct Container {
    /// None once it was stopped for good.
    running: Mutex<Option<Running>>,
    address: StdMutex<SocketAddr>,
    tail: Tail,
    credentials: Option<Credentials>,
    version: Version,
}

impl Container {
    async fn start_anew(&self, restart: Restart) -> Result<(), EtcdError> {
        let mut held = self.running.lock().await;
        let running = held.as_mut().ok_or_else(stopped)?;
        if restart.data != Data::Kept {
            return Err(out_of_reach("start a container on other data"));
        }
        running.end(restart.ending).await?;
        sleep(restart.down).await;
        running.start_again().await?;
        let address = running.published().await?;
        let awaited = Awaited { address, version: self.version, arrival: Arrival::Again, bound: BOUND };
        ready::until_ready(running, &awaited).await?;
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
        Ok(())
    }
}

/// What lies in a container is its image's affair.
fn out_of_reach(doing: &str) -> EtcdError {
    failed(doing, "nobody but the container can reach them".to_owned())
}

fn stopped() -> EtcdError {
    failed("find a running container", "it was stopped for good".to_owned())
}

impl Etcd for Container {
    fn address(&self) -> Address {
        Address::Tcp(*self.address.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn credentials(&self) -> Option<Credentials> {
        self.credentials.clone()
    }

    fn log(&self) -> String {
        self.tail.text()
    }

    fn restart(&self, restart: Restart) -> BoxFuture<'_, Result<(), EtcdError>> {
        self.start_anew(restart).boxed()
    }

    fn save(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        async { Err(out_of_reach("save the data of a container")) }.boxed()
    }

    fn pause(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        async { self.running.lock().await.as_ref().ok_or_else(stopped)?.freeze().await }.boxed()
    }

    fn resume(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        async { self.running.lock().await.as_ref().ok_or_else(stopped)?.thaw().await }.boxed()
    }

    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()> {
        let stopped = tokio::spawn(async move {
            let running = self.running.lock().await.take();
            if let Some(kept) = running.and_then(|mut running| running.kept.take()) {
                drop_elsewhere(kept).await;
            }
        });
        stopped.map(|_| ()).boxed()
    }
}

/// Removing a container blocks the thread that drops its guard.
async fn drop_elsewhere(kept: Kept) {
    if tokio::task::spawn_blocking(move || drop(kept)).await.is_err() {
        tracing::warn!("the thread that removes a container has died");
    }
}
