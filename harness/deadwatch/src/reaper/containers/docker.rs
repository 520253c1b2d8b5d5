//! The daemon is asked, in a runtime of its own.

use std::{collections::HashMap, time::Duration};

use futures::future::join_all;
use testcontainers::{
    bollard::{
        Docker,
        errors::Error,
        query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder},
    },
    core::client::docker_client_instance,
};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep, timeout},
};

use crate::reaper::{
    clear::{Expecting, leave},
    dead::Cleared,
    owner::{Life, Owner},
};

/// How long a container that is not there is looked for: its creation may be under way in the daemon,
/// which finishes it though nobody waits for the answer any more.
const MAY_STILL_COME: Duration = Duration::from_secs(5);
/// How long all removals may take.
const REMOVAL: Duration = Duration::from_secs(20);
/// How long the daemon may take to list them.
const LISTING: Duration = Duration::from_secs(10);

/// The label that tells whose a container is.
const OWNER: &str = "deadwatch.owner";

/// What a container of this process carries: whose it is, and the same for people.
pub(crate) fn labels() -> [(&'static str, String); 3] {
    let owner = Owner::here();
    [
        (OWNER, owner.to_string()),
        ("deadwatch.owner.pid", owner.pid().to_string()),
        ("deadwatch.owner.started", owner.started().to_string()),
    ]
}

/// Removes the containers of dead owners.
pub(in crate::reaper) fn clear_dead(cleared: &mut Cleared) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        // Where there is no daemon there are no containers.
        if let Ok(docker) = docker_client_instance().await {
            clear_dead_of(&docker, cleared).await;
        }
    });
}

/// Removes the containers of dead owners, once in the life of this process.
pub(crate) async fn clear_dead_once(docker: &Docker) {
    static ONCE: OnceCell<()> = OnceCell::const_new();
    let clear = async {
        let mut cleared = Cleared::default();
        clear_dead_of(docker, &mut cleared).await;
        for gone in cleared.gone {
            tracing::info!("cleared away what a dead run had left: {gone}");
        }
    };
    ONCE.get_or_init(|| clear).await;
}

async fn clear_dead_of(docker: &Docker, cleared: &mut Cleared) {
    let filters = HashMap::from([("label", vec![OWNER])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let Ok(Ok(listed)) = timeout(LISTING, docker.list_containers(Some(options))).await else { return };
    for container in listed {
        let owner = container.labels.unwrap_or_default().get(OWNER).and_then(|owner| owner.parse().ok());
        let name = container.names.unwrap_or_default().into_iter().next().or(container.id);
        let (Some(owner), Some(name)) = (owner, name) else { continue };
        let name = name.trim_start_matches('/');
        match Owner::life(owner) {
            Life::Alive => {}
            Life::Elsewhere => cleared.unsure.push(format!("container {name}: `docker rm -fv {name}`")),
            Life::Dead => {
                if timeout(REMOVAL, remove_one(docker, name, Expecting::Now)).await.is_ok() {
                    cleared.gone.push(format!("container {name}"));
                } else {
                    leave(format!("container {name}: not within {} s", REMOVAL.as_secs()));
                }
            }
        }
    }
}

/// Removes containers by name; those that never existed are no error.
pub(in crate::reaper) fn remove(names: &[String], expecting: Expecting) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        leave(format!("containers {}: no runtime to remove them with", names.join(", ")));
        return;
    };
    runtime.block_on(async {
        let all = async {
            match docker_client_instance().await {
                Ok(docker) => {
                    join_all(names.iter().map(|name| remove_one(&docker, name, expecting))).await;
                }
                Err(error) => leave(format!("containers {}: {error}", names.join(", "))),
            }
        };
        if timeout(REMOVAL, all).await.is_err() {
            leave(format!("containers {}: not within {} s", names.join(", "), REMOVAL.as_secs()));
        }
    });
}

async fn remove_one(docker: &Docker, name: &str, expecting: Expecting) {
    let give_up = Instant::now() + MAY_STILL_COME;
    loop {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match docker.remove_container(name, Some(options)).await {
            Ok(()) => return,
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
                if expecting == Expecting::Now || Instant::now() >= give_up {
                    return;
                }
            }
            // Somebody else is removing it: gone when it is not found any more.
            Err(Error::DockerResponseServerError { status_code: 409, .. }) => {}
            Err(error) => {
                leave(format!("container {name}: {error}"));
                return;
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
}
