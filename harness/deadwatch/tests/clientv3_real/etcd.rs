//! A real etcd of one release, for these tests alone: its own directory, its own ports, gone when dropped.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use deadwatch::etcd::{Address, Credentials};
use etcd_client::{Client, ConnectOptions, Permission};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// How long a server may take to answer after it was started.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// How often other ports are chosen for an etcd whose ports were taken.
const PORT_CHOICES: usize = 3;

/// How often something is looked at until it has come about.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Where the binary of a release lies, if it is there.
fn binary(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/etcd").join(version).join("etcd")
}

/// That a release is not here: as what `DEADWATCH_REQUIRE` asks for it, and in words.
pub fn lacks(version: &str) -> Option<(&'static str, String)> {
    (!binary(version).is_file()).then(|| ("process", format!("no etcd {version} built")))
}

/// Whether the etcd asks for a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// It does; tokens live for 1 s.
    On,
    /// It does; tokens live for 5 min.
    Lasting,
    /// It does; tokens are JWTs and live for 5 min.
    Jwt,
    /// It does not.
    Off,
}

/// A running etcd.
pub struct Etcd {
    pub version: &'static str,
    directory: tempfile::TempDir,
    client_port: u16,
    peer_port: u16,
    process: Child,
    auth: Auth,
}

impl Etcd {
    /// Starts one and waits until it serves.
    pub async fn start(version: &'static str, auth: Auth) -> Self {
        let mut etcd = Self::spawn(version, auth);
        // Somebody else may take a port between its choice and etcd's use of it: then etcd ends at once.
        for _ in 0..PORT_CHOICES {
            let serves = timeout(READY_WITHIN, etcd.serves()).await;
            if serves.unwrap_or_else(|_| panic!("expected etcd to serve or to end; it says:\n{}", etcd.log()))
            {
                break;
            }
            etcd = Self::spawn(version, auth);
        }
        let mut client = etcd.ready(None).await;
        if auth != Auth::Off {
            enable_auth(&mut client).await;
        }
        etcd
    }

    /// Switches authentication on where it was off.
    pub async fn enable_auth(&mut self) {
        enable_auth(&mut self.admin().await).await;
        self.auth = Auth::On;
    }

    /// Switches authentication off.
    pub async fn disable_auth(&mut self) {
        self.admin().await.auth_disable().await.unwrap();
        self.auth = Auth::Off;
    }

    /// Adds a user who may read and write all keys that begin with a prefix, by a role of the user's name; its name is
    /// its password.
    pub async fn add_user(&self, name: &str, prefix: &str) {
        let mut admin = self.admin().await;
        admin.user_add(name, name, None).await.unwrap();
        admin.role_add(name).await.unwrap();
        let all = Permission::read_write(prefix).with_prefix();
        admin.role_grant_permission(name, all).await.unwrap();
        admin.user_grant_role(name, name).await.unwrap();
    }

    fn spawn(version: &'static str, auth: Auth) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let [client_port, peer_port] = free_ports();
        let process = spawn(version, &directory, client_port, peer_port, auth);
        Self { version, directory, client_port, peer_port, process, auth }
    }

    /// Whether this process serves its port; it does not if it ended instead.
    async fn serves(&mut self) -> bool {
        loop {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if self.says_that_it_serves() {
                return true;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Its own word for it, and not an answer on the port: that may be somebody else's etcd.
    fn says_that_it_serves(&self) -> bool {
        self.log().contains("ready to serve client requests")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Where it is reached.
    pub fn address(&self) -> Address {
        Address::Tcp(self.socket())
    }

    /// The port at which it is reached.
    pub fn socket(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.client_port).into()
    }

    /// As whom.
    pub fn credentials(&self) -> Option<Credentials> {
        (self.auth != Auth::Off).then(Credentials::root)
    }

    /// A client of the test's own, freshly logged in.
    pub async fn admin(&self) -> Client {
        self.ready(Some("root")).await
    }

    /// A client of the test's own, logged in with another password than the first.
    pub async fn admin_with(&self, password: &str) -> Client {
        self.ready(Some(password)).await
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends it as its owner would.
    pub fn stop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on the same port with the same data.
    pub fn start_again(&mut self) {
        let Self { version, directory, client_port, peer_port, auth, .. } = self;
        self.process = spawn(version, directory, *client_port, *peer_port, *auth);
    }

    async fn ready(&self, password: Option<&str>) -> Client {
        let endpoint = format!("127.0.0.1:{}", self.client_port);
        let login = password.filter(|_| self.auth != Auth::Off);
        let options = login.map(|password| ConnectOptions::new().with_user("root", password));
        let connecting = async {
            loop {
                if let Ok(mut client) = Client::connect([&endpoint], options.clone()).await
                    && client.get("ready", None).await.is_ok()
                {
                    return client;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(READY_WITHIN, connecting).await.unwrap_or_else(|_| {
            panic!("expected an etcd at {endpoint} that serves; it says:\n{}", self.log())
        })
    }

    /// Waits until a metric of the server's has this value.
    pub async fn until_metric(&self, name: &str, value: f64) {
        let looking = async {
            while self.metric(name).await != Some(value) {
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(READY_WITHIN, looking).await.unwrap_or_else(|_| panic!("{name} never was {value}"));
    }

    async fn metric(&self, name: &str) -> Option<f64> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.client_port)).await.ok()?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await.ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await.ok()?;
        page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts the process; what it says is added to the file `log` in its directory.
fn spawn(
    version: &str,
    directory: &tempfile::TempDir,
    client_port: u16,
    peer_port: u16,
    auth: Auth,
) -> Child {
    let client_url = format!("http://127.0.0.1:{client_port}");
    let peer_url = format!("http://127.0.0.1:{peer_port}");
    let log = File::options().create(true).append(true).open(directory.path().join("log")).unwrap();
    let mut command = Command::new(binary(version));
    if auth == Auth::Jwt {
        let key = directory.path().join("key");
        std::fs::write(&key, "a secret that both sides of a token know").unwrap();
        command.args(["--auth-token", &format!("jwt,sign-method=HS256,priv-key={}", key.display())]);
    }
    command
        .arg("--data-dir")
        .arg(directory.path().join("data"))
        .args(["--listen-client-urls", &client_url, "--advertise-client-urls", &client_url])
        .args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url])
        .args(["--initial-cluster", &format!("default={peer_url}")])
        .args(["--auth-token-ttl", if auth == Auth::On { "1" } else { "300" }, "--bcrypt-cost", "4"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

async fn enable_auth(client: &mut Client) {
    client.user_add("root", "root", None).await.unwrap();
    client.user_grant_role("root", "root").await.unwrap();
    client.auth_enable().await.unwrap();
}

/// Two ports that were free a moment ago.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
