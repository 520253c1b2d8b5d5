use super::*;
use crate::subject::clientv3::EventKind;

const EXPIRED: &str = "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token";
const DENIED: &str = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";

fn request(prefix: &str, revision: i64) -> WatchRequest {
    WatchRequest { prefix: prefix.to_owned(), revision }
}

fn created(watch_id: i64) -> Incoming {
    Incoming { watch_id, created: true, header_revision: 7, ..Incoming::default() }
}

fn refused(watch_id: i64, reason: &str) -> Incoming {
    Incoming { canceled: true, cancel_reason: reason.to_owned(), ..created(watch_id) }
}

fn put(watch_id: i64, mod_revision: i64) -> Incoming {
    let event = Event { kind: EventKind::Put, key: b"/a/1".to_vec(), value: b"1".to_vec(), mod_revision };
    Incoming { watch_id, header_revision: mod_revision, events: vec![event], ..Incoming::default() }
}

fn compacted(watch_id: i64) -> Incoming {
    Incoming { watch_id, canceled: true, compact_revision: 9, ..Incoming::default() }
}

fn closing(number: Number, reason: &str) -> Action {
    Action::Deliver(number, WatchResponse::closing(Error::Text(reason.to_owned())))
}

/// Watches 0 and 1 of prefixes `/a` and `/b`, created with those ids.
fn two_watches(refused_watch: RefusedWatch) -> Demultiplexer {
    let mut streams = Demultiplexer::new(refused_watch);
    assert_eq!(streams.watch(0, request("/a", 5)), [Action::Open]);
    streams.resume_all();
    assert_eq!(streams.response(created(0)), []);
    assert_eq!(streams.watch(1, request("/b", 6)), [Action::Create(request("/b", 6))]);
    assert_eq!(streams.response(created(1)), []);
    streams
}

#[test]
fn the_next_create_is_sent_when_the_one_before_is_answered() {
    let mut streams = Demultiplexer::new(RefusedWatch::Ends);
    assert_eq!(streams.watch(0, request("/a", 5)), [Action::Open]);
    assert_eq!(streams.watch(1, request("/b", 6)), []);
    streams.resume_all();
    assert_eq!(streams.head(), Some(&request("/a", 5)));
    assert_eq!(streams.response(created(0)), [Action::Create(request("/b", 6))]);
    assert_eq!(streams.response(created(1)), []);
}

#[test]
fn events_go_to_the_watch_of_their_id() {
    let mut streams = two_watches(RefusedWatch::Ends);
    let actions = streams.response(put(1, 8));
    assert!(
        matches!(&actions[..], [Action::Deliver(1, response)] if response.events.len() == 1),
        "{actions:?}"
    );
}

#[test]
fn a_refused_watch_is_handed_the_reason_and_closed_while_the_others_go_on() {
    for id in [0, -1] {
        let mut streams = two_watches(RefusedWatch::Ends);
        streams.watch(2, request("/c", 8));
        assert_eq!(streams.response(refused(id, DENIED)), [closing(2, DENIED), Action::Close(2)]);
        assert!(matches!(streams.response(put(0, 9))[..], [Action::Deliver(0, _)]));
    }
}

#[test]
fn a_refusal_of_the_only_watch_ends_the_stream() {
    let mut streams = Demultiplexer::new(RefusedWatch::Ends);
    streams.watch(0, request("/a", 5));
    streams.resume_all();
    let actions = streams.response(refused(-1, EXPIRED));
    assert_eq!(actions, [closing(0, EXPIRED), Action::Close(0), Action::Finish]);
}

#[test]
fn a_watch_that_ends_after_a_refusal_is_handed_that_refusal_too() {
    let mut streams = two_watches(RefusedWatch::Ends);
    streams.watch(2, request("/c", 8));
    streams.response(refused(-1, EXPIRED));
    let ended = Incoming { watch_id: 0, canceled: true, ..Incoming::default() };
    assert_eq!(streams.response(ended), [closing(0, EXPIRED), Action::Close(0), Action::Cancel(0)]);
}

#[test]
fn a_compacted_watch_is_handed_one_failed_response_and_closed() {
    let mut streams = two_watches(RefusedWatch::Ends);
    let actions = streams.response(compacted(0));
    let [Action::Deliver(0, response), Action::Close(0), Action::Cancel(0)] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert!(response.canceled);
    assert_eq!(
        response.error().map(|error| error.to_string()).as_deref(),
        Some("etcdserver: mvcc: required revision has been compacted")
    );
}

#[test]
fn a_stream_that_ends_resumes_each_watch_at_its_next_revision() {
    let mut streams = two_watches(RefusedWatch::Ends);
    streams.response(put(0, 8));
    streams.resume_all();
    assert_eq!(streams.head(), Some(&request("/a", 9)));
    assert_eq!(streams.response(created(0)), [Action::Create(request("/b", 6))]);
}

#[test]
fn a_watch_of_the_present_is_resumed_at_the_revision_it_was_created_at() {
    let mut streams = Demultiplexer::new(RefusedWatch::Ends);
    streams.watch(0, request("/a", 0));
    streams.resume_all();
    streams.response(created(0));
    streams.resume_all();
    assert_eq!(streams.head(), Some(&request("/a", 7)));
}

#[test]
fn a_stream_that_ends_for_good_hands_every_watch_the_error_once() {
    let mut streams = two_watches(RefusedWatch::Ends);
    streams.watch(2, request("/c", 8));
    assert_eq!(
        streams.halt(Error::Text("EOF".to_owned())),
        [
            closing(0, "EOF"),
            Action::Close(0),
            closing(1, "EOF"),
            Action::Close(1),
            closing(2, "EOF"),
            Action::Close(2),
            Action::Finish
        ]
    );
}

#[test]
fn giving_up_one_watch_tells_the_server_and_giving_up_the_last_ends_the_stream() {
    let mut streams = two_watches(RefusedWatch::Ends);
    assert_eq!(streams.cancel(0), [Action::Cancel(0)]);
    assert_eq!(streams.response(Incoming { watch_id: 0, canceled: true, ..Incoming::default() }), []);
    assert_eq!(streams.cancel(1), [Action::Finish]);
}

#[test]
fn a_watch_given_up_before_it_is_created_leaves_the_stream_open_and_its_events_are_cancelled_once() {
    let mut streams = Demultiplexer::new(RefusedWatch::Ends);
    streams.watch(0, request("/a", 5));
    streams.resume_all();
    assert_eq!(streams.cancel(0), []);
    assert_eq!(streams.response(created(0)), []);
    assert_eq!(streams.response(put(0, 8)), [Action::Cancel(0)]);
    assert_eq!(streams.response(put(0, 9)), []);
}

#[test]
fn a_retrying_client_opens_a_new_stream_with_the_refused_watch_first() {
    let mut streams = two_watches(RefusedWatch::RetriesStaleAuth);
    streams.watch(2, request("/c", 8));
    assert_eq!(streams.response(refused(-1, EXPIRED)), [Action::Open]);
    streams.resume_all();
    assert_eq!(streams.head(), Some(&request("/c", 8)));
    assert_eq!(streams.response(created(0)), [Action::Create(request("/a", 5))]);
    assert_eq!(streams.response(created(1)), [Action::Create(request("/b", 6))]);
}

#[test]
fn a_retrying_client_does_not_know_the_reason_that_old_servers_give() {
    let mut streams = two_watches(RefusedWatch::RetriesStaleAuth);
    streams.watch(2, request("/c", 8));
    assert_eq!(streams.response(refused(0, DENIED)), [closing(2, DENIED), Action::Close(2)]);
}

#[test]
fn a_retry_that_fails_closes_every_watch_without_a_word() {
    let mut streams = two_watches(RefusedWatch::RetriesStaleAuth);
    assert_eq!(streams.abandon(), [Action::Close(0), Action::Close(1), Action::Finish]);
}

#[test]
fn a_stream_that_is_lost_with_no_watch_left_is_opened_for_the_next_one() {
    let mut streams = Demultiplexer::new(RefusedWatch::Ends);
    streams.watch(0, request("/a", 5));
    streams.resume_all();
    streams.cancel(0);
    streams.resume_all();
    assert_eq!(streams.head(), None);
    assert_eq!(streams.watch(1, request("/b", 6)), [Action::Open]);
}
