//! A real etcd, of the name and so the ids that the served one has.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::stand;

/// How long it may take until it serves.
const READY_WITHIN: Duration = Duration::from_secs(30);

const ANY_PORT: &str = "http://127.0.0.1:0";

/// A running etcd, killed when dropped.
pub struct RealEtcd {
    /// Where it serves clients.
    pub address: String,
    _process: Child,
    _data: TempDir,
}

/// Why there is no etcd of this release here, if there is none.
pub fn missing(release: &str) -> Option<String> {
    let there = binary(release).is_file();
    (!there).then(|| format!("no target/etcd/{release}/etcd: `just etcd {release}` builds it"))
}

fn binary(release: &str) -> PathBuf {
    stand::repository().join("target/etcd").join(release).join("etcd")
}

impl RealEtcd {
    /// Starts one on ports of its choice, and comes back when it serves.
    pub async fn start(release: &str) -> Self {
        let data = TempDir::new().unwrap();
        let mut process = Command::new(binary(release))
            .args(["--bcrypt-cost", "4", "--logger", "zap", "--log-outputs", "stderr", "--data-dir"])
            .arg(data.path())
            .args(["--listen-client-urls", ANY_PORT, "--advertise-client-urls", ANY_PORT])
            .args(["--listen-peer-urls", ANY_PORT])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let serving = async {
            while let Some(line) = log.next_line().await.unwrap() {
                if let Some(address) = address_served(&line) {
                    return address;
                }
            }
            panic!("etcd {release} ended before it served");
        };
        let address = timeout(READY_WITHIN, serving).await.expect("it serves in time");
        // It has more to say, and would stop at a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Self { address, _process: process, _data: data }
    }
}

/// Where etcd says that it serves clients, on the line that says so.
fn address_served(line: &str) -> Option<String> {
    let entry: serde_json::Value = serde_json::from_str(line).ok()?;
    let serves = entry["msg"].as_str()?.starts_with("serving client traffic insecurely");
    serves.then(|| entry["address"].as_str().map(str::to_owned))?
}
