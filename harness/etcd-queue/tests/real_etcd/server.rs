//! One real etcd of an exact version, on free loopback ports, with its data in a temporary directory.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use etcd_client::{Client, ConnectOptions};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

pub const TOKEN_TTL: Duration = Duration::from_secs(1);
/// etcd looks for dead tokens once a second; by then one that nobody used is certainly gone.
pub const TOKEN_IS_DEAD: Duration = Duration::from_millis(2_250);

/// Where `version` lies once it has been built.
pub fn binary(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/etcd").join(version).join("etcd")
}

pub struct Server {
    binary: PathBuf,
    data: TempDir,
    client_port: u16,
    peer_port: u16,
    flags: Vec<String>,
    process: Child,
}

impl Server {
    /// Starts it and waits until it answers.
    pub async fn start(version: &str) -> Self {
        Self::start_with(version, &[]).await
    }

    /// Starts it with flags of its own.
    pub async fn start_with(version: &str, flags: &[&str]) -> Self {
        let data = TempDir::new().expect("a temporary directory");
        let [client_port, peer_port] = free_ports();
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let process = spawn(&binary(version), &data, client_port, peer_port, &flags);
        let server = Self { binary: binary(version), data, client_port, peer_port, flags, process };
        server.is_ready(None).await;
        server
    }

    /// Starts it and switches authentication on, with user and password `root`.
    pub async fn start_with_auth(version: &str) -> Self {
        let server = Self::start(version).await;
        let mut client = server.connect(None).await;
        client.user_add("root", "root", None).await.expect("a user");
        client.user_grant_role("root", "root").await.expect("a role");
        client.auth_enable().await.expect("authentication on");
        server
    }

    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.client_port)
    }

    pub async fn connect(&self, user: Option<&str>) -> Client {
        Client::connect([self.endpoint()], user.map(options)).await.expect("a client")
    }

    /// A user that may read and write these ranges and nothing else.
    pub async fn add_user(&self, name: &str, ranges: &[(&str, &str)]) {
        let mut root = self.connect(Some("root")).await;
        root.role_add(name).await.expect("a role");
        for (from, to) in ranges {
            let range = etcd_client::Permission::read_write(*from).with_range_end(*to);
            root.role_grant_permission(name, range).await.expect("a permission");
        }
        root.user_add(name, name, None).await.expect("a user");
        root.user_grant_role(name, name).await.expect("the role granted");
    }

    /// Kills it without warning; its port and data stay.
    pub fn kill(&mut self) {
        self.process.kill().expect("a running etcd");
        self.process.wait().expect("its end");
    }

    pub async fn start_again(&mut self, user: Option<&str>) {
        self.process = spawn(&self.binary, &self.data, self.client_port, self.peer_port, &self.flags);
        self.is_ready(user).await;
    }

    async fn is_ready(&self, user: Option<&str>) {
        let limit = Instant::now() + Duration::from_secs(30);
        loop {
            let client = Client::connect([self.endpoint()], user.map(options)).await;
            if let Ok(mut client) = client
                && client.get("ready?", None).await.is_ok()
            {
                return;
            }
            assert!(Instant::now() < limit, "etcd does not answer on {}", self.endpoint());
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Credentials: the password is the user's name.
pub fn options(user: &str) -> ConnectOptions {
    ConnectOptions::new().with_user(user, user)
}

pub fn free_ports() -> [u16; 2] {
    let held = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    held.map(|listener| listener.local_addr().expect("its address").port())
}

fn spawn(binary: &Path, data: &TempDir, client_port: u16, peer_port: u16, flags: &[String]) -> Child {
    let cluster = format!("default=http://127.0.0.1:{peer_port}");
    start_member(command(binary, data.path(), "default", [client_port, peer_port], &cluster).args(flags))
}

/// A member of a cluster; its ports are the clients' and the peers'.
pub fn member(binary: &Path, data: &Path, name: &str, ports: [u16; 2], cluster: &str) -> Child {
    start_member(&mut command(binary, data, name, ports, cluster))
}

fn start_member(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("etcd starts")
}

fn command(binary: &Path, data: &Path, name: &str, ports: [u16; 2], cluster: &str) -> Command {
    let mut command = Command::new(binary);
    let [clients, peers] = ports.map(|port| format!("http://127.0.0.1:{port}"));
    command
        .args(["--name", name, "--data-dir"])
        .arg(data)
        .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
        .args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers])
        .args(["--initial-cluster", cluster])
        .args(["--auth-token-ttl", &TOKEN_TTL.as_secs().to_string(), "--bcrypt-cost", "4"])
        .args(["--log-level", "error"]);
    command
}
