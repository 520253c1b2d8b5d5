//! The etcd that everything is measured on.

use std::{
    fs, io,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use deadwatch::reaper::{self, Kept, Leftover};
use etcd_client::{Client, ConnectOptions};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::Outcome;

const READY: Duration = Duration::from_secs(30);

/// One etcd with fresh data, gone with this. The fields are dropped in this order: killed, reaped, data removed.
pub struct Server {
    _group: Kept,
    child: Reaped,
    _folder: Kept,
    folder: PathBuf,
    endpoint: String,
}

struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts it, with its data in a folder under `target`, and waits until it answers.
    pub async fn start(binary: &Path, target: &Path) -> Outcome<Self> {
        let ports = free_ports()?;
        let server = Self::spawn(binary, target, "default", ports, &peer("default", ports))?;
        server.answers().await?;
        Ok(server)
    }

    /// Starts three as one cluster, and waits until each answers.
    pub async fn start_three(binary: &Path, target: &Path) -> Outcome<[Self; 3]> {
        let names = [("a", free_ports()?), ("b", free_ports()?), ("c", free_ports()?)];
        let all = names.map(|(name, ports)| peer(name, ports)).join(",");
        let [a, b, c] = names.map(|(name, ports)| Self::spawn(binary, target, name, ports, &all));
        let members = [a?, b?, c?];
        for member in &members {
            member.answers().await?;
        }
        Ok(members)
    }

    fn spawn(binary: &Path, target: &Path, name: &str, ports: [u16; 2], all: &str) -> Outcome<Self> {
        let (folder, kept) = reaper::keep_made(|| {
            let folder = tempfile::Builder::new().prefix("deadwatch-bench-").tempdir_in(target)?.keep();
            Ok::<_, io::Error>((folder.clone(), Leftover::Folder(folder)))
        })?;
        let (child, group) = reaper::keep_made(|| {
            let child = command(binary, &folder, name, ports, all).spawn()?;
            let leftover = Leftover::ProcessGroup(child.id());
            Ok::<_, io::Error>((child, leftover))
        })
        .map_err(|error| format!("run {}: {error}", binary.display()))?;
        let endpoint = format!("127.0.0.1:{}", ports[0]);
        Ok(Self { _group: group, child: Reaped(child), _folder: kept, folder, endpoint })
    }

    /// Sends its process a signal.
    pub fn signal(&self, signal: Signal) -> Outcome<()> {
        let pid = i32::try_from(self.child.0.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.ok_or("tell etcd's process")?, signal)?;
        Ok(())
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    async fn answers(&self) -> Outcome<()> {
        let limit = Instant::now() + READY;
        loop {
            // A connection at a time: each attempt shall meet the etcd as it is now.
            let client =
                Client::connect([&self.endpoint], Some(ConnectOptions::new().with_timeout(READY))).await;
            if let Ok(mut client) = client
                && client.get("ready?", None).await.is_ok()
            {
                return Ok(());
            }
            if Instant::now() > limit {
                return Err(format!("reach etcd at {}: no answer in {READY:?}", self.endpoint).into());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The CPU time of all its threads. `/proc/PID/stat` would tell it in steps of 10 ms, which is as much as a thousand
    /// items cost; its threads stay as long as it does.
    pub fn cpu(&self) -> Outcome<Duration> {
        let tasks = format!("/proc/{}/task", self.child.0.id());
        let mut total = Duration::ZERO;
        for task in fs::read_dir(tasks)? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let on_core = text.split_whitespace().next().and_then(|word| word.parse().ok());
            total += Duration::from_nanos(on_core.ok_or("read a thread's time in schedstat")?);
        }
        Ok(total)
    }

    /// How many unary requests it has answered, as it counts them itself.
    pub async fn requests(&self) -> Outcome<f64> {
        let mut stream = TcpStream::connect(&self.endpoint).await?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let counts = text
            .lines()
            .filter(|line| line.starts_with("grpc_server_handled_total{") && line.contains("\"unary\""))
            .map(|line| line.rsplit(' ').next().unwrap_or_default().parse::<f64>());
        counts.sum::<Result<f64, _>>().map_err(|error| format!("read etcd's metrics: {error}").into())
    }
}

fn free_ports() -> io::Result<[u16; 2]> {
    let held = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    Ok([held[0].local_addr()?.port(), held[1].local_addr()?.port()])
}

/// How the others know it.
fn peer(name: &str, [_, peers]: [u16; 2]) -> String {
    format!("{name}=http://127.0.0.1:{peers}")
}

fn command(binary: &Path, folder: &Path, name: &str, ports: [u16; 2], all: &str) -> Command {
    let [clients, peers] = ports.map(|port| format!("http://127.0.0.1:{port}"));
    let mut command = Command::new(binary);
    command
        .arg("--data-dir")
        .arg(folder.join("data"))
        .args(["--quota-backend-bytes", "8000000000", "--log-level", "error"])
        .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
        .args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers])
        .args(["--name", name, "--initial-cluster", all])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .process_group(0);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ETCD_") && name != "ETCD_UNSUPPORTED_ARCH" {
            command.env_remove(name);
        }
    }
    command
}
