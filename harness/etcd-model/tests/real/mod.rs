//! A real etcd and the model side by side, each on a port of its own.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use etcd_model::{
    member::Settings,
    proto::{RangeRequest, kv_client::KvClient},
    release::Release,
    server::Model,
};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

/// A real etcd that runs as long as this lives.
pub struct RealEtcd {
    process: Child,
    address: String,
    _data: TempDir,
}

impl RealEtcd {
    /// Starts a release from `target/etcd/VERSION/etcd`. Its name, and so its ids, are etcd's defaults.
    pub fn start(version: &str) -> Self {
        Self::start_with(version, &[])
    }

    /// The same with more flags.
    pub fn start_with(version: &str, flags: &[&str]) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let binary = root.join("target/etcd").join(version).join("etcd");
        assert!(
            binary.is_file(),
            "expected a real etcd at {}: `just etcd {version}` builds it",
            binary.display()
        );
        let data = tempfile::tempdir().unwrap();
        let address = format!("http://127.0.0.1:{}", free_port());
        let process = Command::new(binary)
            .args(["--log-level", "error", "--bcrypt-cost", "4", "--data-dir"])
            .arg(data.path())
            .args(["--listen-client-urls", &address, "--advertise-client-urls", &address])
            .args(["--listen-peer-urls", &format!("http://127.0.0.1:{}", free_port())])
            .args(flags)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, address, _data: data }
    }

    /// A connection to it, as soon as it answers.
    pub async fn connect(&self) -> Channel {
        let channel = Endpoint::from_shared(self.address.clone()).unwrap().connect_lazy();
        let mut kv = KvClient::new(channel.clone());
        for _ in 0..100 {
            let request = RangeRequest { key: "ready".into(), ..RangeRequest::default() };
            match kv.range(request).await {
                Ok(_) => return channel,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        panic!("the real etcd at {} did not answer within 10 s", self.address)
    }

    /// Waits until it has flushed what it has written: it does so every 100 ms, and nothing tells.
    #[allow(dead_code)]
    pub async fn flushed(&self) {
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

impl Drop for RealEtcd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A connection to a fresh model of a release. It is served until the runtime ends.
pub async fn model(version: &str) -> Channel {
    let settings = Settings::of(version.parse::<Release>().unwrap());
    let model = Model::start(settings);
    let address = model.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    tokio::spawn(async move {
        std::future::pending::<()>().await;
        drop(model);
    });
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
