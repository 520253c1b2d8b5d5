//! What is asked of a watch stream, step by step, and what it said after each.

mod stage;

use std::time::Duration;

use etcd_model::{
    member::Settings,
    proto::{KeyValue, WatchCreateRequest, WatchResponse},
    server::Model,
};
pub use stage::{Stage, switch_authentication_on};
use tonic::transport::{Channel, Endpoint};

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Step {
    /// A put of a value of so many bytes.
    Put(&'static str, usize),
    /// So many puts of one key, a revision each.
    Puts(&'static str, usize),
    Delete(&'static str),
    /// Puts of several keys and a deletion, in one revision.
    Txn(&'static [&'static str], &'static str),
    Compact(i64),
    Create(WatchCreateRequest),
    Cancel(i64),
    Progress,
    /// Nothing, for so long.
    Wait(Duration),
}

/// A watch of `key`, or of `key..end`, from `start` on.
pub fn create(key: &'static str, end: &'static str, start: i64) -> WatchCreateRequest {
    WatchCreateRequest {
        key: key.into(),
        range_end: end.into(),
        start_revision: start,
        ..WatchCreateRequest::default()
    }
}

/// The model on a port, and what keeps it running.
pub async fn model(settings: Settings) -> (Channel, Model) {
    let model = Model::start(settings);
    let address = model.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    (channel, model)
}

/// Plays `steps` on both, and fails with every step after which they were told something else.
pub async fn compare(version: &str, steps: Vec<Step>, mut real: Stage, mut model: Stage) {
    let mut differences = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        let (expected, found) = tokio::join!(real.play(step.clone()), model.play(step.clone()));
        let (expected, found) = (told(expected).join("\n"), told(found).join("\n"));
        if expected != found {
            differences.push(format!("step {number}, {step:?}\nexpected {expected}\nfound {found}"));
        }
    }
    assert!(differences.is_empty(), "{version}: {}", differences.join("\n\n"));
}

/// The answers, a line each, in the order of each watch; which of several watches is told first is free. Large values
/// are left out.
fn told(mut answers: Vec<WatchResponse>) -> Vec<String> {
    answers.sort_by_key(|answer| answer.watch_id);
    answers.iter().map(line).collect()
}

fn line(answer: &WatchResponse) -> String {
    let mut line = format!("{} at {:?}:", answer.watch_id, answer.header);
    for (flag, name) in
        [(answer.created, " created"), (answer.canceled, " canceled"), (answer.fragment, " fragment")]
    {
        line.push_str(if flag { name } else { "" });
    }
    if answer.compact_revision != 0 {
        line.push_str(&format!(" compact revision {}", answer.compact_revision));
    }
    if !answer.cancel_reason.is_empty() {
        line.push_str(&format!(" {:?}", answer.cancel_reason));
    }
    for event in &answer.events {
        line.push_str(&format!("\n    {:?} {}", event.r#type(), kv(event.kv.as_ref())));
        if event.prev_kv.is_some() {
            line.push_str(&format!(" before: {}", kv(event.prev_kv.as_ref())));
        }
    }
    line
}

fn kv(kv: Option<&KeyValue>) -> String {
    let Some(kv) = kv else { return "nothing".to_owned() };
    let KeyValue { key, create_revision, mod_revision, version, value, lease } = kv;
    let value = if value.len() > 64 { format!("{} bytes", value.len()) } else { format!("{value:?}") };
    format!("{key:?}={value} create {create_revision} mod {mod_revision} version {version} lease {lease}")
}
