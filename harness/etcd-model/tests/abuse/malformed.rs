//! Requests that make no sense, and what etcd says to each.

use etcd_model::proto::{
    AuthRoleAddRequest, AuthRoleGrantPermissionRequest, AuthUserAddRequest, AuthUserGrantRoleRequest,
    AuthenticateRequest, CompactionRequest, Compare, DeleteRangeRequest, LeaseGrantRequest,
    LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseRevokeRequest, LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse, Permission, PutRequest, RangeRequest, RangeResponse, RequestOp, TxnRequest,
    WatchCreateRequest, WatchRequest, WatchResponse, request_op::Request, watch_request::RequestUnion,
};
use prost::Message as _;
use tonic::{Code, transport::Channel};

use crate::{
    case::{
        Case,
        Expected::{self, Canceled, Given, Refused, RefusedWith, Silence},
        bytes, case,
    },
    methods,
    raw::{call, call_to_be_left_alone},
};

/// Asks all of it, one after the other, of an etcd with nothing in it.
///
/// # Panics
/// If an answer is another, with all that are.
pub async fn hold(channel: Channel, release: &str) {
    let mut others = Vec::new();
    for Case { title, message, expected } in cases(release) {
        let answered = match expected {
            Silence => call_to_be_left_alone(channel.clone(), message).await,
            _ => call(channel.clone(), message).await,
        };
        if !expected.is(&answered) {
            let brief: String = format!("{answered:?}").chars().take(300).collect();
            others.push(format!("{title}: {brief}"));
        }
    }
    assert!(others.is_empty(), "{release} says something else to\n{}", others.join("\n"));
}

const ANYTHING: fn(&[u8]) -> bool = |_| true;

const UNMARSHALLING: &str = "grpc: error unmarshalling request: ";
const NO_KEY: Expected = Refused(Code::InvalidArgument, "etcdserver: key is not provided");
const NO_LEASE: Expected = Refused(Code::NotFound, "etcdserver: requested lease not found");
const TOO_MANY: Expected = Refused(Code::InvalidArgument, "etcdserver: too many operations in txn request");

fn cases(release: &str) -> Vec<Case> {
    let mut cases: Vec<_> =
        [keys(release), transactions(), sizes(), leases(), watches(release), access(release)]
            .into_iter()
            .flatten()
            .collect();
    cases.push(case(
        "and it still reads",
        methods::RANGE,
        range("a"),
        Given(|bytes| RangeResponse::decode(bytes).unwrap().count == 1),
    ));
    cases
}

fn keys(release: &str) -> Vec<Case> {
    let unknown_sort = match release {
        "3.5.5" => Given(ANYTHING),
        _ => Refused(Code::InvalidArgument, "etcdserver: invalid sort option"),
    };
    let all = |bytes: &[u8]| RangeResponse::decode(bytes).unwrap().kvs.len() == 1;
    let range_with = |change: fn(&mut RangeRequest)| {
        let mut request = RangeRequest { range_end: "z".into(), ..range("a") };
        change(&mut request);
        request
    };
    vec![
        case("a put to begin with", methods::PUT, put("a", "1"), Given(ANYTHING)),
        case("a put without a key", methods::PUT, put("", "1"), NO_KEY),
        case("a range without a key", methods::RANGE, range(""), NO_KEY),
        case("a deletion without a key", methods::DELETE_RANGE, DeleteRangeRequest::default(), NO_KEY),
        case("a negative limit", methods::RANGE, range_with(|range| range.limit = -1), Given(all)),
        case("the smallest limit", methods::RANGE, range_with(|range| range.limit = i64::MIN), Given(all)),
        case(
            "a negative revision",
            methods::RANGE,
            range_with(|range| range.revision = i64::MIN),
            Given(all),
        ),
        case(
            "a revision that never comes",
            methods::RANGE,
            range_with(|range| range.revision = i64::MAX),
            Refused(Code::OutOfRange, "etcdserver: mvcc: required revision is a future revision"),
        ),
        case(
            "an order that is none",
            methods::RANGE,
            range_with(|range| range.sort_order = 99),
            unknown_sort,
        ),
        case(
            "a range upside down",
            methods::RANGE,
            RangeRequest { range_end: "A".into(), ..range("a") },
            Given(|bytes| RangeResponse::decode(bytes).unwrap().kvs.is_empty()),
        ),
        case(
            "a value that is to be ignored",
            methods::PUT,
            PutRequest { ignore_value: true, ..put("a", "1") },
            Refused(Code::InvalidArgument, "etcdserver: value is provided"),
        ),
        case(
            "a lease that is to be ignored",
            methods::PUT,
            PutRequest { ignore_lease: true, lease: 7, ..put("a", "1") },
            Refused(Code::InvalidArgument, "etcdserver: lease is provided"),
        ),
        case(
            "the value of a key that is not there",
            methods::PUT,
            PutRequest { ignore_value: true, ..put("nothing", "") },
            Refused(Code::InvalidArgument, "etcdserver: key not found"),
        ),
        case("a put to an unknown lease", methods::PUT, PutRequest { lease: 7, ..put("a", "1") }, NO_LEASE),
        case(
            "a compaction below everything",
            methods::COMPACT,
            CompactionRequest { revision: i64::MIN, physical: false },
            Refused(Code::OutOfRange, "etcdserver: mvcc: required revision has been compacted"),
        ),
        case(
            "a compaction of the future",
            methods::COMPACT,
            CompactionRequest { revision: i64::MAX, physical: true },
            Refused(Code::OutOfRange, "etcdserver: mvcc: required revision is a future revision"),
        ),
    ]
}

fn transactions() -> Vec<Case> {
    let puts =
        |count: usize| (0..count).map(|number| op(Request::RequestPut(put(&format!("n{number}"), ""))));
    let success = |operations: Vec<RequestOp>| TxnRequest { success: operations, ..TxnRequest::default() };
    let compare = Compare { key: "a".into(), ..Compare::default() };
    let deep = (0..40).fold(TxnRequest::default(), |inner, _| success(vec![op(Request::RequestTxn(inner))]));
    let nested = |operations| success(vec![op(Request::RequestTxn(success(operations)))]);
    vec![
        case("transactions within each other, 40 deep", methods::TXN, deep, Given(ANYTHING)),
        case("129 operations", methods::TXN, success(puts(129).collect()), TOO_MANY),
        case(
            "129 comparisons",
            methods::TXN,
            TxnRequest { compare: vec![compare; 129], ..Default::default() },
            TOO_MANY,
        ),
        case(
            "129 operations that would not come to pass",
            methods::TXN,
            TxnRequest { failure: puts(129).collect(), ..TxnRequest::default() },
            TOO_MANY,
        ),
        case("129 operations within another", methods::TXN, nested(puts(129).collect()), TOO_MANY),
        case("128 operations", methods::TXN, success(puts(128).collect()), Given(ANYTHING)),
        case(
            "one key put twice",
            methods::TXN,
            success([puts(1), puts(1)].into_iter().flatten().collect()),
            Refused(Code::InvalidArgument, "etcdserver: duplicate key given in txn request"),
        ),
        case(
            "a comparison without a key",
            methods::TXN,
            TxnRequest { compare: vec![Compare::default()], ..Default::default() },
            NO_KEY,
        ),
        case(
            "a put without a key in it",
            methods::TXN,
            success(vec![op(Request::RequestPut(put("", "")))]),
            NO_KEY,
        ),
        case(
            "a put to an unknown lease in it",
            methods::TXN,
            success(vec![op(Request::RequestPut(PutRequest { lease: 7, ..put("t", "") }))]),
            NO_LEASE,
        ),
        case(
            "an operation that is none",
            methods::TXN,
            success(vec![RequestOp::default()]),
            Refused(Code::InvalidArgument, "etcdserver: key not found"),
        ),
        case("nothing at all", methods::TXN, TxnRequest::default(), Given(ANYTHING)),
    ]
}

fn sizes() -> Vec<Case> {
    let of_size = |bytes: usize| put("k", &"x".repeat(bytes));
    let too_large = "grpc: received message larger than max";
    vec![
        case(
            "a put of more than 1.5 MiB",
            methods::PUT,
            of_size(1536 * 1024),
            Refused(Code::InvalidArgument, "etcdserver: request is too large"),
        ),
        case(
            "a put of more than 2 MiB",
            methods::PUT,
            of_size(2048 * 1024),
            RefusedWith(Code::ResourceExhausted, too_large),
        ),
        case(
            "a put of 20 MB",
            methods::PUT,
            of_size(20_000_000),
            Refused(Code::ResourceExhausted, "grpc: received message larger than max (20000008 vs. 2097152)"),
        ),
        case(
            "a watch of more than 2 MiB",
            methods::WATCH,
            create(WatchCreateRequest { key: "x".repeat(2_200_000).into(), ..Default::default() }),
            RefusedWith(Code::ResourceExhausted, too_large),
        ),
        case(
            "a status request of more than 2 MiB",
            "/etcdserverpb.Maintenance/Status",
            of_size(2048 * 1024),
            RefusedWith(Code::ResourceExhausted, too_large),
        ),
        bytes(
            "a put that is no message",
            methods::PUT,
            &[0xff; 20],
            RefusedWith(Code::Internal, UNMARSHALLING),
        ),
        bytes(
            "a put that ends early",
            methods::PUT,
            &[0x0a, 0x7f, b'a'],
            RefusedWith(Code::Internal, UNMARSHALLING),
        ),
        bytes(
            "a watch that is no message",
            methods::WATCH,
            &[0xff; 20],
            RefusedWith(Code::Internal, "grpc: failed to unmarshal the received message"),
        ),
        bytes(
            "a keep-alive that is no message",
            methods::LEASE_KEEP_ALIVE,
            &[0xff; 20],
            RefusedWith(Code::Internal, "grpc: failed to unmarshal the received message"),
        ),
        bytes("a field that nobody knows", methods::RANGE, &[0x0a, 1, b'a', 0xf8, 0x3f, 1], Given(ANYTHING)),
        bytes(
            "a method that nobody has",
            "/etcdserverpb.KV/Nothing",
            b"",
            Refused(Code::Unimplemented, "unknown method Nothing for service etcdserverpb.KV"),
        ),
        bytes(
            "a service that nobody has",
            "/nothing.Nothing/Nothing",
            b"",
            Refused(Code::Unimplemented, "unknown service nothing.Nothing"),
        ),
    ]
}

fn leases() -> Vec<Case> {
    let grant = |id, ttl| LeaseGrantRequest { ttl, id };
    vec![
        case("a lease for less than no time", methods::LEASE_GRANT, grant(8, i64::MIN), Given(ANYTHING)),
        case(
            "a lease that is there",
            methods::LEASE_GRANT,
            grant(8, 60),
            Refused(Code::FailedPrecondition, "etcdserver: lease already exists"),
        ),
        case(
            "a lease for ever",
            methods::LEASE_GRANT,
            grant(9, i64::MAX),
            Refused(Code::OutOfRange, "etcdserver: too large lease TTL"),
        ),
        case("a lease with a negative id", methods::LEASE_GRANT, grant(-1, 60), Given(ANYTHING)),
        case("the end of no lease", methods::LEASE_REVOKE, LeaseRevokeRequest { id: 0 }, NO_LEASE),
        case(
            "the end of an unknown lease",
            methods::LEASE_REVOKE,
            LeaseRevokeRequest { id: i64::MIN },
            NO_LEASE,
        ),
        case(
            "the time of an unknown lease",
            methods::LEASE_TIME_TO_LIVE,
            LeaseTimeToLiveRequest { id: 7, keys: true },
            Given(|bytes| LeaseTimeToLiveResponse::decode(bytes).unwrap().ttl == -1),
        ),
        case(
            "keeping an unknown lease alive",
            methods::LEASE_KEEP_ALIVE,
            LeaseKeepAliveRequest { id: 7 },
            Given(|bytes| LeaseKeepAliveResponse::decode(bytes).unwrap().ttl == 0),
        ),
    ]
}

fn watches(release: &str) -> Vec<Case> {
    let negative = match release {
        "3.5.5" => Given(|bytes| !WatchResponse::decode(bytes).unwrap().canceled),
        _ => Canceled("etcdserver: mvcc: required revision has been compacted"),
    };
    let from =
        |start_revision| create(WatchCreateRequest { key: "a".into(), start_revision, ..Default::default() });
    let created = |bytes: &[u8]| WatchResponse::decode(bytes).unwrap().created;
    vec![
        case("a watch without a key", methods::WATCH, create(WatchCreateRequest::default()), Given(created)),
        case("a watch from below everything", methods::WATCH, from(i64::MIN), negative),
        case("a watch of a revision that never comes", methods::WATCH, from(i64::MAX), Given(created)),
        case(
            "a watch with a negative id",
            methods::WATCH,
            create(WatchCreateRequest { key: "a".into(), watch_id: -7, ..Default::default() }),
            Given(created),
        ),
        case(
            "a watch with filters that are none",
            methods::WATCH,
            create(WatchCreateRequest { key: "a".into(), filters: vec![99, -1], ..Default::default() }),
            Given(created),
        ),
    ]
}

fn access(release: &str) -> Vec<Case> {
    let with_token = |title, token: &str, expected| {
        let mut case = case(title, methods::RANGE, range("a"), expected);
        case.message.metadata = Some(token.as_bytes().to_vec());
        case
    };
    let bad_token = || match release {
        "3.5.5" => Refused(Code::Unauthenticated, "etcdserver: invalid auth token"),
        _ => Given(ANYTHING),
    };
    // From 3.5.10 on nobody looks at a token while authentication is off.
    let never = || match release {
        "3.5.5" => Silence,
        _ => Given(ANYTHING),
    };
    let no_role = || Refused(Code::FailedPrecondition, "etcdserver: role name not found");
    vec![
        with_token("a token that is none", "garbage", bad_token()),
        with_token("an empty token", "", bad_token()),
        with_token("a token of a proposal that never comes", "aaaaaaaaaaaaaaaa.999999999", never()),
        with_token("a token of 20 kB", &"x".repeat(20_000), bad_token()),
        with_token(
            "a token with an index that is none",
            "aaaaaaaaaaaaaaaa.18446744073709551616",
            bad_token(),
        ),
        bytes(
            "switching authentication on without root",
            "/etcdserverpb.Auth/AuthEnable",
            b"",
            Refused(Code::FailedPrecondition, "etcdserver: root user does not exist"),
        ),
        case(
            "a login where there are none",
            methods::AUTHENTICATE,
            AuthenticateRequest::default(),
            Refused(Code::FailedPrecondition, "etcdserver: authentication is not enabled"),
        ),
        case(
            "a user without a name",
            methods::USER_ADD,
            AuthUserAddRequest::default(),
            Refused(Code::InvalidArgument, "etcdserver: user name is empty"),
        ),
        case(
            "a role without a name",
            methods::ROLE_ADD,
            AuthRoleAddRequest::default(),
            Refused(Code::InvalidArgument, "etcdserver: role name is empty"),
        ),
        case(
            "a role for nobody",
            methods::USER_GRANT_ROLE,
            AuthUserGrantRoleRequest::default(),
            Refused(Code::FailedPrecondition, "etcdserver: user name not found"),
        ),
        case(
            "no permission",
            methods::ROLE_GRANT_PERMISSION,
            AuthRoleGrantPermissionRequest::default(),
            Refused(Code::InvalidArgument, "etcdserver: permission not given"),
        ),
        case(
            "a permission for nobody",
            methods::ROLE_GRANT_PERMISSION,
            AuthRoleGrantPermissionRequest {
                name: String::new(),
                perm: Some(Permission { key: "a".into(), ..Default::default() }),
            },
            no_role(),
        ),
    ]
}

fn put(key: &str, value: &str) -> PutRequest {
    PutRequest { key: key.to_owned().into(), value: value.to_owned().into(), ..PutRequest::default() }
}

fn range(key: &str) -> RangeRequest {
    RangeRequest { key: key.to_owned().into(), ..RangeRequest::default() }
}

fn op(request: Request) -> RequestOp {
    RequestOp { request: Some(request) }
}

fn create(request: WatchCreateRequest) -> WatchRequest {
    WatchRequest { request_union: Some(RequestUnion::CreateRequest(request)) }
}
