//! Requests at and beyond the limits of what is taken, and requests that make no sense.

use etcd_model::proto::{
    LeaseKeepAliveRequest, PutRequest, RangeRequest,
    compare::{CompareResult::Equal, TargetUnion::Version},
};

use crate::case::{Case, Op, case, ops, request::*};

/// What a put to a one-letter key may hold at most: 1.5 MiB, less what its message and raft's need around it.
const LARGEST_VALUE_BYTES: usize = 1536 * 1024 - 7 - 17;

/// What gRPC takes at most, less what is around the value.
const LARGEST_MESSAGE_BYTES: usize = 2 * 1024 * 1024 - 7;

fn of_size(size: usize) -> PutRequest {
    put("k", &"x".repeat(size))
}

fn count() -> RangeRequest {
    RangeRequest { count_only: true, ..everything() }
}

pub fn cases() -> Vec<Case> {
    vec![
        case(
            "the_largest_put",
            ops![of_size(LARGEST_VALUE_BYTES), of_size(LARGEST_VALUE_BYTES + 1), count()],
        ),
        case(
            "larger_than_grpc_takes",
            ops![
                of_size(LARGEST_MESSAGE_BYTES),
                of_size(LARGEST_MESSAGE_BYTES + 1),
                of_size(3_000_000),
                count()
            ],
        ),
        case("a_large_key", ops![put(&"k".repeat(100_000), "v"), get(&"k".repeat(100_000)), count()]),
        case(
            "a_large_transaction_that_only_reads",
            ops![
                all_of(vec![op(get(&"r".repeat(1_600_000)))]),
                txn(vec![compare(&"r".repeat(1_600_000), Equal, Version(0))], vec![], vec![])
            ],
        ),
        case(
            "a_large_transaction_that_writes",
            ops![all_of(vec![op(of_size(900_000)), op(put("l", &"y".repeat(900_000)))]), count()],
        ),
        case("a_large_watch", ops![watch("s", create(&"w".repeat(1_900_000))), listen("s")]),
        case("a_watch_larger_than_grpc_takes", ops![ask("s", create(&"w".repeat(2_200_000))), listen("s")]),
        case(
            "a_large_keep_alive_stream",
            ops![Op::KeepAlive((1..=100).map(|id| LeaseKeepAliveRequest { id }).take(3).collect())],
        ),
        case(
            "bytes_that_are_no_text",
            ops![
                PutRequest {
                    key: bytes::Bytes::from_static(&[0xff, 0, 0xfe]),
                    value: bytes::Bytes::from_static(&[0x80, b'"', b'\\', b'\n']),
                    ..put("", "")
                },
                RangeRequest { key: bytes::Bytes::from_static(&[0xff]), range_end: bytes("\0"), ..get("") },
                RangeRequest { key: bytes::Bytes::from_static(&[0xff, 0, 0xfe]), ..get("") }
            ],
        ),
        case(
            "the_extremes_of_numbers",
            ops![
                put("a", "1"),
                RangeRequest { min_mod_revision: i64::MAX, ..everything() },
                RangeRequest { max_mod_revision: i64::MIN, ..everything() },
                RangeRequest { limit: i64::MAX, revision: i64::MIN, ..everything() },
                compact(i64::MIN),
                compact(i64::MAX),
                grant(i64::MIN, 1000),
                time_to_live(i64::MIN),
                revoke(i64::MAX)
            ],
        ),
    ]
}
