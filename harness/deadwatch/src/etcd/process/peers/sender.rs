//! Whose connection it is.

use super::MemberId;

/// The header in which a member says which it is (etcd v3.5.5 server/etcdserver/api/rafthttp/stream.go, `dial`, and
/// util.go, `createPostRequest`; the same from 3.4 to 3.7).
const FROM: &str = "x-server-from";
/// The longest head of a request that is waited for, bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// Reads along what a member sends on a connection until it names itself. A connection that is kept for several
/// requests may begin with some that do not: probes, questions for the members.
#[derive(Debug, Default)]
pub(super) struct Sniffer {
    at: At,
    /// Of a head that has not ended.
    unfinished: Vec<u8>,
}

#[derive(Debug, Default)]
enum At {
    #[default]
    Head,
    /// So many bytes of a body are to come.
    Body(usize),
    /// It is not known where the next request begins.
    Lost,
    Done,
}

impl Sniffer {
    /// Takes what was sent next; says who sent it, once.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Option<MemberId> {
        loop {
            match self.at {
                At::Lost | At::Done => return None,
                At::Body(left) => {
                    let here = left.min(bytes.len());
                    bytes = &bytes[here..];
                    self.at = if here == left { At::Head } else { At::Body(left - here) };
                    if bytes.is_empty() {
                        return None;
                    }
                }
                At::Head => {
                    let before = self.unfinished.len();
                    self.unfinished.extend_from_slice(bytes);
                    // It may end in the middle of its own end.
                    let from = before.saturating_sub(3);
                    let Some(end) = self.unfinished[from..].windows(4).position(|four| four == b"\r\n\r\n")
                    else {
                        if self.unfinished.len() > LONGEST_HEAD {
                            self.at = At::Lost;
                        }
                        return None;
                    };
                    let head = Head::of(&self.unfinished[..from + end]);
                    bytes = &bytes[from + end + 4 - before..];
                    self.unfinished.clear();
                    self.at = match head {
                        Head { from: Some(_), .. } => At::Done,
                        Head { body: Some(length), .. } => At::Body(length),
                        Head { body: None, .. } => At::Lost,
                    };
                    if head.from.is_some() {
                        return head.from;
                    }
                }
            }
        }
    }
}

/// What matters of a request's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    from: Option<MemberId>,
    /// How long the body is, bytes; none: it says so itself.
    body: Option<usize>,
}

impl Head {
    fn of(head: &[u8]) -> Self {
        let head = String::from_utf8_lossy(head);
        let mut read = Self { from: None, body: Some(0) };
        for line in head.split("\r\n").skip(1) {
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                FROM => read.from = value.trim().parse().ok(),
                "content-length" => read.body = value.trim().parse().ok(),
                "transfer-encoding" => read.body = None,
                _ => {}
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const STREAM: &str = "GET /raft/stream/message/1f HTTP/1.1\r\nHost: x\r\nX-Server-From: a0b\r\n\r\n";

    fn sent(text: &str, piece_bytes: usize) -> Vec<MemberId> {
        let mut sniffer = Sniffer::default();
        text.as_bytes().chunks(piece_bytes).filter_map(|piece| sniffer.take(piece)).collect()
    }

    #[test]
    fn a_stream_names_its_sender_however_its_request_is_cut_into_pieces() {
        for piece_bytes in 1..=STREAM.len() {
            assert_eq!(sent(STREAM, piece_bytes), ["a0b".parse().unwrap()], "{piece_bytes}");
        }
    }

    #[test]
    fn requests_before_it_are_passed_over_with_their_bodies() {
        let before = "GET /raft/probing HTTP/1.1\r\nHost: x\r\n\r\n\
                      POST /leases HTTP/1.1\r\nContent-Length: 22\r\n\r\nX-Server-From: 1\r\n\r\nxy";
        let all = format!("{before}{STREAM}");
        for piece_bytes in 1..=all.len() {
            assert_eq!(sent(&all, piece_bytes), ["a0b".parse().unwrap()], "{piece_bytes}");
        }
    }

    #[test]
    fn after_a_body_of_unknown_length_nobody_is_guessed_at() {
        let all = format!("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{STREAM}");
        assert_eq!(sent(&all, 7), []);
    }
}
