//! A member that has lost its cluster.

use std::process::Child;
use std::time::Duration;

use etcd_client::Client;
use etcd_queue::connect_options;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::server::{binary, free_ports, member};
use crate::{next_text, open, text, trials, waiting};

trials![a_member_without_a_leader_is_left_and_used_again_once_it_has_one];

struct Member {
    data: TempDir,
    ports: [u16; 2],
    process: Child,
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A cluster of two: without either, the other has no leader.
fn cluster(version: &str) -> ([Member; 2], String) {
    let ports = [free_ports(), free_ports()];
    let [a, b] = ports.map(|[_, peer]| format!("http://127.0.0.1:{peer}"));
    let all = format!("a={a},b={b}");
    let members = [("a", ports[0]), ("b", ports[1])].map(|(name, ports)| {
        let data = TempDir::new().expect("a temporary directory");
        let process = member(&binary(version), data.path(), name, ports, &all);
        Member { data, ports, process }
    });
    (members, all)
}

async fn a_member_without_a_leader_is_left_and_used_again_once_it_has_one(version: &'static str) {
    let ([stays, mut goes], all) = cluster(version);
    let endpoint = format!("127.0.0.1:{}", stays.ports[0]);
    let client = Client::connect([endpoint], Some(connect_options())).await.unwrap();
    let mut asks = client.clone();
    let answers = async { while asks.get("ready?", None).await.is_err() {} };
    timeout(Duration::from_secs(30), answers).await.expect("the cluster is ready");

    let queue = open(&client, "/test");
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    let waiting = waiting(&queue);
    let _ = goes.process.kill();
    let _ = goes.process.wait();
    let late = tokio::spawn({
        let queue = queue.clone();
        async move { queue.enqueue("late").await }
    });
    // Long enough for the member to notice that it has no leader, and to say so.
    sleep(Duration::from_secs(6)).await;
    assert!(!waiting.is_finished() && !late.is_finished());
    goes.process = member(&binary(version), goes.data.path(), "b", goes.ports, &all);
    late.await.unwrap().unwrap();
    assert_eq!(text(&waiting.await.unwrap().unwrap()), "late");
    assert_eq!(queue.len().await.unwrap(), 0);
}
