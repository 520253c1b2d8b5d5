//! What programs are drawn from: few keys, so that they meet; every option; now and then what is refused.

use bytes::Bytes;
use etcd_model::proto::{
    CompactionRequest, Compare, DeleteRangeRequest, LeaseGrantRequest, LeaseLeasesRequest,
    LeaseRevokeRequest, LeaseTimeToLiveRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
    WatchCreateRequest, compare::TargetUnion, request_op::Request,
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::program::{LEASES, Program, Step};
use crate::case::{Call, request::bytes};

/// A program for a release.
pub fn program(release: &str) -> impl Strategy<Value = Program> + use<> {
    // Only 3.7 has range streams; the older ones' refusal is a case of its own.
    let range_streams = if release.starts_with("3.7") { 1 } else { 0 };
    vec(step(range_streams), 1..20)
}

fn step(range_streams: u32) -> impl Strategy<Value = Step> {
    let stream = || select(&["s", "t"][..]);
    let call = prop_oneof![
        8 => put().prop_map(Call::Put),
        5 => range().prop_map(Call::Range),
        3 => delete().prop_map(Call::DeleteRange),
        6 => txn().prop_map(Call::Txn),
        2 => (1..12i64).prop_map(|revision| Call::Compact(CompactionRequest { revision, physical: true })),
        3 => LEASES.prop_map(|id| Call::LeaseGrant(LeaseGrantRequest { id, ttl: 10_000 })),
        2 => LEASES.prop_map(|id| Call::LeaseRevoke(LeaseRevokeRequest { id })),
        1 => LEASES.prop_map(|id| Call::LeaseTimeToLive(LeaseTimeToLiveRequest { id, keys: true })),
        1 => Just(Call::LeaseLeases(LeaseLeasesRequest {})),
    ];
    prop_oneof![
        16 => call.prop_map(Step::Call),
        range_streams => range().prop_map(Step::RangeStream),
        4 => (stream(), watch()).prop_map(|(stream, create)| Step::Watch(stream, create)),
        1 => (stream(), 0..4i64).prop_map(|(stream, watch_id)| Step::Cancel(stream, watch_id)),
        1 => stream().prop_map(Step::Progress),
    ]
}

fn key() -> impl Strategy<Value = Bytes> {
    prop_oneof![30 => select(&["a", "b", "b/1", "b/2", "c", "d"][..]), 1 => Just("")].prop_map(bytes)
}

/// A range's end: most often none. None reaches down to the key that marks how far a stream is.
fn end() -> impl Strategy<Value = Bytes> {
    select(&["", "", "", "", "b", "b0", "c", "d", "z", "\0"][..]).prop_map(bytes)
}

fn value() -> impl Strategy<Value = Bytes> {
    select(&["", "x", "y", "zz"][..]).prop_map(bytes)
}

/// A revision within the program, or none; now and then one that is compacted or has not come.
fn revision() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(0i64), 6 => 1..16i64, 1 => -2..0i64, 1 => Just(1_000i64)]
}

/// One in so many.
fn rarely(others: u32) -> impl Strategy<Value = bool> {
    prop_oneof![others => Just(false), 1 => Just(true)]
}

fn lease() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0i64), 2 => LEASES]
}

fn put() -> impl Strategy<Value = PutRequest> {
    (key(), value(), lease(), rarely(2), rarely(8), rarely(8), rarely(4)).prop_map(
        |(key, value, lease, prev_kv, ignore_value, ignore_lease, wrongly)| PutRequest {
            key,
            value: if ignore_value && !wrongly { Bytes::new() } else { value },
            lease: if ignore_lease && !wrongly { 0 } else { lease },
            prev_kv,
            ignore_value,
            ignore_lease,
        },
    )
}

fn delete() -> impl Strategy<Value = DeleteRangeRequest> {
    (key(), end(), any::<bool>()).prop_map(|(key, range_end, prev_kv)| DeleteRangeRequest {
        key,
        range_end,
        prev_kv,
    })
}

fn range() -> impl Strategy<Value = RangeRequest> {
    let filter = || prop_oneof![8 => Just(0i64), 1 => 1..16i64];
    let filters = (filter(), filter(), filter(), filter());
    // No target beyond the enum: 3.5.16 crashes on one. Keys are few enough for Go's sort to be stable.
    let order = (0..3i32, 0..5i32);
    let flags = (rarely(4), rarely(6), rarely(8));
    let limit = prop_oneof![2 => Just(0i64), 1 => 1..4i64, 1 => Just(-1i64)];
    let any_end = prop_oneof![3 => end(), 2 => Just(bytes("\0"))];
    (key(), any_end, limit, revision(), order, flags, filters).prop_map(
        |(key, range_end, limit, revision, order, flags, filters)| RangeRequest {
            key,
            range_end,
            limit,
            revision,
            sort_order: order.0,
            sort_target: order.1,
            serializable: flags.0,
            keys_only: flags.1,
            count_only: flags.2,
            min_mod_revision: filters.0,
            max_mod_revision: filters.1,
            min_create_revision: filters.2,
            max_create_revision: filters.3,
        },
    )
}

fn compare() -> impl Strategy<Value = Compare> {
    let union = prop_oneof![
        (0..4i64).prop_map(TargetUnion::Version),
        revision().prop_map(TargetUnion::CreateRevision),
        revision().prop_map(TargetUnion::ModRevision),
        value().prop_map(TargetUnion::Value),
        (0..4i64).prop_map(TargetUnion::Lease),
    ];
    (key(), end(), 0..4i32, union).prop_map(|(key, range_end, result, union)| {
        let target = match union {
            TargetUnion::Version(_) => 0,
            TargetUnion::CreateRevision(_) => 1,
            TargetUnion::ModRevision(_) => 2,
            TargetUnion::Value(_) => 3,
            TargetUnion::Lease(_) => 4,
        };
        Compare { key, range_end, result, target, target_union: Some(union) }
    })
}

fn txn() -> impl Strategy<Value = TxnRequest> {
    let operation = prop_oneof![
        4 => put().prop_map(Request::RequestPut),
        3 => range().prop_map(Request::RequestRange),
        // None from a key on: with a put that keeps what it finds, it brings a whole etcd down.
        3 => delete().prop_filter("from a key on", |delete| delete.range_end != "\0").prop_map(Request::RequestDeleteRange),
    ];
    let operation =
        operation.boxed().prop_recursive(2, 12, 3, |inner| level(inner).prop_map(Request::RequestTxn));
    level(operation.boxed())
}

/// One level of a transaction.
fn level(request: BoxedStrategy<Request>) -> impl Strategy<Value = TxnRequest> {
    let operation = request.prop_map(|request| RequestOp { request: Some(request) }).boxed();
    let branch = || vec(operation.clone(), 0..4);
    (vec(compare(), 0..3), branch(), branch()).prop_map(|(compare, success, failure)| TxnRequest {
        compare,
        success,
        failure,
    })
}

fn watch() -> impl Strategy<Value = WatchCreateRequest> {
    let start = prop_oneof![6 => Just(0i64), 3 => 1..12i64, 1 => Just(-1i64)];
    let filters =
        prop_oneof![6 => Just(vec![]), 1 => Just(vec![0]), 1 => Just(vec![1]), 1 => Just(vec![0, 1])];
    let id = prop_oneof![5 => Just(0i64), 1 => 1..4i64];
    let some_key = select(&["a", "b", "b/1", "c", "d"][..]).prop_map(bytes);
    (some_key, end(), start, filters, any::<bool>(), id, any::<bool>()).prop_map(
        |(key, range_end, start_revision, filters, prev_kv, watch_id, fragment)| WatchCreateRequest {
            key,
            range_end,
            start_revision,
            progress_notify: false,
            filters,
            prev_kv,
            watch_id,
            fragment,
        },
    )
}
