//! Each fault on connections in memory, in virtual time, both ends of them played by the test.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::{sleep, sleep_until, timeout},
};

use super::*;
use crate::{
    scenario::Method,
    wire::{
        HARNESS_CLIENT, Seen,
        net::{Net, hear, pass, server},
        sample::{DATA, frame, message, soon},
    },
};

const TXN: &str = "/etcdserverpb.KV/Txn";
const RANGE: &str = "/etcdserverpb.KV/Range";

/// Longer than any fault here: what has not come by then does not come.
const NEVER: Duration = Duration::from_secs(3600);

/// Nothing arrives at this end, not even the end.
async fn assert_silent(end: &mut DuplexStream) {
    assert!(timeout(NEVER, end.read_u8()).await.is_err(), "something arrived out of the silence");
}

async fn assert_ended(end: &mut DuplexStream) {
    assert_eq!(soon(end.read(&mut [0])).await.unwrap(), 0, "the end expected");
}

fn client(name: &str) -> Reach {
    Reach::Client(name.to_owned())
}

#[tokio::test(start_paused = true)]
async fn dropped_connections_end_for_both_sides_and_new_ones_are_served() {
    let mut net = Net::new();
    let (mut near, mut far) = net.connect("shared").await;

    net.wire.inflict(Fault::DropConnections(Reach::All));

    assert_ended(&mut near).await;
    assert_ended(&mut far).await;
    assert_eq!(net.seen(), [("shared".to_owned(), Seen::Disconnected)]);
    let (mut near, mut far) = net.connect("shared").await;
    pass(&mut near, &mut far, b"later").await;
}

#[tokio::test(start_paused = true)]
async fn a_fault_at_one_member_leaves_the_connections_to_the_others_alone() {
    let (first, mut at_first) = server();
    let (second, mut at_second) = server();
    let (sender, _sightings) = tokio::sync::mpsc::unbounded_channel();
    let wire = crate::wire::Wire::to_members(vec![first, second], sender);
    let routes = wire.routes("shared").await.unwrap();
    assert_eq!(routes.len(), 2);
    let dial = |member: usize| {
        let crate::etcd::Address::Pipe(dial) = &routes[member - 1] else { panic!("no pipe") };
        dial.connect().unwrap()
    };
    let (mut near_first, mut near_second) = (dial(1), dial(2));
    let mut far_first = soon(at_first.recv()).await.unwrap();
    let mut far_second = soon(at_second.recv()).await.unwrap();

    let hole = BlackHole { reach: Reach::All, length: NEVER * 9 };
    wire.inflict_at(Fault::BlackHole(hole), 2);
    assert!(carries(&mut near_first, &mut far_first).await);
    assert!(!carries(&mut near_second, &mut far_second).await);
    let mut swallowed = dial(2);
    assert_silent(&mut swallowed).await;
    assert!(at_second.try_recv().is_err(), "no server hears of it");

    wire.inflict_at(Fault::DropConnections(client("shared")), 1);
    assert_ended(&mut near_first).await;
    let mut near_first = dial(1);
    let mut far_first = soon(at_first.recv()).await.unwrap();
    assert!(carries(&mut near_first, &mut far_first).await);

    wire.lead_nowhere_at(1);
    assert_ended(&mut dial(1)).await;
    let (moved, mut at_moved) = server();
    wire.redirect_members(vec![moved]);
    let _near = dial(1);
    soon(at_moved.recv()).await.unwrap();
}

/// Whether what the client sends still arrives.
async fn carries(near: &mut DuplexStream, far: &mut DuplexStream) -> bool {
    if near.write_all(b"x").await.is_err() {
        return false;
    }
    matches!(timeout(NEVER, far.read_u8()).await, Ok(Ok(_)))
}

#[tokio::test(start_paused = true)]
async fn a_fault_reaches_the_client_it_names_and_no_other_and_never_the_harness() {
    let drop_connections: fn(Reach) -> Fault = Fault::DropConnections;
    let black_hole: fn(Reach) -> Fault = |reach| Fault::BlackHole(BlackHole { reach, length: NEVER * 9 });
    for fault in [drop_connections, black_hole] {
        let mut net = Net::new();
        let (mut near, mut far) = net.connect("shared").await;
        let (mut other_near, mut other_far) = net.connect("other").await;
        let (mut own_near, mut own_far) = net.connect(HARNESS_CLIENT).await;
        let (mut control_near, mut control_far) = net.connect("deadwatch.control").await;

        net.wire.inflict(fault(client("shared")));
        assert!(!carries(&mut near, &mut far).await);
        assert!(carries(&mut other_near, &mut other_far).await);

        net.wire.inflict(fault(Reach::All));
        assert!(!carries(&mut other_near, &mut other_far).await);
        assert!(carries(&mut own_near, &mut own_far).await);
        assert!(carries(&mut control_near, &mut control_far).await);
        let (mut control_near, mut control_far) = net.connect("deadwatch.control").await;
        assert!(carries(&mut control_near, &mut control_far).await);
    }
}

#[tokio::test(start_paused = true)]
async fn the_harness_is_served_and_not_seen() {
    let mut net = Net::new();
    let mut connection = net.open(HARNESS_CLIENT).await;
    connection.call(1, TXN).await;
    connection.answer(1).await;
    drop(connection.near);
    assert_ended(&mut connection.far).await;
    assert!(net.sightings.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_swallows_both_directions_and_closes_nothing() {
    let mut net = Net::new();
    let (mut near, mut far) = net.connect("shared").await;
    pass(&mut near, &mut far, b"before").await;

    net.wire.inflict(Fault::BlackHole(BlackHole { reach: Reach::All, length: Duration::from_secs(6) }));
    // Far more than all buffers between them hold: the hole takes it.
    soon(near.write_all(&[1; 1 << 20])).await.unwrap();
    soon(far.write_all(&[2; 1 << 20])).await.unwrap();

    assert_silent(&mut near).await;
    assert_silent(&mut far).await;
    assert_eq!(net.seen(), [], "it is still open");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_in_a_black_hole_is_not_heard_and_a_client_that_does_leaves_nothing_behind() {
    let mut net = Net::new();
    let (mut near, far) = net.connect("shared").await;
    let (other_near, mut other_far) = net.connect("other").await;
    net.wire.inflict(Fault::BlackHole(BlackHole { reach: Reach::All, length: Duration::from_secs(6) }));

    drop(far);
    assert_silent(&mut near).await;
    drop(other_near);
    assert_ended(&mut other_far).await;

    assert_eq!(net.seen(), [("other".to_owned(), Seen::Disconnected)]);
    drop(near);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(net.seen(), [("shared".to_owned(), Seen::Disconnected)]);
    assert!(net.wire.faults.state().connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_connection_opened_in_a_black_hole_stays_swallowed_and_one_opened_after_it_is_served() {
    let mut net = Net::new();
    net.wire.inflict(Fault::BlackHole(BlackHole { reach: Reach::All, length: Duration::from_secs(6) }));
    sleep(Duration::from_millis(5_999)).await;

    let mut swallowed = net.dial("shared").await;
    swallowed.write_all(b"anybody?").await.unwrap();
    assert!(timeout(Duration::from_millis(1), net.accepted.recv()).await.is_err(), "no server hears of it");

    let (mut near, mut far) = net.connect("shared").await;
    pass(&mut near, &mut far, b"served").await;
    assert_silent(&mut swallowed).await;
    assert!(net.accepted.try_recv().is_err(), "no server hears of it later either");
    drop(swallowed);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(net.seen(), [("shared".to_owned(), Seen::Disconnected)]);
}

#[tokio::test(start_paused = true)]
async fn a_black_holed_connection_can_still_be_dropped() {
    let mut net = Net::new();
    let (mut near, mut far) = net.connect("shared").await;
    net.wire.inflict(Fault::BlackHole(BlackHole { reach: Reach::All, length: Duration::from_secs(6) }));
    // At the same instant, and after a while.
    let mut swallowed = net.dial("shared").await;
    sleep(Duration::from_secs(1)).await;
    net.wire.inflict(Fault::DropConnections(Reach::All));
    for end in [&mut near, &mut far, &mut swallowed] {
        assert_ended(end).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_etcd_that_moves_while_faults_act_is_found_behind_them() {
    let mut net = Net::new();
    let (mut near, _far) = net.connect("shared").await;
    net.wire.inflict(Fault::BlackHole(BlackHole { reach: Reach::All, length: Duration::from_secs(6) }));
    net.wire.inflict(Fault::LoseReplies(txn(1, Instead::Close)));
    let (elsewhere, accepted) = server();

    net.wire.redirect(elsewhere);
    net.accepted = accepted;
    let mut swallowed = net.dial("shared").await;
    sleep(Duration::from_secs(6)).await;

    let mut connection = net.open("shared").await;
    connection.call(1, TXN).await;
    let reply = connection.reply(1);
    connection.far.write_all(&reply).await.unwrap();
    assert_ended(&mut connection.near).await;
    assert_silent(&mut near).await;
    assert_silent(&mut swallowed).await;
}

fn txn(count: usize, instead: Instead) -> LoseReplies {
    LoseReplies { reach: client("shared"), method: Method::Txn, count, instead }
}

fn lost() -> (String, Seen) {
    ("shared".to_owned(), Seen::ReplyLost { method: TXN.to_owned() })
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_closes_the_connection_after_what_was_complete_before_it() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    net.wire.inflict(Fault::LoseReplies(txn(1, Instead::Close)));

    // The server gets all three calls: a reply is lost, and not the call.
    for (stream, method) in [(1, RANGE), (3, TXN), (5, RANGE)] {
        connection.call(stream, method).await;
    }
    let before = connection.reply(1);
    let lost_and_later = [connection.reply(3), connection.reply(5)].concat();
    connection.far.write_all(&[before.clone(), lost_and_later].concat()).await.unwrap();

    hear(&mut connection.near, &before).await;
    assert_ended(&mut connection.near).await;
    assert_ended(&mut connection.far).await;
    assert_eq!(net.seen(), [lost(), ("shared".to_owned(), Seen::Disconnected)]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_can_leave_the_connection_open_and_silent() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    net.wire.inflict(Fault::LoseReplies(txn(1, Instead::Hang)));

    connection.call(1, TXN).await;
    let reply = connection.reply(1);
    connection.far.write_all(&reply).await.unwrap();
    assert_silent(&mut connection.near).await;
    connection.near.write_all(b"anybody?").await.unwrap();
    assert_silent(&mut connection.far).await;

    assert_eq!(net.seen(), [lost()]);
    let mut connection = net.open("shared").await;
    connection.call(1, TXN).await;
    connection.answer(1).await;
}

#[tokio::test(start_paused = true)]
async fn as_many_replies_are_lost_as_were_named_of_all_clients_together() {
    let mut net = Net::new();
    net.wire.inflict(Fault::LoseReplies(LoseReplies { reach: Reach::All, ..txn(2, Instead::Close) }));
    for (name, arrives) in [("a", false), ("b", false), ("a", true), ("b", true)] {
        let mut connection = net.open(name).await;
        connection.call(1, TXN).await;
        let reply = connection.reply(1);
        connection.far.write_all(&reply).await.unwrap();
        let heard = soon(connection.near.read(&mut [0])).await.unwrap();
        assert_eq!(heard == 1, arrives, "at {name}");
    }
    assert_eq!(net.seen().iter().filter(|(_, seen)| *seen == lost().1).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn neither_a_refused_call_nor_one_whose_reply_has_begun_nor_another_clients_loses_its_reply() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    connection.call(1, TXN).await;
    let begun = connection.server.answer(1);
    pass(&mut connection.far, &mut connection.near, &begun).await;

    net.wire.inflict(Fault::LoseReplies(txn(1, Instead::Close)));

    let rest = [frame(DATA, 0, 1, &message(b"done")), connection.server.trailers(1, "0", "")].concat();
    pass(&mut connection.far, &mut connection.near, &rest).await;
    connection.call(3, TXN).await;
    let refusal = connection.server.trailers(3, "16", "etcdserver: invalid auth token");
    pass(&mut connection.far, &mut connection.near, &refusal).await;
    let mut other = net.open("other").await;
    other.call(1, TXN).await;
    other.answer(1).await;

    connection.call(5, TXN).await;
    let reply = connection.reply(5);
    connection.far.write_all(&reply).await.unwrap();
    assert_ended(&mut connection.near).await;
}

#[tokio::test(start_paused = true)]
async fn a_delay_holds_up_what_the_server_sends_by_exactly_its_time_and_in_order() {
    let mut net = Net::new();
    let (mut near, mut far) = net.connect("shared").await;
    let begin = Instant::now();
    let (by, length) = (Duration::from_millis(200), Duration::from_millis(300));
    net.wire.inflict(Fault::Delay(Delay { reach: client("shared"), by, length }));

    // Each piece follows before the last has arrived; the last of them comes when the delay is over.
    let sending = tokio::spawn(async move {
        for (at_ms, octet) in [(0, 1), (150, 2), (299, 3), (301, 4), (600, 5)] {
            sleep_until(begin + Duration::from_millis(at_ms)).await;
            far.write_u8(octet).await.unwrap();
        }
        far
    });
    near.write_u8(0).await.unwrap();
    let mut heard = Vec::new();
    for _ in 0..5 {
        let octet = soon(near.read_u8()).await.unwrap();
        heard.push((begin.elapsed().as_millis(), octet));
    }

    // 4 was sent when the delay was over, but may not overtake 3.
    assert_eq!(heard, [(200, 1), (350, 2), (499, 3), (499, 4), (600, 5)]);
    let mut far = sending.await.unwrap();
    assert_eq!(far.read_u8().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_delay_does_not_hold_up_the_client() {
    let mut net = Net::new();
    let (mut near, mut far) = net.connect("shared").await;
    let begin = Instant::now();
    let by = Duration::from_secs(2);
    net.wire.inflict(Fault::Delay(Delay { reach: Reach::All, by, length: by }));
    // What is on its way to the client does not hold up what comes from it either.
    far.write_u8(1).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    near.write_u8(2).await.unwrap();

    assert_eq!(soon(far.read_u8()).await.unwrap(), 2);
    assert_eq!(begin.elapsed(), Duration::from_secs(1));
    assert_eq!(soon(near.read_u8()).await.unwrap(), 1);
    assert_eq!(begin.elapsed(), by);
}

#[tokio::test(start_paused = true)]
async fn delays_add_up_and_the_end_of_the_server_comes_late_too() {
    let mut net = Net::new();
    let (mut near, mut far) = net.connect("shared").await;
    let begin = Instant::now();
    let length = Duration::from_secs(9);
    for (reach, by_ms) in [(Reach::All, 200), (client("shared"), 300), (client("other"), 7_000)] {
        net.wire.inflict(Fault::Delay(Delay { reach, by: Duration::from_millis(by_ms), length }));
    }
    far.write_u8(1).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    drop(far);

    assert_eq!(soon(near.read_u8()).await.unwrap(), 1);
    assert_eq!(begin.elapsed(), Duration::from_millis(500));
    assert_ended(&mut near).await;
    assert_eq!(begin.elapsed(), Duration::from_millis(600));
}

#[tokio::test(start_paused = true)]
async fn a_long_message_is_held_up_as_a_whole_and_arrives_unchanged() {
    let mut net = Net::new();
    let (mut near, mut far) = net.connect("shared").await;
    let long: Vec<u8> = (0..300_000_u32).map(|number| number as u8).collect();
    let begin = Instant::now();
    let by = Duration::from_millis(200);
    net.wire.inflict(Fault::Delay(Delay { reach: Reach::All, by, length: by * 5 }));

    // More than the pipes hold: it is read although nothing of it has arrived.
    soon(far.write_all(&long)).await.unwrap();
    assert!(begin.elapsed().is_zero());
    hear(&mut near, &long).await;
    assert_eq!(begin.elapsed(), by);
}
