//! The watch service against real etcds: the same requests on one stream must get the same answers, in their order.
//!
//! Ignored unless asked for, since it needs real etcds: `just etcd 3.5.5`, then
//! `cargo test -p etcd-model --test watch_against_real_etcd -- --ignored`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod real;
mod script;

use std::time::Duration;

use etcd_model::{
    member::Settings,
    proto::{WatchCreateRequest, watch_create_request::FilterType},
};
use script::{Stage, Step, create, switch_authentication_on};
use tonic::transport::Channel;

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

#[tokio::test]
#[ignore = "needs target/etcd/3.5.5/etcd"]
async fn streams_are_refused_what_3_5_5_refuses_them() {
    compare_refusals("3.5.5").await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.5.16/etcd"]
async fn streams_are_refused_what_3_5_16_refuses_them() {
    compare_refusals("3.5.16").await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.7.3/etcd"]
async fn streams_are_refused_what_3_7_3_refuses_them() {
    compare_refusals("3.7.3").await;
}

async fn compare(version: &str) {
    let etcd = real::RealEtcd::start(version);
    let (model, _running) = script::model(Settings::of(version.parse().unwrap())).await;
    let (real, model) = (Stage::open(etcd.connect().await, None), Stage::open(model, None));
    script::compare(version, steps(), real.await, model.await).await;
}

/// The same with authentication, on the stream of a user who may read `a..c`. Tokens live for 4 s, far longer than
/// the stream goes without a new watch, until they are left to die.
async fn compare_refusals(version: &str) {
    let etcd = real::RealEtcd::start_with(version, &["--auth-token-ttl", "4"]);
    let settings = Settings { token_ttl: Duration::from_secs(4), ..Settings::of(version.parse().unwrap()) };
    let (model, _running) = script::model(settings).await;
    let real = etcd.connect().await;
    let (real, model) = tokio::join!(stage_of_reader(real), stage_of_reader(model));
    script::compare(version, refusals(), real, model).await;
}

async fn stage_of_reader(channel: Channel) -> Stage {
    switch_authentication_on(&channel).await;
    Stage::open(channel, Some("reader")).await
}

fn refusals() -> Vec<Step> {
    use Step::{Cancel, Create, Progress, Put, Wait};
    let with_id = |watch_id, create: WatchCreateRequest| Create(WatchCreateRequest { watch_id, ..create });
    vec![
        Create(create("a", "", 0)),
        with_id(5, create("a", "c", 0)),
        // What reader may not, and ranges that nobody may.
        with_id(5, create("d", "", 0)),
        Create(create("a", "d", 0)),
        Create(create("b", "a", 0)),
        Create(create("d", "c", 0)),
        Create(create("a", "\0", 0)),
        with_id(7, create("", "\0", 0)),
        Create(create("a", "", -1)),
        Put("a", 1),
        Put("b", 1),
        Progress,
        // What was kept for a deaf watch is told to the next one of its id.
        Cancel(5),
        with_id(5, create("b", "", 0)),
        Cancel(0),
        Create(create("a", "", 0)),
        Put("a", 2),
        // The token dies, and watches live on.
        Wait(Duration::from_secs(6)),
        Put("a", 3),
        Create(create("a", "", 0)),
        with_id(5, create("a", "", 0)),
        with_id(6, create("b", "a", 0)),
        Put("a", 4),
        Put("b", 2),
        Progress,
        Cancel(5),
        Cancel(0),
    ]
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
