//! A channel that refuses messages above a limit, for the in-process subjects whose clients were given one.
//!
//! `tonic` has a limit of its own, on each of a client's parts, with words of its own. This one lies below them, so
//! that it holds whatever those were set to, and refuses in the words of the client that it stands for.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use etcd_client::Channel;
use http_body::Frame;
use tonic::{Status, body::Body};
use tower::{BoxError, ServiceExt, util::BoxCloneSyncService};

/// A message that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Excess {
    /// How long it is.
    pub(super) message_bytes: usize,
    /// How long it might have been.
    pub(super) limit_bytes: usize,
}

/// A channel on which a received message of more than `limit_bytes` ends its call with what `refuse` says of it.
pub(super) fn limited(
    channel: tonic::transport::Channel,
    limit_bytes: usize,
    refuse: fn(Excess) -> Status,
) -> Channel {
    let limited = channel.map_err(BoxError::from).map_response(move |response: http::Response<Body>| {
        response.map(|body| {
            let lengths = Lengths { limit_bytes, state: State::Header(Vec::new()) };
            Body::new(Limited { body, lengths, refuse, refusal: None })
        })
    });
    Channel::Custom(BoxCloneSyncService::new(limited))
}

/// A response's body up to the message that is too large.
struct Limited {
    body: Body,
    lengths: Lengths,
    refuse: fn(Excess) -> Status,
    /// To be said next.
    refusal: Option<Status>,
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(refusal) = self.refusal.take() {
            return Poll::Ready(Some(Err(refusal)));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let Some(Ok(frame)) = frame else { return Poll::Ready(frame) };
        let Some(data) = frame.data_ref() else { return Poll::Ready(Some(Ok(frame))) };
        let Err((start, excess)) = self.lengths.pass(data) else { return Poll::Ready(Some(Ok(frame))) };
        // What came before it in the same frame is handed on first.
        let before = data.slice(..start);
        self.refusal = Some((self.refuse)(excess));
        Poll::Ready(Some(Ok(Frame::data(before))))
    }
}

/// How far a body has come, message by message: each is a byte that tells its compression, four bytes of length and
/// that many bytes (gRPC over HTTP/2, Length-Prefixed-Message).
struct Lengths {
    limit_bytes: usize,
    state: State,
}

enum State {
    /// What there is of the next message's first five bytes.
    Header(Vec<u8>),
    /// How much of the message is to come.
    Message(usize),
}

/// How many bytes precede a message.
const HEADER_BYTES: usize = 5;

impl Lengths {
    /// Takes the next bytes in; or where in them the header of a message begins that is too large, and by how much.
    fn pass(&mut self, data: &[u8]) -> Result<(), (usize, Excess)> {
        let mut at = 0;
        while at < data.len() {
            let left = data.len() - at;
            match &mut self.state {
                State::Header(header) => {
                    let taken = left.min(HEADER_BYTES - header.len());
                    header.extend_from_slice(&data[at..at + taken]);
                    let &[_, a, b, c, d] = header.as_slice() else { return Ok(()) };
                    let message_bytes =
                        usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                    if message_bytes > self.limit_bytes {
                        let excess = Excess { message_bytes, limit_bytes: self.limit_bytes };
                        return Err((at, excess));
                    }
                    at += taken;
                    self.state = State::Message(message_bytes);
                }
                State::Message(rest) => {
                    let taken = left.min(*rest);
                    at += taken;
                    *rest -= taken;
                    if *rest == 0 {
                        self.state = State::Header(Vec::new());
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0, length];
        bytes.extend(std::iter::repeat_n(7, length.into()));
        bytes
    }

    fn lengths(limit_bytes: usize) -> Lengths {
        Lengths { limit_bytes, state: State::Header(Vec::new()) }
    }

    #[test]
    fn messages_up_to_the_limit_pass() {
        let bytes = [message(3), message(0), message(4)].concat();
        assert_eq!(lengths(4).pass(&bytes), Ok(()));
    }

    #[test]
    fn a_message_above_the_limit_is_found_where_it_begins_and_what_precedes_it_passes() {
        let bytes = [message(4), message(0), message(5)].concat();
        let excess = Excess { message_bytes: 5, limit_bytes: 4 };
        assert_eq!(lengths(4).pass(&bytes), Err((9 + 5, excess)));
    }

    #[test]
    fn it_is_found_as_well_where_every_byte_comes_alone() {
        let bytes = [message(4), message(5)].concat();
        let mut lengths = lengths(4);
        let found = bytes.iter().position(|byte| lengths.pass(&[*byte]).is_err());
        assert_eq!(found, Some(9 + 4));
    }
}
