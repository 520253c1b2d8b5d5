//! Short ways to write requests. Everything that is not named here is filled in with `..`.

use std::time::Duration;

use bytes::Bytes;
use etcd_model::proto::{
    compare::{CompareResult, CompareTarget, TargetUnion},
    request_op::Request,
    watch_request::RequestUnion,
    *,
};

use super::{Call, Op, Speaker, ops};

/// Stands for the lease that the server chose last.
pub const CHOSEN: i64 = -1_000_001;

/// A key, a value or an end of a range.
pub fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub fn get(key: &str) -> RangeRequest {
    RangeRequest { key: bytes(key), ..RangeRequest::default() }
}

pub fn range(key: &str, range_end: &str) -> RangeRequest {
    RangeRequest { range_end: bytes(range_end), ..get(key) }
}

/// Every key there is.
pub fn everything() -> RangeRequest {
    range("\0", "\0")
}

pub fn put(key: &str, value: &str) -> PutRequest {
    PutRequest { key: bytes(key), value: bytes(value), ..PutRequest::default() }
}

pub fn delete(key: &str) -> DeleteRangeRequest {
    DeleteRangeRequest { key: bytes(key), ..DeleteRangeRequest::default() }
}

pub fn delete_range(key: &str, range_end: &str) -> DeleteRangeRequest {
    DeleteRangeRequest { range_end: bytes(range_end), ..delete(key) }
}

/// A compaction that is answered when it has been done: what is compacted may be seen for a moment otherwise.
pub fn compact(revision: i64) -> CompactionRequest {
    CompactionRequest { revision, physical: true }
}

/// What may stand in a branch of a transaction.
pub fn op(request: impl Into<Call>) -> RequestOp {
    let request = match request.into() {
        Call::Range(request) => Request::RequestRange(request),
        Call::Put(request) => Request::RequestPut(request),
        Call::DeleteRange(request) => Request::RequestDeleteRange(request),
        Call::Txn(request) => Request::RequestTxn(request),
        other => panic!("expected a call that a transaction can hold, found {other:?}"),
    };
    RequestOp { request: Some(request) }
}

pub fn txn(compare: Vec<Compare>, success: Vec<RequestOp>, failure: Vec<RequestOp>) -> TxnRequest {
    TxnRequest { compare, success, failure }
}

/// A transaction that compares nothing.
pub fn all_of(success: Vec<RequestOp>) -> TxnRequest {
    txn(Vec::new(), success, Vec::new())
}

/// A comparison; the target is the one that the union names.
pub fn compare(key: &str, result: CompareResult, union: TargetUnion) -> Compare {
    let target = match &union {
        TargetUnion::Version(_) => CompareTarget::Version,
        TargetUnion::CreateRevision(_) => CompareTarget::Create,
        TargetUnion::ModRevision(_) => CompareTarget::Mod,
        TargetUnion::Value(_) => CompareTarget::Value,
        TargetUnion::Lease(_) => CompareTarget::Lease,
    };
    Compare {
        key: bytes(key),
        result: result.into(),
        target: target.into(),
        target_union: Some(union),
        range_end: Bytes::new(),
    }
}

pub fn grant(id: i64, ttl_s: i64) -> LeaseGrantRequest {
    LeaseGrantRequest { id, ttl: ttl_s }
}

pub fn revoke(id: i64) -> LeaseRevokeRequest {
    LeaseRevokeRequest { id }
}

pub fn time_to_live(id: i64) -> LeaseTimeToLiveRequest {
    LeaseTimeToLiveRequest { id, keys: true }
}

pub fn keep_alive(ids: &[i64]) -> Op {
    Op::KeepAlive(ids.iter().map(|&id| LeaseKeepAliveRequest { id }).collect())
}

pub fn create(key: &str) -> WatchCreateRequest {
    WatchCreateRequest { key: bytes(key), ..WatchCreateRequest::default() }
}

pub fn create_range(key: &str, range_end: &str) -> WatchCreateRequest {
    WatchCreateRequest { range_end: bytes(range_end), ..create(key) }
}

/// A create request on a stream, sent.
pub fn ask(stream: &'static str, create: WatchCreateRequest) -> Op {
    Op::Ask(stream, WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) })
}

/// A create request on a stream, sent and answered.
pub fn watch(stream: &'static str, create: WatchCreateRequest) -> Vec<Op> {
    vec![ask(stream, create), hear(stream, 1)]
}

pub fn cancel(stream: &'static str, watch_id: i64) -> Op {
    let cancel = RequestUnion::CancelRequest(WatchCancelRequest { watch_id });
    Op::Ask(stream, WatchRequest { request_union: Some(cancel) })
}

pub fn progress(stream: &'static str) -> Op {
    let progress = RequestUnion::ProgressRequest(WatchProgressRequest {});
    Op::Ask(stream, WatchRequest { request_union: Some(progress) })
}

pub fn hear(stream: &'static str, number: usize) -> Op {
    Op::Hear(stream, number)
}

pub fn listen(stream: &'static str) -> Op {
    Op::Listen(stream)
}

pub fn pass_ms(duration_ms: u64) -> Op {
    Op::Pass(Duration::from_millis(duration_ms))
}

pub fn user_add(name: &str, password: &str) -> AuthUserAddRequest {
    AuthUserAddRequest { name: name.into(), password: password.into(), ..AuthUserAddRequest::default() }
}

pub fn role_add(name: &str) -> AuthRoleAddRequest {
    AuthRoleAddRequest { name: name.into() }
}

pub fn grant_role(user: &str, role: &str) -> AuthUserGrantRoleRequest {
    AuthUserGrantRoleRequest { user: user.into(), role: role.into() }
}

pub fn revoke_role(user: &str, role: &str) -> AuthUserRevokeRoleRequest {
    AuthUserRevokeRoleRequest { name: user.into(), role: role.into() }
}

pub fn change_password(name: &str, password: &str) -> AuthUserChangePasswordRequest {
    AuthUserChangePasswordRequest {
        name: name.into(),
        password: password.into(),
        hashed_password: String::new(),
    }
}

pub fn permit(
    role: &str,
    perm: permission::Type,
    key: &str,
    range_end: &str,
) -> AuthRoleGrantPermissionRequest {
    let perm = Permission { perm_type: perm.into(), key: bytes(key), range_end: bytes(range_end) };
    AuthRoleGrantPermissionRequest { name: role.into(), perm: Some(perm) }
}

pub fn forbid(role: &str, key: &str, range_end: &str) -> AuthRoleRevokePermissionRequest {
    AuthRoleRevokePermissionRequest { role: role.into(), key: bytes(key), range_end: bytes(range_end) }
}

pub fn login(name: &str, password: &str) -> AuthenticateRequest {
    AuthenticateRequest { name: name.into(), password: password.into() }
}

/// Somebody with the token of their last login speaks.
pub fn by(user: &'static str) -> Op {
    Op::Speak(Speaker::User(user))
}

/// Somebody with this token speaks.
pub fn with_token(token: &'static str) -> Op {
    Op::Speak(Speaker::Token(token))
}

/// Nobody in particular speaks.
pub fn by_nobody() -> Op {
    Op::Speak(Speaker::Nobody)
}

/// Authentication is switched on, and root speaks from here on.
pub fn locked() -> Vec<Op> {
    ops![
        user_add("root", "r"),
        grant_role("root", "root"),
        AuthEnableRequest {},
        login("root", "r"),
        by("root")
    ]
}

/// A user with a role of the same name that may do `perm` in a range; added by who speaks.
pub fn user_with(user: &str, perm: permission::Type, key: &str, range_end: &str) -> Vec<Op> {
    ops![
        user_add(user, "pw"),
        role_add(user),
        permit(user, perm, key, range_end),
        grant_role(user, user),
        login(user, "pw")
    ]
}
