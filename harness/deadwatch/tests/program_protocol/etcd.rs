//! A real etcd with authentication, for as long as this is held.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use etcd_client::{Client, ConnectOptions, GetOptions};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::talk::IN_VAIN;

/// The server of the story.
pub const VERSION: &str = "3.5.5";

pub struct Etcd {
    child: Child,
    _data: TempDir,
    pub address: SocketAddr,
}

/// Its binary in the workspace's target folder.
pub fn binary() -> PathBuf {
    PathBuf::from(format!("{}/../../target/etcd/{VERSION}/etcd", env!("CARGO_MANIFEST_DIR")))
}

impl Etcd {
    /// One whose tokens live for a second after their last use, and whose root's password is root.
    pub async fn with_short_tokens() -> Self {
        let data = tempfile::tempdir().unwrap();
        let address = free_address();
        let clients = format!("http://{address}");
        let peers = format!("http://{}", free_address());
        let child = Command::new(binary())
            .arg("--data-dir")
            .arg(data.path().join("data"))
            .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
            .args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers])
            .args(["--initial-cluster", &format!("default={peers}")])
            .args(["--auth-token-ttl", "1", "--bcrypt-cost", "4", "--log-level", "error"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let etcd = Self { child, _data: data, address };
        timeout(IN_VAIN, etcd.require_authentication()).await.expect("etcd is not ready");
        etcd
    }

    /// A client of the test's own, freshly logged in.
    pub async fn admin(&self) -> Client {
        let options = ConnectOptions::new().with_user("root", "root");
        Client::connect([self.address.to_string()], Some(options)).await.unwrap()
    }

    /// Waits until so many keys begin so.
    pub async fn until_stored(&self, prefix: &str, count: i64) {
        let stored = async {
            let options = GetOptions::new().with_prefix().with_count_only();
            while self.admin().await.get(prefix, Some(options.clone())).await.unwrap().count() != count {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(IN_VAIN, stored).await.unwrap_or_else(|_| panic!("never {count} keys under {prefix}"));
    }

    async fn require_authentication(&self) {
        // A connection is made when it is first used, and again after a failure.
        let mut client = Client::connect([self.address.to_string()], None).await.unwrap();
        while client.status().await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
        client.user_add("root", "root", None).await.unwrap();
        client.role_add("root").await.unwrap();
        client.user_grant_role("root", "root").await.unwrap();
        client.auth_enable().await.unwrap();
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A port of loopback that nobody listened on a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap()
}
