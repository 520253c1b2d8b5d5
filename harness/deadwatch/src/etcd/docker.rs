//! A real etcd in a container, published on loopback only.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
    net::{Ipv4Addr, SocketAddr},
    process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, TryStreamExt, future::BoxFuture};
use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, ImageExt,
    bollard::{
        Docker,
        errors::Error as DockerError,
        models::{ContainerTopResponse, PortBinding},
        query_parameters::CreateImageOptionsBuilder,
    },
    core::{IntoContainerPort, client::docker_client_instance, logs::LogFrame},
    runners::AsyncRunner,
};
use tokio::time::timeout;

use super::{
    Address, Credentials, Etcd, EtcdError, Image, Missing, Presence, Pull,
    image::{self, Boots},
    log,
    ready::{self, Arrival, Awaited, Host, Stage},
    tail::Tail,
    token::{self, Tokens},
};
use crate::{
    reaper::{self, Kept, Leftover},
    scenario::{EtcdSpec, Version},
};

/// How long a daemon or registry may take to answer a question.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a container may take until it is ready: Bitnami's boots three times, in 8 to 12 s.
const BOUND: Duration = Duration::from_secs(120);
/// How long a pull may take.
const PULL: Duration = Duration::from_secs(900);
const CLIENT_PORT: u16 = 2379;
/// Where an etcd in a container finds what its tokens are signed with.
const SECRET: &str = "/deadwatch-secret";

/// The daemon, if there is one and it answers; else why not.
pub(super) async fn daemon() -> Result<Docker, String> {
    // Having a client says nothing: it connects when it is first used.
    let ask = async {
        let docker = docker_client_instance().await.map_err(|error| error.to_string())?;
        docker.ping().await.map_err(|error| ready::chain(&error))?;
        Ok(docker)
    };
    timeout(ANSWER, ask).await.unwrap_or_else(|_| Err("it does not answer".to_owned()))
}

/// Where an image is; if nowhere, what was answered.
pub(super) async fn see(docker: &Docker, reference: &str, pull: Pull) -> Result<Presence, String> {
    match timeout(ANSWER, docker.inspect_image(reference)).await {
        Ok(Ok(_)) => return Ok(Presence::Here),
        Ok(Err(DockerError::DockerResponseServerError { status_code: 404, .. })) => {}
        Ok(Err(error)) => return Err(format!("cannot be looked up ({error})")),
        Err(_) => return Err("cannot be looked up (the daemon does not answer)".to_owned()),
    }
    if pull == Pull::Never {
        return Err("is not here".to_owned());
    }
    match timeout(ANSWER, docker.inspect_registry_image(reference, None)).await {
        Ok(Ok(_)) => Ok(Presence::InRegistry),
        Ok(Err(error)) => Err(format!("is not here and cannot be pulled ({error})")),
        Err(_) => Err("is not here and its registry does not answer".to_owned()),
    }
}

/// Starts a container of this image, pulling it first if need be, and waits until it is ready.
pub(super) async fn start(image: &Image, spec: &EtcdSpec) -> Result<Container, EtcdError> {
    let docker = daemon().await.map_err(|problem| failed("reach the Docker daemon", problem))?;
    if image.presence == Presence::InRegistry {
        fetch(&docker, &image.reference).await?;
    }
    let boots = boots(&docker, image, spec).await?;
    let credentials = spec.token_ttl.map(|_| Credentials::root());
    let name = fresh_name();
    let tail = Tail::default();
    let request = request(&image.reference, &name, spec, tail.clone());

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
    Ok(Container { running, address, credentials })
}

/// A container with an etcd, ready.
pub(super) struct Container {
    running: Running,
    address: SocketAddr,
    credentials: Option<Credentials>,
}

impl Etcd for Container {
    fn address(&self) -> Address {
        Address::Tcp(self.address)
    }

    fn credentials(&self) -> Option<Credentials> {
        self.credentials.clone()
    }

    fn log(&self) -> String {
        self.running.tail.text()
    }

    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            if let Some(kept) = Arc::into_inner(self).and_then(|mut container| container.running.kept.take())
            {
                drop_elsewhere(kept).await;
            }
        }
        .boxed()
    }
}

/// Removing a container blocks the thread that drops its guard.
async fn drop_elsewhere(kept: Kept) {
    if tokio::task::spawn_blocking(move || drop(kept)).await.is_err() {
        tracing::warn!("the thread that removes a container has died");
    }
}

struct Running {
    kept: Option<Kept>,
    container: Option<ContainerAsync<GenericImage>>,
    docker: Docker,
    name: String,
    image: String,
    tail: Tail,
    boots: Boots,
    version: Version,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The reaper removes it, also outside of a runtime, where the container's own way to go would panic.
        std::mem::forget(self.container.take());
    }
}

impl Running {
    async fn published(&self) -> Result<SocketAddr, EtcdError> {
        let doing = format!("find the published port of the container {}", self.name);
        let Some(container) = &self.container else {
            return Err(failed(&doing, "it is gone".to_owned()));
        };
        match container.get_host_port_ipv4(CLIENT_PORT.tcp()).await {
            Ok(port) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            // A container that has ended has no ports any more.
            Err(error) => Err(failed(
                &doing,
                format!("{}; its log ends with:\n{}", ready::chain(&error), log::quoted(&self.tail.text())),
            )),
        }
    }
}

impl Host for Running {
    fn place(&self) -> String {
        format!("etcd {} in the container {} of {}", self.version, self.name, self.image)
    }

    fn log(&self) -> String {
        self.tail.text()
    }

    async fn ended(&mut self) -> Option<String> {
        let inspected = timeout(ANSWER, self.docker.inspect_container(&self.name, None)).await;
        match inspected {
            Ok(Ok(seen)) => {
                let state = seen.state?;
                (state.running == Some(false)).then(|| format!("exit code {}", state.exit_code.unwrap_or(-1)))
            }
            Ok(Err(DockerError::DockerResponseServerError { status_code: 404, .. })) => {
                Some("it was removed".to_owned())
            }
            // A busy daemon is no end.
            Ok(Err(_)) | Err(_) => None,
        }
    }

    async fn stage(&mut self) -> Stage {
        match self.boots {
            Boots::Once => Stage::Only,
            Boots::PerhapsOften => match self.main_process().await {
                Some(command_line) if image::is_etcd(&command_line) => Stage::Last,
                Some(_) | None => Stage::PerhapsNotLast,
            },
        }
    }
}

impl Running {
    /// The command line of the container's main process, which is the one that the daemon knows it by.
    async fn main_process(&self) -> Option<String> {
        let look = async {
            let pid = self.docker.inspect_container(&self.name, None).await.ok()?.state?.pid?;
            let listed = self.docker.top_processes(&self.name, None).await.ok()?;
            command_line(&listed, pid)
        };
        timeout(ANSWER, look).await.ok().flatten()
    }
}

/// The command line of one process in a listing as `ps -ef` makes it.
fn command_line(listed: &ContainerTopResponse, pid: i64) -> Option<String> {
    let titles = listed.titles.as_ref()?;
    let pid_at = titles.iter().position(|title| title == "PID")?;
    let command_at = titles.iter().position(|title| title == "CMD" || title == "COMMAND")?;
    let pid = pid.to_string();
    let row = listed.processes.as_ref()?.iter().find(|row| row.get(pid_at) == Some(&pid))?;
    row.get(command_at).cloned()
}

async fn boots(docker: &Docker, image: &Image, spec: &EtcdSpec) -> Result<Boots, EtcdError> {
    let reference = &image.reference;
    match docker.inspect_image(reference).await {
        Ok(seen) => {
            let config = seen.config.unwrap_or_default();
            Ok(image::boots(&config.entrypoint.unwrap_or_default(), &config.cmd.unwrap_or_default()))
        }
        Err(DockerError::DockerResponseServerError { status_code: 404, .. }) => Err(EtcdError::Missing {
            version: spec.version,
            backend: super::Backend::Docker,
            missing: Missing {
                why: format!("the image {reference} is not here any more"),
                remedy: format!("get it with `docker pull {reference}`"),
            },
        }),
        Err(error) => Err(failed(&format!("look at the image {reference}"), ready::chain(&error))),
    }
}

async fn fetch(docker: &Docker, reference: &str) -> Result<(), EtcdError> {
    tracing::info!(reference, "pulling an image");
    // Without a tag the daemon would pull all of them.
    let (repository, tag) = split(reference);
    let options = CreateImageOptionsBuilder::default().from_image(&format!("{repository}:{tag}")).build();
    let pull = docker.create_image(Some(options), None, None).try_for_each(|_| async { Ok(()) });
    match timeout(PULL, pull).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(failed(&format!("pull the image {reference}"), ready::chain(&error))),
        Err(_) => Err(failed(
            &format!("pull the image {reference}"),
            format!("not done after {} s", PULL.as_secs()),
        )),
    }
}

fn request(reference: &str, name: &str, spec: &EtcdSpec, tail: Tail) -> ContainerRequest<GenericImage> {
    let (repository, tag) = split(reference);
    let request = GenericImage::new(repository, tag)
        .with_exposed_port(CLIENT_PORT.tcp())
        .with_container_name(name)
        .with_label("deadwatch", name)
        .with_startup_timeout(BOUND)
        .with_log_consumer(move |frame: &LogFrame| tail.take(frame.bytes()))
        .with_host_config_modifier(|host| {
            // An empty port lets the daemon pick one.
            let loopback =
                PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(String::new()) };
            host.publish_all_ports = Some(false);
            host.port_bindings = Some(HashMap::from([(format!("{CLIENT_PORT}/tcp"), Some(vec![loopback]))]));
        });
    let request = if Tokens::need_a_secret(spec) {
        request.with_copy_to(SECRET, token::SECRET.to_vec())
    } else {
        request
    };
    environment(spec)
        .into_iter()
        .fold(request, |request, (variable, value)| request.with_env_var(variable, value))
}

/// What the story's container was told, and what makes any image serve the published port.
fn environment(spec: &EtcdSpec) -> Vec<(&'static str, String)> {
    let mut environment = vec![
        ("ETCD_LISTEN_CLIENT_URLS", format!("http://0.0.0.0:{CLIENT_PORT}")),
        ("ETCD_ADVERTISE_CLIENT_URLS", format!("http://127.0.0.1:{CLIENT_PORT}")),
        ("ETCD_BCRYPT_COST", "4".to_owned()),
    ];
    let password = ("ETCD_ROOT_PASSWORD", Credentials::root().password);
    match Tokens::of(spec, SECRET) {
        Some(Tokens::Simple(ttl_s)) => environment.extend([password, ("ETCD_AUTH_TOKEN_TTL", ttl_s)]),
        Some(Tokens::Signed(how)) => environment.extend([password, ("ETCD_AUTH_TOKEN", how)]),
        // Bitnami's image will not start without a password unless it is told that this is meant.
        None => environment.push(("ALLOW_NONE_AUTHENTICATION", "yes".to_owned())),
    }
    environment
}

/// A reference's repository and tag; a colon before the last slash is a registry's port.
fn split(reference: &str) -> (&str, &str) {
    match reference.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        Some(_) | None => (reference, "latest"),
    }
}

/// A container name that no other process uses, though it had the same number in another container, or earlier.
fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let chance = RandomState::new().build_hasher().finish();
    format!("deadwatch-{}-{}-{:08x}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed), chance as u32)
}

fn failed(doing: &str, problem: String) -> EtcdError {
    EtcdError::Container { doing: doing.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn spec(token_ttl: Option<Duration>) -> EtcdSpec {
        EtcdSpec { token_ttl, ..EtcdSpec::of(Version::new(3, 5, 5)) }
    }

    #[test]
    fn a_reference_is_split_at_its_tag_and_not_at_a_registrys_port() {
        assert_eq!(split("quay.io/coreos/etcd:v3.5.5"), ("quay.io/coreos/etcd", "v3.5.5"));
        assert_eq!(split("localhost:5000/etcd"), ("localhost:5000/etcd", "latest"));
        assert_eq!(split("localhost:5000/etcd:1"), ("localhost:5000/etcd", "1"));
    }

    #[test]
    fn without_a_token_ttl_there_is_no_password() {
        let variables = environment(&spec(None));
        assert!(variables.contains(&("ALLOW_NONE_AUTHENTICATION", "yes".to_owned())));
        assert!(!variables.iter().any(|(name, _)| *name == "ETCD_ROOT_PASSWORD"));
    }

    #[test]
    fn with_a_token_ttl_the_container_is_told_what_the_storys_was() {
        let variables = environment(&spec(Some(Duration::from_secs(5))));
        assert!(variables.contains(&("ETCD_ROOT_PASSWORD", "root".to_owned())));
        assert!(variables.contains(&("ETCD_AUTH_TOKEN_TTL", "5".to_owned())));
        assert!(!variables.iter().any(|(name, _)| *name == "ALLOW_NONE_AUTHENTICATION"));
    }

    #[test]
    fn the_main_process_is_found_by_its_number() {
        let words = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<_>>();
        let listed = ContainerTopResponse {
            titles: Some(words("UID|PID|PPID|CMD")),
            processes: Some(vec![words("root|7|1|/etcd --x"), words("root|6|1|/entrypoint")]),
        };
        assert_eq!(command_line(&listed, 6).as_deref(), Some("/entrypoint"));
        assert_eq!(command_line(&listed, 8), None);
    }

    #[test]
    fn no_two_containers_have_the_same_name() {
        let names = [fresh_name(), fresh_name()];
        assert_ne!(names[0], names[1]);
        assert!(names[0].starts_with(&format!("deadwatch-{}-", process::id())), "{}", names[0]);
    }
}
