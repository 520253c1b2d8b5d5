//! A real etcd: a fresh process on a free port, with its data in a temporary folder.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use tonic::transport::Endpoint;

use crate::case::{Line, Start};

/// Where the binary of a release belongs.
pub fn binary(release: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/etcd").join(release).join("etcd")
}

/// A real etcd that runs as long as this lives.
pub struct RealEtcd {
    process: Child,
    address: String,
    _data: TempDir,
}

impl RealEtcd {
    /// Starts a release, and returns when it serves clients.
    pub fn start(release: &str, start: Start) -> Self {
        let binary = binary(release);
        let data = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut command = Command::new(&binary);
        command
            .arg("--data-dir")
            .arg(data.path().join("member"))
            // Any port; what it advertises, and so its ids, are etcd's defaults.
            .args(["--listen-client-urls", "http://127.0.0.1:0"])
            .args(["--listen-peer-urls", "http://127.0.0.1:0"])
            .args(["--advertise-client-urls", "http://localhost:2379"])
            // Quick logins, and a disk that need not outlive a crash.
            .args(["--bcrypt-cost", "4", "--unsafe-no-fsync"])
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        match start {
            Start::Plain => {}
            Start::QuotaBytes(bytes) => {
                command.arg(format!("--quota-backend-bytes={bytes}"));
            }
            Start::MaxTxnOps(most) => {
                command.arg(format!("--max-txn-ops={most}"));
            }
            Start::MaxRequestBytes(bytes) => {
                command.arg(format!("--max-request-bytes={bytes}"));
            }
            Start::TokenTtlS(ttl_s) => {
                command.arg("--auth-token-ttl").arg(ttl_s.to_string());
            }
            Start::SignedTokensS(ttl_s) => {
                let key = data.path().join("key");
                std::fs::write(&key, "any secret does").unwrap();
                let key = key.display();
                command.arg(format!("--auth-token=jwt,sign-method=HS256,priv-key={key},ttl={ttl_s}s"));
            }
        }
        let mut process =
            command.spawn().unwrap_or_else(|error| panic!("could not start {}: {error}", binary.display()));
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let address = address_in(&mut log);
        // What it logs from here on is of no use, but a full pipe would stop it.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { process, address, _data: data }
    }

    /// A connection to it.
    pub async fn connect(&self) -> Line {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        Line { channel: endpoint.connect().await.unwrap() }
    }
}

/// The address in the log line that tells of the client's port.
fn address_in(log: &mut impl BufRead) -> String {
    let mut seen = String::new();
    for line in log.lines() {
        let line = line.unwrap();
        if line.contains("\"msg\":\"serving client traffic") {
            let address = line.split("\"address\":\"").nth(1).and_then(|rest| rest.split('"').next());
            return address.unwrap_or_else(|| panic!("expected an address in {line}")).to_owned();
        }
        seen.push_str(&line);
        seen.push('\n');
    }
    panic!("expected etcd to serve clients, but it ended:\n{seen}")
}

impl Drop for RealEtcd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
