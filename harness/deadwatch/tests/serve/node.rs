//! The client of Node's registry: harness/tools/etcd3-node/session.js.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use libtest_mimic::Trial;
use tokio::time::timeout;

use crate::{
    arms,
    stand::{self, Require},
};

const RELEASES: [&str; 3] = ["3.5.5", "3.5.16", "3.7.3"];

/// A session waits for a lease of a second to end, besides what it does.
const PATIENCE: Duration = Duration::from_secs(60);

/// The sessions, on each release.
pub fn trials(require: &Require) -> Vec<Trial> {
    let missing = missing();
    let trial = |release| {
        arms("node", release, missing.as_ref(), require, |address| Box::pin(session(address.to_owned())))
    };
    RELEASES.into_iter().flat_map(trial).collect()
}

fn packages() -> PathBuf {
    stand::repository().join("target/etcd3-node/node_modules")
}

fn missing() -> Option<String> {
    if !packages().join("etcd3").is_dir() {
        return Some(
            "no target/etcd3-node/node_modules/etcd3: harness/tools/etcd3-node/install gets it".to_owned(),
        );
    }
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    (!node.is_ok_and(|status| status.success())).then(|| "no node in PATH".to_owned())
}

async fn session(address: String) -> String {
    let mut node = tokio::process::Command::new("node");
    node.arg(stand::repository().join("harness/tools/etcd3-node/session.js")).arg(&address);
    node.env("NODE_PATH", packages()).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, node.output()).await.expect("a session ends in time").unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}, after saying:\n{said}\n{complaint}", output.status);
    said
}
