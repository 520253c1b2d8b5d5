#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::frames::{Piece, Splitter};
use crate::wire::sample::{
    self, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, PRIORITY, Peer, compressed_message,
    encoded, frame, message, opening,
};

const AUTHENTICATE: &str = "/etcdserverpb.Auth/Authenticate";
const RANGE: &str = "/etcdserverpb.KV/Range";
const WATCH: &str = "/etcdserverpb.Watch/Watch";
const DENIED: &str = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";

use Side::{Client, Server};

/// A connection under observation.
struct Line {
    conversation: Conversation,
    client: Splitter,
    server: Splitter,
}

impl Line {
    fn opened() -> Self {
        let mut line = Self {
            conversation: Conversation::new(),
            client: Splitter::new(Client),
            server: Splitter::new(Server),
        };
        assert_eq!(line.passes(Client, &opening(Client)), []);
        assert_eq!(line.passes(Server, &opening(Server)), []);
        line
    }

    fn passes(&mut self, from: Side, bytes: &[u8]) -> Vec<Seen> {
        let splitter = match from {
            Client => &mut self.client,
            Server => &mut self.server,
        };
        splitter.buffer().extend_from_slice(bytes);
        let mut seen = Vec::new();
        while let Some(piece) = splitter.next_piece() {
            if let Piece::Frame(frame) = piece {
                seen.extend(self.conversation.take(from, &frame));
            }
        }
        seen
    }
}

fn request(method: &str, token: Option<&str>) -> Seen {
    Seen::Request { method: method.to_owned(), token: token.map(str::to_owned) }
}

fn refusal(watch_id: i64) -> WatchResponse {
    WatchResponse {
        watch_id,
        created: true,
        canceled: true,
        cancel_reason: DENIED.into(),
        ..Default::default()
    }
}

fn refused(watch_id: i64, token: &str) -> Seen {
    Seen::WatchRefused { watch_id, reason: DENIED.to_owned(), token: Some(token.to_owned()) }
}

#[test]
fn a_unary_call_is_one_request_with_the_token_it_was_opened_with() {
    let (mut line, mut client, mut server) = (Line::opened(), Peer::new(), Peer::new());

    assert_eq!(line.passes(Client, &client.call(1, RANGE, Some("t.1"))), []);
    assert_eq!(
        line.passes(Client, &frame(DATA, END_STREAM, 1, &message(b"key"))),
        [request(RANGE, Some("t.1"))]
    );

    let answer =
        [server.answer(1), frame(DATA, 0, 1, &message(b"value")), server.trailers(1, "0", "")].concat();
    assert_eq!(line.passes(Server, &answer), []);
    assert!(line.conversation.calls.is_empty(), "a finished call is forgotten");
}

#[test]
fn an_empty_request_and_one_in_several_frames_are_one_request_each() {
    let (mut line, mut client) = (Line::opened(), Peer::new());
    line.passes(Client, &client.call(1, RANGE, None));
    line.passes(Client, &client.call(3, RANGE, None));
    let long = message(&[7; 1000]);

    assert_eq!(line.passes(Client, &frame(DATA, END_STREAM, 1, &message(b""))), [request(RANGE, None)]);
    assert_eq!(line.passes(Client, &frame(DATA, 0, 3, &long[..3])), []);
    assert_eq!(line.passes(Client, &frame(DATA, 0, 3, &long[3..900])), []);
    assert_eq!(line.passes(Client, &frame(DATA, 0, 3, &long[900..])), [request(RANGE, None)]);
}

#[test]
fn a_watch_stream_is_no_request_but_each_message_on_it_is() {
    let (mut line, mut client) = (Line::opened(), Peer::new());

    assert_eq!(line.passes(Client, &client.call(1, WATCH, Some("t.1"))), []);
    let create_and_cancel = [message(b"create"), message(b"cancel")].concat();
    let both = [request(WATCH, Some("t.1")), request(WATCH, Some("t.1"))];
    assert_eq!(line.passes(Client, &frame(DATA, 0, 1, &create_and_cancel)), both);
}

#[test]
fn a_login_tells_its_token_even_as_the_header_table_grows() {
    let (mut line, mut client, mut server) = (Line::opened(), Peer::new(), Peer::new());

    for (stream, token) in [(1, "t.1"), (3, "t.2"), (5, "t.3")] {
        let call =
            [client.call(stream, AUTHENTICATE, None), frame(DATA, END_STREAM, stream, &message(b"root"))];
        assert_eq!(line.passes(Client, &call.concat()), [request(AUTHENTICATE, None)]);
        let body = encoded(&AuthenticateResponse { token: token.into() });
        let answer = [server.answer(stream), frame(DATA, 0, stream, &body), server.trailers(stream, "0", "")];
        assert_eq!(line.passes(Server, &answer.concat()), [Seen::LoggedIn { token: token.into() }]);
    }
}

#[test]
fn a_watch_that_is_created_and_canceled_at_once_is_refused_with_the_servers_reason() {
    let (mut line, mut client, mut server) = (Line::opened(), Peer::new(), Peer::new());
    line.passes(Client, &client.call(1, WATCH, Some("t.1")));
    let responses = [
        WatchResponse { created: true, ..Default::default() },
        // What 3.5.5 says, and what 3.4 says. No watch has the id -1, so that the third can end none either.
        refusal(0),
        refusal(-1),
        WatchResponse { created: false, ..refusal(-1) },
    ];

    let body: Vec<_> = responses.iter().flat_map(encoded).collect();
    let seen = line.passes(Server, &[server.answer(1), frame(DATA, 0, 1, &body)].concat());

    assert_eq!(seen, [refused(0, "t.1"), refused(-1, "t.1"), refused(-1, "t.1")]);
}

#[test]
fn a_compacted_watch_is_told_with_its_revision_and_an_ordinary_cancel_is_not_told() {
    let (mut line, mut client, mut server) = (Line::opened(), Peer::new(), Peer::new());
    line.passes(Client, &client.call(1, WATCH, None));
    let canceled = WatchResponse { watch_id: 4, canceled: true, ..Default::default() };
    let compacted = WatchResponse { watch_id: 5, compact_revision: 9, ..canceled.clone() };

    let body = [encoded(&canceled), encoded(&compacted)].concat();
    let seen = line.passes(Server, &[server.answer(1), frame(DATA, 0, 1, &body)].concat());

    assert_eq!(seen, [Seen::WatchCompacted { watch_id: 5, compact_revision: 9 }]);
}

#[test]
fn a_call_that_fails_tells_its_code_and_its_message_in_plain_text() {
    let (mut line, mut client, mut server) = (Line::opened(), Peer::new(), Peer::new());
    line.passes(Client, &client.call(1, RANGE, None));
    line.passes(Client, &client.call(3, WATCH, None));

    // An answer of trailers only, as etcd sends for a refused call; and one after a body.
    let seen = line.passes(Server, &server.trailers(1, "16", "etcdserver: invalid auth token"));
    let failed = |method: &str, code, message: &str| {
        [Seen::Failed { method: method.into(), code, message: message.into() }]
    };
    assert_eq!(seen, failed(RANGE, 16, "etcdserver: invalid auth token"));
    let answer = [server.answer(3), server.trailers(3, "14", "50%25 of caf%C3%A9%0A")].concat();
    assert_eq!(line.passes(Server, &answer), failed(WATCH, 14, "50% of café\n"));
}

#[test]
fn a_stream_that_either_side_resets_is_forgotten() {
    let (mut line, mut client, mut server) = (Line::opened(), Peer::new(), Peer::new());
    for (stream, resetting) in [(1, Client), (3, Server)] {
        line.passes(Client, &client.call(stream, WATCH, None));
        line.passes(resetting, &frame(sample::RESET_STREAM, 0, stream, &[0, 0, 0, 8]));
        assert!(line.conversation.calls.is_empty());
        // Still under way when the stream was reset: it changes the header table, and means nothing.
        assert_eq!(line.passes(Server, &server.trailers(stream, "1", "canceled")), []);
        assert_eq!(line.passes(Client, &frame(DATA, 0, stream, &message(b"create"))), []);
    }
    line.passes(Client, &client.call(5, RANGE, None));
    let seen = line.passes(Server, &server.trailers(5, "1", "canceled"));
    assert_eq!(seen, [Seen::Failed { method: RANGE.into(), code: 1, message: "canceled".into() }]);
}

#[test]
fn a_header_block_is_read_over_continuations_padding_and_priority() {
    let (mut line, mut client) = (Line::opened(), Peer::new());
    let block = client.block(&[(":path", RANGE), ("token", "t.1")]);
    let first = [&[2, 0, 0, 0, 0, 16], &block[..4], &[0, 0]].concat();
    let sent = [
        frame(HEADERS, PADDED | PRIORITY, 1, &first),
        frame(CONTINUATION, 0, 1, &block[4..6]),
        frame(CONTINUATION, END_HEADERS, 1, &block[6..]),
        frame(DATA, PADDED | END_STREAM, 1, &[&[1], &message(b"key")[..], &[0]].concat()),
    ];

    assert_eq!(line.passes(Client, &sent.concat()), [request(RANGE, Some("t.1"))]);
}

#[test]
fn a_change_of_the_header_tables_size_is_followed() {
    let (mut line, mut client) = (Line::opened(), Peer::new());
    line.passes(Client, &client.call(1, RANGE, Some("t.1")));
    // Table size 0 empties the table, and 4096 lets it fill again (RFC 7541, section 6.3).
    let mut again = Peer::new();
    let block = [&[0x20, 0x3f, 0xe1, 0x1f], &again.block(&[(":path", RANGE), ("token", "t.2")])[..]].concat();

    line.passes(Client, &frame(HEADERS, END_HEADERS, 3, &block));
    line.passes(Client, &again.call(5, RANGE, Some("t.2")));

    for stream in [3, 5] {
        let seen = line.passes(Client, &frame(DATA, END_STREAM, stream, &message(b"key")));
        assert_eq!(seen, [request(RANGE, Some("t.2"))]);
    }
}

#[test]
fn etcds_answers_are_read_by_their_field_numbers() {
    // A header (field 1) comes first in both, as etcd sends it.
    let login = [&b"\x0a\x02\x18\x01\x12\x03"[..], b"t.1"].concat();
    let refusal = [&b"\x0a\x02\x18\x01\x10\x07\x18\x01\x20\x01\x32\x02"[..], b"no"].concat();
    let compacted = b"\x0a\x02\x18\x00\x10\x08\x20\x01\x28\x09";

    assert_eq!(Answer::Login.read(&login, None), Some(Seen::LoggedIn { token: "t.1".into() }));
    let refused = Seen::WatchRefused { watch_id: 7, reason: "no".into(), token: Some("t.1".into()) };
    assert_eq!(Answer::Watch.read(&refusal, Some("t.1")), Some(refused));
    let seen = Answer::Watch.read(compacted, None);
    assert_eq!(seen, Some(Seen::WatchCompacted { watch_id: 8, compact_revision: 9 }));
}

#[test]
fn messages_that_are_compressed_or_long_are_skipped_and_the_next_is_read() {
    let (mut line, mut client, mut server) = (Line::opened(), Peer::new(), Peer::new());
    line.passes(Client, &client.call(1, WATCH, Some("t.1")));
    line.passes(Server, &server.answer(1));
    let refusal = refusal(0).encode_to_vec();
    let long = WatchResponse { cancel_reason: "x".repeat(70_000), ..self::refusal(0) };
    let unreadable = message(&[0xff; 20]);

    let body = [compressed_message(&refusal), encoded(&long), unreadable, message(&refusal)].concat();
    let frames: Vec<_> = body.chunks(16 << 10).flat_map(|data| frame(DATA, 0, 1, data)).collect();

    assert_eq!(line.passes(Server, &frames), [refused(0, "t.1")]);
}

#[test]
fn what_cannot_be_understood_ends_the_sightings() {
    let nonsense = [
        ("an index beyond the table", frame(HEADERS, END_HEADERS, 1, &[0xff, 0x7f])),
        ("a continuation of nothing", frame(CONTINUATION, END_HEADERS, 1, &[])),
        ("more padding than frame", frame(DATA, PADDED, 1, &[9])),
        ("a pushed stream", frame(sample::PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])),
        ("a block that another frame cuts", [frame(HEADERS, 0, 1, &[]), frame(DATA, 0, 1, &[])].concat()),
        (
            "a block that another stream continues",
            [frame(HEADERS, 0, 1, &[]), frame(CONTINUATION, END_HEADERS, 3, &[])].concat(),
        ),
    ];
    for (what, bytes) in nonsense {
        let (mut line, mut client) = (Line::opened(), Peer::new());
        line.passes(Client, &client.call(1, RANGE, None));

        assert_eq!(line.passes(Server, &bytes), [], "{what}");

        assert!(line.conversation.calls.is_empty(), "{what}");
        line.passes(Client, &client.call(3, RANGE, None));
        assert_eq!(line.passes(Client, &frame(DATA, END_STREAM, 3, &message(b"key"))), [], "{what}");
    }
}

#[test]
fn a_header_block_without_end_is_not_kept() {
    let mut line = Line::opened();
    line.passes(Client, &frame(HEADERS, 0, 1, &[]));
    let more = frame(CONTINUATION, 0, 1, &[0; 16 << 10]);

    for _ in 0..64 {
        assert_eq!(line.conversation.followed, Followed::Yes);
        line.passes(Client, &more);
    }
    line.passes(Client, &more);
    assert_eq!(line.conversation.followed, Followed::NoMore);
}

/// The story on one stream: a login, a watch, its refusal, and a call that fails.
fn story() -> (Vec<u8>, Vec<u8>, Vec<Seen>) {
    let (mut client, mut server) = (Peer::new(), Peer::new());
    let sent = [
        client.call(1, AUTHENTICATE, None),
        frame(DATA, END_STREAM, 1, &message(b"root")),
        client.call(3, WATCH, Some("t.1")),
        frame(DATA, 0, 3, &message(b"create")),
        frame(DATA, 0, 3, &message(b"create")),
        client.call(5, RANGE, Some("t.1")),
        frame(DATA, END_STREAM, 5, &message(&[1; 400])),
    ];
    let answered = [
        server.answer(1),
        frame(DATA, 0, 1, &encoded(&AuthenticateResponse { token: "t.1".into() })),
        server.trailers(1, "0", ""),
        server.answer(3),
        frame(DATA, 0, 3, &encoded(&WatchResponse { created: true, ..Default::default() })),
        frame(DATA, 0, 3, &encoded(&refusal(0))),
        server.trailers(5, "16", "etcdserver: invalid auth token"),
    ];
    let seen = vec![
        request(AUTHENTICATE, None),
        request(WATCH, Some("t.1")),
        request(WATCH, Some("t.1")),
        request(RANGE, Some("t.1")),
        Seen::LoggedIn { token: "t.1".into() },
        refused(0, "t.1"),
        Seen::Failed { method: RANGE.into(), code: 16, message: "etcdserver: invalid auth token".into() },
    ];
    (sent.concat(), answered.concat(), seen)
}

proptest! {
    #[test]
    fn the_same_is_seen_however_the_bytes_are_cut(chunks in vec(1usize..60, 1..80)) {
        let (sent, answered, expected) = story();
        let mut line = Line::opened();
        let mut seen = Vec::new();

        let mut sizes = chunks.iter().copied().cycle();
        for (from, mut bytes) in [(Client, &sent[..]), (Server, &answered[..])] {
            while !bytes.is_empty() {
                let (now, later) = bytes.split_at(sizes.next().unwrap().min(bytes.len()));
                seen.extend(line.passes(from, now));
                bytes = later;
            }
        }

        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn no_frame_whatsoever_is_too_much(
        frames in vec((any::<bool>(), 0u8..11, any::<u8>(), 0u32..4, vec(any::<u8>(), 0..120)), 0..40)
    ) {
        let mut line = Line::opened();
        let mut client = Peer::new();
        line.passes(Client, &client.call(1, AUTHENTICATE, None));
        line.passes(Client, &client.call(3, WATCH, None));

        for (from_client, kind, flags, stream, payload) in frames {
            let from = if from_client { Client } else { Server };
            line.passes(from, &frame(kind, flags, stream, &payload));
        }
    }
}
