//! Looking after a member: status, members, alarms; and calls that no etcd has.

use etcd_model::{
    member::MEMBER_ID,
    proto::{alarm_request::AlarmAction, *},
};

use crate::case::{Case, Op, case, ops, request::*};

fn alarm(action: AlarmAction, alarm: AlarmType) -> AlarmRequest {
    AlarmRequest { action: action.into(), member_id: 0, alarm: alarm.into() }
}

pub fn cases() -> Vec<Case> {
    vec![
        case("status", ops![StatusRequest {}, put("a", "1"), StatusRequest {}]),
        case(
            "members",
            ops![MemberListRequest { linearizable: true }, MemberListRequest { linearizable: false }],
        ),
        case(
            "members_that_are_not_there",
            ops![
                MemberRemoveRequest { id: 77 },
                MemberUpdateRequest { id: 77, peer_ur_ls: vec!["http://localhost:9".into()] },
                MemberPromoteRequest { id: 77 }
            ],
        ),
        case(
            "a_member_with_another_address",
            ops![
                MemberUpdateRequest { id: MEMBER_ID, peer_ur_ls: vec!["http://localhost:9".into()] },
                MemberListRequest { linearizable: true }
            ],
        ),
        case(
            "alarms",
            ops![alarm(AlarmAction::Get, AlarmType::None), alarm(AlarmAction::Get, AlarmType::Nospace)],
        ),
        case("defragmentation", ops![put("a", "1"), DefragmentRequest {}, get("a")]),
        case("leadership_to_nobody", ops![MoveLeaderRequest { target_id: 77 }]),
        case(
            "a_call_that_no_etcd_has",
            ops![
                Op::Unknown("/etcdserverpb.KV/Nothing"),
                Op::Unknown("/etcdserverpb.Nothing/Range"),
                get("a")
            ],
        ),
    ]
}
