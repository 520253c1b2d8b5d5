//! Revisions: what moves the store on, by how much, and what does not.

use etcd_model::proto::{
    compare::{CompareResult, TargetUnion},
    *,
};

use crate::case::{Case, case, ops, request::*};

pub fn cases() -> Vec<Case> {
    vec![
        case("each_write_is_one", ops![put("a", "1"), put("a", "1"), delete("a"), get("a")]),
        case(
            "a_transaction_is_one_however_much_it_writes",
            ops![
                all_of(vec![op(put("a", "1")), op(put("b", "2")), op(put("c", "3"))]),
                all_of(vec![op(put("a", "4")), op(delete_range("b", "z")), op(put("A", "5"))]),
                everything()
            ],
        ),
        case(
            "reads_move_nothing",
            ops![
                put("a", "1"),
                get("a"),
                everything(),
                all_of(vec![op(get("a")), op(everything())]),
                all_of(Vec::new()),
                all_of(vec![op(delete("nothing"))]),
                txn(
                    vec![compare("a", CompareResult::Equal, TargetUnion::Version(9))],
                    vec![op(put("a", "2"))],
                    vec![]
                ),
                get("a")
            ],
        ),
        case(
            "refusals_move_nothing",
            ops![
                put("", "1"),
                PutRequest { lease: 5, ..put("a", "1") },
                all_of(vec![op(put("a", "1")), op(put("a", "2"))]),
                get("a")
            ],
        ),
        case(
            "compaction_moves_nothing",
            ops![put("a", "1"), put("a", "2"), compact(2), compact(3), get("a")],
        ),
        case(
            "leases_move_nothing_but_with_their_keys",
            ops![
                grant(7, 1000),
                revoke(7),
                grant(8, 1000),
                PutRequest { lease: 8, ..put("a", "1") },
                revoke(8),
                get("a")
            ],
        ),
        case(
            "users_and_roles_move_nothing",
            ops![
                user_add("u", "p"),
                role_add("r"),
                permit("r", permission::Type::Read, "a", ""),
                grant_role("u", "r"),
                get("a")
            ],
        ),
        case(
            "an_ended_lease_takes_all_its_keys_at_once",
            ops![
                grant(7, 1000),
                PutRequest { lease: 7, ..put("a", "1") },
                PutRequest { lease: 7, ..put("b", "2") },
                put("c", "3"),
                revoke(7),
                everything()
            ],
        ),
    ]
}
