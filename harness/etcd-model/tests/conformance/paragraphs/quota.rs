//! A backend that has used up its quota: what is refused, what goes on, and how the alarm ends.
//!
//! Stores count their pages differently, so each case crosses by far, or has been full from its start.

use etcd_model::{
    member::MEMBER_ID,
    proto::{alarm_request::AlarmAction, compare::CompareResult::Equal, compare::TargetUnion::Version, *},
};

use crate::case::{Case, Op, Start, case_on, ops, request::*};

/// Less than an empty backend takes.
const NOTHING: Start = Start::QuotaBytes(4_096);

const MEBIBYTE: Start = Start::QuotaBytes(1024 * 1024);

/// More than a mebibyte, and a request that is still taken.
fn too_much() -> String {
    "x".repeat(1_300_000)
}

fn alarm(action: AlarmAction) -> AlarmRequest {
    AlarmRequest { action: action.into(), member_id: MEMBER_ID, alarm: AlarmType::Nospace.into() }
}

fn nested(request: TxnRequest) -> TxnRequest {
    all_of(vec![op(request)])
}

/// Two keys, and then one that does not fit: the alarm is raised.
fn full() -> Vec<Op> {
    ops![put("a", "1"), put("b", "2"), put("big", &too_much())]
}

pub fn cases() -> Vec<Case> {
    vec![
        case_on(
            MEBIBYTE,
            "what_does_not_fit_is_refused",
            ops![full(), get("big"), alarm(AlarmAction::Get), everything(), StatusRequest {}],
        ),
        case_on(
            MEBIBYTE,
            "puts_are_refused_however_small",
            ops![
                full(),
                put("c", ""),
                all_of(vec![op(put("c", ""))]),
                txn(vec![compare("a", Equal, Version(7))], vec![op(put("c", ""))], vec![op(get("a"))]),
                txn(vec![compare("a", Equal, Version(1))], vec![op(delete("a"))], vec![op(put("c", ""))]),
                everything()
            ],
        ),
        case_on(MEBIBYTE, "leases_are_not_granted", ops![full(), grant(7, 60), LeaseLeasesRequest {}]),
        case_on(
            MEBIBYTE,
            "leases_that_are_there_go_on",
            ops![grant(7, 60), full(), keep_alive(&[7]), time_to_live(7), revoke(7), LeaseLeasesRequest {}],
        ),
        case_on(
            MEBIBYTE,
            "deletions_and_reads_go_on",
            ops![
                full(),
                all_of(vec![op(get("a"))]),
                all_of(vec![op(delete("a"))]),
                delete("b"),
                compact(4),
                everything()
            ],
        ),
        case_on(
            MEBIBYTE,
            "nested_puts",
            ops![
                full(),
                nested(all_of(vec![op(put("c", "3"))])),
                nested(nested(all_of(vec![op(put("d", "4"))]))),
                all_of(vec![op(all_of(vec![op(put("e", "5"))])), op(put("f", "6"))]),
                everything()
            ],
        ),
        case_on(
            MEBIBYTE,
            "nested_puts_that_do_not_fit",
            ops![
                put("a", "1"),
                nested(all_of(vec![op(put("big", &too_much()))])),
                Op::Pass(std::time::Duration::from_millis(300)),
                RangeRequest { keys_only: true, ..everything() },
                all_of(vec![op(get("a"))]),
                all_of(vec![op(delete("a"))]),
                alarm(AlarmAction::Get),
                put("c", "3"),
                delete("a"),
                alarm(AlarmAction::Get)
            ],
        ),
        case_on(
            NOTHING,
            "full_from_the_start",
            ops![
                alarm(AlarmAction::Get),
                get("a"),
                all_of(vec![op(get("a"))]),
                all_of(vec![op(delete("a"))]),
                alarm(AlarmAction::Get),
                delete("a"),
                put("a", "1"),
                alarm(AlarmAction::Get)
            ],
        ),
        case_on(
            NOTHING,
            "the_quota_is_asked_before_the_request_is_checked",
            ops![put("", ""), all_of(vec![op(put("a", "1")), op(put("a", "2"))]), grant(7, 10_000_000_000)],
        ),
        case_on(
            NOTHING,
            "an_alarm_that_is_cleared_comes_back",
            ops![
                put("a", "1"),
                alarm(AlarmAction::Deactivate),
                alarm(AlarmAction::Get),
                put("a", "1"),
                alarm(AlarmAction::Get)
            ],
        ),
        case_on(
            MEBIBYTE,
            "an_alarm_that_is_cleared_lets_puts_in",
            ops![
                full(),
                put("c", "3"),
                alarm(AlarmAction::Deactivate),
                put("c", "3"),
                grant(7, 60),
                alarm(AlarmAction::Deactivate)
            ],
        ),
        case_on(
            MEBIBYTE,
            "permissions_and_the_alarm",
            ops![
                locked(),
                by("root"),
                put("a", "1"),
                put("b", "2"),
                put("c", "3"),
                user_with("u", permission::Type::Readwrite, "mine", ""),
                by("u"),
                delete("a"),
                all_of(vec![op(delete("a"))]),
                by("root"),
                put("big", &too_much()),
                by("u"),
                get("a"),
                delete("a"),
                all_of(vec![op(delete("b"))]),
                all_of(vec![op(get("c"))]),
                role_add("mine"),
                put("mine", "1"),
                by("root"),
                everything(),
                alarm(AlarmAction::Deactivate),
                by("u"),
                delete("c")
            ],
        ),
        case_on(
            Start::Plain,
            "an_alarm_that_somebody_raises",
            ops![
                alarm(AlarmAction::Activate),
                put("a", "1"),
                alarm(AlarmAction::Activate),
                AlarmRequest { member_id: 5, ..alarm(AlarmAction::Activate) },
                alarm(AlarmAction::Deactivate),
                put("a", "1"),
                AlarmRequest { alarm: AlarmType::None.into(), ..alarm(AlarmAction::Activate) },
                AlarmRequest { member_id: 5, ..alarm(AlarmAction::Deactivate) },
                put("a", "1")
            ],
        ),
    ]
}
