//! The watch service against real etcds: the same requests on one stream must get the same answers, in their order.
//!
//! Ignored unless asked for, since it needs real etcds: `just etcd 3.5.5`, then
//! `cargo test -p etcd-model --test watch_against_real_etcd -- --ignored`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod real;
mod script;

use etcd_model::{
    member::Settings,
    proto::{KeyValue, WatchCreateRequest, WatchResponse, watch_create_request::FilterType},
    release::Release,
    server::Model,
};
use script::{Stage, Step, create};
use tonic::transport::{Channel, Endpoint};

#[tokio::test]
#[ignore = "needs target/etcd/3.5.5/etcd"]
async fn streams_are_told_what_3_5_5_tells_them() {
    compare("3.5.5").await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.5.16/etcd"]
async fn streams_are_told_what_3_5_16_tells_them() {
    compare("3.5.16").await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.7.3/etcd"]
async fn streams_are_told_what_3_7_3_tells_them() {
    compare("3.7.3").await;
}

async fn compare(version: &str) {
    let etcd = real::RealEtcd::start(version);
    let (model, _running) = model(version).await;
    let (mut real, mut model) = (Stage::open(etcd.connect().await), Stage::open(model));
    let mut differences = Vec::new();
    for (number, step) in steps().into_iter().enumerate() {
        let (expected, found) = tokio::join!(real.play(step.clone()), model.play(step.clone()));
        let (expected, found) = (told(expected).join("\n"), told(found).join("\n"));
        if expected != found {
            differences.push(format!("step {number}, {step:?}\nexpected {expected}\nfound {found}"));
        }
    }
    assert!(differences.is_empty(), "{version}: {}", differences.join("\n\n"));
}

async fn model(version: &str) -> (Channel, Model) {
    let model = Model::start(Settings::of(version.parse::<Release>().unwrap()));
    let address = model.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    (channel, model)
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

fn steps() -> Vec<Step> {
    use Step::{Cancel, Compact, Create, Delete, Progress, Put, Puts, Txn};
    let filters = |filters: &[FilterType]| filters.iter().map(|&filter| filter.into()).collect();
    let with = |create: WatchCreateRequest, change: fn(&mut WatchCreateRequest)| {
        let mut create = create;
        change(&mut create);
        Create(create)
    };
    vec![
        Progress,
        Cancel(0),
        Create(create("a", "", 0)),
        Put("a", 1),
        Put("b", 1),
        Progress,
        // History: from a revision that is past, from the present one, and from one that no event has.
        Create(create("a", "c", 1)),
        Create(create("a", "c", 3)),
        Create(create("x", "", 2)),
        // The future.
        Create(create("a", "c", 6)),
        Progress,
        Put("b", 2),
        Put("a", 2),
        Txn(&["a", "b", "q"], "x"),
        Progress,
        Txn(&["b"], "a"),
        Delete("a"),
        // Ids: given, given twice, below 0, and what is given next after that.
        with(create("n", "", 0), |create| create.watch_id = 5),
        with(create("n", "", 0), |create| create.watch_id = 5),
        with(create("n", "", 0), |create| create.watch_id = -7),
        Create(create("n", "", 0)),
        Create(create("n", "", 0)),
        Put("n", 1),
        Cancel(5),
        Cancel(5),
        Cancel(99),
        with(create("n", "", 0), |create| create.watch_id = 5),
        Put("n", 2),
        Cancel(4),
        Create(create("n", "", 0)),
        // Ranges: empty ones, from a key on, everything.
        Create(create("b", "a", 0)),
        Create(create("b", "b", 0)),
        Create(create("m", "\0", 0)),
        Create(create("", "\0", 0)),
        Create(create("", "", 0)),
        Put("z", 1),
        Put("\0", 1),
        Delete("z"),
        Delete("not there"),
        // Filters and what was there before.
        with(create("f", "", 0), |create| create.filters = vec![FilterType::Noput.into()]),
        with(create("f", "", 0), |create| create.filters = vec![FilterType::Nodelete.into()]),
        with(create("f", "", 0), |create| {
            create.filters = vec![FilterType::Nodelete.into(), FilterType::Noput.into()];
        }),
        with(create("f", "", 0), |create| create.prev_kv = true),
        Put("f", 1),
        Put("f", 2),
        Txn(&["e", "f"], "f2"),
        Delete("f"),
        Create(WatchCreateRequest {
            prev_kv: true,
            filters: filters(&[FilterType::Noput]),
            ..create("f", "g", 2)
        }),
        // Revisions below 0, before there was a compaction.
        Create(create("a", "", -1)),
        Create(create("a", "", -5)),
        Put("a", 3),
        Cancel(0),
        // Compaction: watches that hear of it, one that starts at it, and one that is cancelled after.
        Compact(10),
        Create(create("a", "z", 9)),
        Create(create("a", "z", 10)),
        Progress,
        Create(create("a", "", -1)),
        with(create("f", "g", 10), |create| create.prev_kv = true),
        Cancel(18),
        Cancel(18),
        // A long history comes in several answers; a large one in parts, if that is asked for.
        Puts("long", 1200),
        Create(create("long", "", 30)),
        Put("big", 900_000),
        Put("big", 900_001),
        Put("big", 900_002),
        with(create("big", "", 1200), |create| create.fragment = true),
        Create(create("big", "", 1200)),
        Progress,
    ]
}
