#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::sample::{self, END_HEADERS, END_STREAM, PADDED, PRIORITY, opening, pieces};

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Client), Just(Side::Server)]
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = vec(any::<u8>(), 0..300);
    (any::<u8>(), any::<u8>(), any::<u32>(), payload)
        .prop_map(|(kind, flags, stream, payload)| sample::frame(kind, flags, stream, &payload))
}

fn only_frame(bytes: &[u8]) -> Frame {
    Frame { bytes: bytes.into() }
}

proptest! {
    #[test]
    fn a_stream_gives_the_same_frames_however_it_is_cut(
        side in side(), frames in vec(any_frame(), 0..20), chunks in vec(1usize..200, 0..60)
    ) {
        let sent = [opening(side), frames.concat()].concat();

        let pieces = pieces(side, &sent, &chunks);

        let begun = match side {
            Side::Client => vec![PREFACE.to_vec(), opening(side)[PREFACE.len()..].to_vec()],
            Side::Server => vec![opening(side)],
        };
        let expected: Vec<_> = begun.into_iter().chain(frames).collect();
        prop_assert!(pieces.iter().all(|piece| !matches!(piece, Piece::Opaque(_))));
        let cut: Vec<_> = pieces.into_iter().map(|piece| piece.into_bytes().to_vec()).collect();
        prop_assert_eq!(cut, expected);
    }

    #[test]
    fn no_byte_of_anything_is_lost_or_changed(
        side in side(), begun in any::<bool>(), noise in vec(any::<u8>(), 0..2000), chunks in vec(1usize..200, 0..60)
    ) {
        let sent = if begun { [opening(side), noise].concat() } else { noise };

        let passed: Vec<_> = pieces(side, &sent, &chunks).into_iter().map(Piece::into_bytes).collect();

        prop_assert_eq!(passed.concat(), sent);
    }
}

#[test]
fn what_is_no_http_2_is_passed_on_as_soon_as_it_shows() {
    for (side, sent) in [
        (Side::Client, &b"GET"[..]),
        (Side::Client, b"PRI * HTTP/1.1"),
        (Side::Server, b"H"),
        (Side::Server, &[0, 0, 6, 0]),
        // A connection does not begin with an acknowledgement.
        (Side::Server, &[0, 0, 0, 4, 1]),
    ] {
        let mut splitter = Splitter::new(side);
        splitter.buffer().extend_from_slice(sent);
        assert_eq!(splitter.next_piece(), Some(Piece::Opaque(sent.into())));

        let later = opening(side);
        splitter.buffer().extend_from_slice(&later);
        assert_eq!(splitter.next_piece(), Some(Piece::Opaque(later[..].into())), "it stays opaque");
    }
}

#[test]
fn a_frame_waits_until_it_is_whole() {
    let mut splitter = Splitter::new(Side::Server);
    let sent = opening(Side::Server);
    let (first, last) = sent.split_at(sent.len() - 1);

    splitter.buffer().extend_from_slice(first);
    assert_eq!(splitter.next_piece(), None);

    splitter.buffer().extend_from_slice(last);
    assert_eq!(splitter.next_piece(), Some(Piece::Frame(only_frame(&sent))));
}

#[test]
fn a_frame_tells_its_header() {
    let frame = only_frame(&sample::frame(sample::HEADERS, END_STREAM | END_HEADERS, 0x8000_0103, b"abc"));

    assert_eq!(frame.kind(), Kind::Headers);
    assert_eq!(frame.stream(), 0x103, "the reserved bit is ignored");
    assert!(frame.ends_stream());
    assert!(frame.ends_headers());
    assert_eq!(frame.content(), Ok(&b"abc"[..]));
    let other = only_frame(&sample::frame(sample::SETTINGS, END_STREAM, 0, b""));
    assert!(!other.ends_stream(), "in SETTINGS the bit acknowledges");
}

#[test]
fn padding_and_priority_are_no_content() {
    let padded = |kind, flags, payload: &[u8]| only_frame(&sample::frame(kind, flags, 1, payload));

    let cases = [
        (padded(sample::DATA, PADDED, b"\x02abcPP"), Ok(&b"abc"[..])),
        (padded(sample::DATA, PADDED, b"\x02PP"), Ok(&b""[..])),
        (padded(sample::HEADERS, PRIORITY, b"DDDDWabc"), Ok(&b"abc"[..])),
        (padded(sample::HEADERS, PRIORITY | PADDED, b"\x01DDDDWabcP"), Ok(&b"abc"[..])),
        // On these kinds the same bits mean nothing.
        (padded(sample::CONTINUATION, PRIORITY | PADDED, b"\x01abc"), Ok(&b"\x01abc"[..])),
        (padded(sample::DATA, PRIORITY, b"abc"), Ok(&b"abc"[..])),
        (padded(sample::DATA, PADDED, b""), Err(Overpadded)),
        (padded(sample::DATA, PADDED, b"\x04abc"), Err(Overpadded)),
        (padded(sample::HEADERS, PRIORITY | PADDED, b"\x02DDDDWP"), Err(Overpadded)),
        (padded(sample::HEADERS, PRIORITY, b"DDDD"), Err(Overpadded)),
    ];

    for (frame, content) in cases {
        assert_eq!(frame.content(), content, "{frame:?}");
    }
}
