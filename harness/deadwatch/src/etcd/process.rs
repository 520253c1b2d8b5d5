//! A real etcd as a child process: own data folder, own ports, own process group.

use std::{
    env, fs, io,
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, sleep};

use super::{
    Address, Credentials, Etcd, EtcdError, log,
    ready::{self, Awaited, Host, Stage},
};
use crate::{
    reaper::{self, Kept, Leftover},
    scenario::{EtcdSpec, Version},
};

/// How long a process may take until it is ready: a fraction of a second, unless the machine is very busy.
const BOUND: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// Starts this binary and waits until it is ready.
pub(super) async fn start(binary: &Path, spec: &EtcdSpec) -> Result<Process, EtcdError> {
    let credentials = spec.token_ttl.map(|_| Credentials::root());
    let mut running = Running::spawn(binary, spec)?;
    let began = Instant::now();
    let address = running.listening().await?;
    let awaited = Awaited {
        address,
        version: spec.version,
        credentials: credentials.clone(),
        bound: BOUND.saturating_sub(began.elapsed()),
    };
    ready::until_ready(&mut running, &awaited).await?;
    Ok(Process { running, address, credentials })
}

/// A real etcd, ready.
pub(super) struct Process {
    running: Running,
    address: SocketAddr,
    credentials: Option<Credentials>,
}

impl Etcd for Process {
    fn address(&self) -> Address {
        Address::Tcp(self.address)
    }

    fn credentials(&self) -> Option<Credentials> {
        self.credentials.clone()
    }

    fn log(&self) -> String {
        log::kept(&self.running.whole_log())
    }

    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()> {
        // Waiting for a process and removing a folder block.
        tokio::task::spawn_blocking(move || drop(self)).map(|_| ()).boxed()
    }
}

/// A child with its data folder. The fields are dropped in this order: killed, reaped, data removed.
struct Running {
    group: Option<Kept>,
    child: Reaped,
    _folder: Kept,
    log: PathBuf,
    binary: PathBuf,
    version: Version,
}

/// A child that is reaped when it is dropped; it must have been killed before.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        if let Err(error) = self.0.wait() {
            tracing::warn!(%error, "could not reap an etcd");
        }
    }
}

impl Running {
    fn spawn(binary: &Path, spec: &EtcdSpec) -> Result<Self, EtcdError> {
        let (path, folder) = reaper::keep_made(|| {
            let path = tempfile::Builder::new().prefix("deadwatch-etcd-").tempdir()?.keep();
            Ok((path.clone(), Leftover::Folder(path)))
        })
        .map_err(EtcdError::Folder)?;
        let log = path.join("log");
        let output = fs::File::create_new(&log).map_err(EtcdError::Folder)?;
        let errors = output.try_clone().map_err(EtcdError::Folder)?;
        let mut command = command(binary, &path.join("data"), spec);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let (child, group) = reaper::keep_made(|| {
            let child = command.spawn()?;
            let leftover = Leftover::ProcessGroup(child.id());
            Ok((child, leftover))
        })
        .map_err(|source: io::Error| EtcdError::Run { path: binary.to_owned(), source })?;
        Ok(Self {
            group: Some(group),
            child: Reaped(child),
            _folder: folder,
            log,
            binary: binary.to_owned(),
            version: spec.version,
        })
    }

    fn whole_log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Waits until the log tells which port the server has.
    async fn listening(&mut self) -> Result<SocketAddr, EtcdError> {
        let give_up = Instant::now() + BOUND;
        loop {
            let log = self.whole_log();
            if let Some(address) = client_address(&log) {
                return Ok(address);
            }
            if let Some(how) = self.ended().await {
                return Err(EtcdError::Ended {
                    place: self.place(),
                    how,
                    log: log::quoted(&self.whole_log()),
                });
            }
            if Instant::now() >= give_up {
                return Err(EtcdError::NotReady {
                    place: self.place(),
                    bound: BOUND,
                    last: "expected a line about client traffic in its log".to_owned(),
                    log: log::quoted(&log),
                });
            }
            sleep(POLL).await;
        }
    }
}

impl Host for Running {
    fn place(&self) -> String {
        format!("etcd {} ({})", self.version, self.binary.display())
    }

    fn log(&self) -> String {
        self.whole_log()
    }

    async fn ended(&mut self) -> Option<String> {
        match self.child.0.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => {
                // It is reaped, so that its number may soon be another's.
                if let Some(group) = self.group.take() {
                    group.forget();
                }
                Some(status.to_string())
            }
            Err(error) => Some(format!("its state is unknown: {error}")),
        }
    }

    async fn stage(&mut self) -> Stage {
        Stage::Only
    }
}

/// The command line. Both ports are 0, so that the system picks free ones and no two starts can clash; the
/// log says which.
///
/// Left out on purpose: `--unsafe-no-fsync`. What an etcd still knows after it was killed depends on what it
/// had flushed, and that shall be as in the story.
fn command(binary: &Path, data: &Path, spec: &EtcdSpec) -> Command {
    const ANY_PORT: &str = "http://127.0.0.1:0";
    let mut command = Command::new(binary);
    command.arg("--data-dir").arg(data);
    command.args(["--name", "deadwatch", "--initial-cluster", "deadwatch=http://127.0.0.1:0"]);
    command.args(["--listen-client-urls", ANY_PORT, "--advertise-client-urls", ANY_PORT]);
    command.args(["--listen-peer-urls", ANY_PORT, "--initial-advertise-peer-urls", ANY_PORT]);
    // The JSON gateway would dial the port that was asked for, 0, again and again, and log each failure.
    command.arg("--enable-grpc-gateway=false");
    // zap is the default from 3.5.0 on; 3.4 has to be asked.
    command.args(["--logger", "zap", "--log-outputs", "stderr", "--log-level", "info"]);
    // With the default of 10 a login takes 70 ms of a processor, and many consumers log in at once.
    command.args(["--bcrypt-cost", "4"]);
    if let Some(ttl) = spec.token_ttl {
        command.arg("--auth-token-ttl").arg(ttl.as_secs().to_string());
    }
    // etcd reads settings from its environment too; the user's are not meant for this one.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("ETCD_") && text != "ETCD_UNSUPPORTED_ARCH" {
            command.env_remove(&name);
        }
    }
    command.process_group(0);
    command
}

/// The address in the line `serving client traffic insecurely …` (etcd v3.5.5 server/embed/serve.go, `serve`;
/// the same from 3.4 to 3.7).
fn client_address(log: &str) -> Option<SocketAddr> {
    log.lines().filter(|line| line.contains("serving client traffic")).find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        line.get("address")?.as_str()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn spec(token_ttl: Option<Duration>) -> EtcdSpec {
        EtcdSpec { token_ttl, ..EtcdSpec::of(Version::new(3, 5, 5)) }
    }

    fn arguments(spec: &EtcdSpec) -> Vec<String> {
        let command = command(Path::new("etcd"), Path::new("/data"), spec);
        command.get_args().map(|argument| argument.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_address_is_read_from_the_line_about_client_traffic() {
        let log = concat!(
            r#"{"level":"info","msg":"serving peer traffic","address":"127.0.0.1:43581"}"#,
            "\n",
            r#"{"level":"info","msg":"ready to serve client requests"}"#,
            "\nnot JSON\n",
            r#"{"level":"info","msg":"serving client traffic insecurely; this is strongly discouraged!","address":"127.0.0.1:37025"}"#,
        );
        assert_eq!(client_address(log), Some("127.0.0.1:37025".parse().unwrap()));
    }

    #[test]
    fn a_half_written_line_tells_no_address() {
        assert_eq!(
            client_address(r#"{"msg":"serving client traffic insecurely","address":"127.0.0.1:37"#),
            None
        );
    }

    #[test]
    fn a_token_ttl_is_passed_in_seconds_and_left_out_without_authentication() {
        let with = arguments(&spec(Some(Duration::from_secs(120))));
        let at = with.iter().position(|argument| argument == "--auth-token-ttl").unwrap();
        assert_eq!(with[at + 1], "120");
        assert!(!arguments(&spec(None)).contains(&"--auth-token-ttl".to_owned()));
    }
}
