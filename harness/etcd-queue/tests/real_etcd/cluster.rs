//! A real cluster of three, whose members can be killed and paused one by one.

use std::process::{Child, Command};
use std::time::Duration;

use etcd_client::{Client, StatusResponse};
use etcd_queue::{Cluster, ClusterOptions};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use crate::server::{binary, free_ports, member};

pub struct Three {
    pub members: [Member; 3],
}

pub struct Member {
    // It is removed when the process is gone.
    data: TempDir,
    port: u16,
    process: Child,
}

impl Member {
    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// It takes connections and requests, and does nothing about them.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(done.expect("kill runs").success());
    }

    pub async fn client(&self) -> Client {
        Client::connect([self.endpoint()], None).await.expect("a client")
    }

    /// What it says of itself; none if it does not answer.
    pub async fn status(&self) -> Option<StatusResponse> {
        let mut client = self.client().await;
        timeout(Duration::from_millis(300), client.status()).await.ok()?.ok()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.resume_if_there();
        self.kill();
        let _ = self.data.path();
    }
}

impl Member {
    fn resume_if_there(&self) {
        let _ = Command::new("kill").args(["-CONT", &self.process.id().to_string()]).output();
    }
}

impl Three {
    pub async fn start(version: &str) -> Self {
        let ports = [free_ports(), free_ports(), free_ports()];
        let peers = ["a", "b", "c"].into_iter().zip(ports);
        let peers = peers.map(|(name, [_, peer])| format!("{name}=http://127.0.0.1:{peer}"));
        let all = peers.collect::<Vec<_>>().join(",");
        let members = [("a", ports[0]), ("b", ports[1]), ("c", ports[2])].map(|(name, ports)| {
            let data = TempDir::new().expect("a temporary directory");
            let process = member(&binary(version), data.path(), name, ports, &all);
            Member { data, port: ports[0], process }
        });
        let three = Self { members };
        for member in &three.members {
            let mut client = member.client().await;
            let answers = async { while client.get("ready?", None).await.is_err() {} };
            timeout(Duration::from_secs(30), answers).await.expect("the cluster is ready");
        }
        three
    }

    /// On all members, of which this one is asked first.
    pub fn cluster(&self, first: usize) -> Cluster {
        let endpoints = self.members.iter().map(Member::endpoint);
        Cluster::connect(endpoints, ClusterOptions::new().seed(first as u64)).expect("a cluster")
    }

    /// The number of the leader, as soon as a member other than `not` knows one that is not it.
    pub async fn leader(&self, not: Option<usize>) -> usize {
        let limit = Instant::now() + Duration::from_secs(20);
        loop {
            let mut ids = Vec::new();
            let mut leader = None;
            for (number, member) in self.members.iter().enumerate() {
                let status = if Some(number) == not { None } else { member.status().await };
                ids.push(status.as_ref().and_then(|status| Some(status.header()?.member_id())));
                leader = status.map(|status| status.leader()).filter(|leader| *leader != 0).or(leader);
            }
            if let Some(number) = ids.iter().position(|id| id.is_some() && *id == leader) {
                return number;
            }
            assert!(Instant::now() < limit, "no leader");
            sleep(Duration::from_millis(20)).await;
        }
    }
}
