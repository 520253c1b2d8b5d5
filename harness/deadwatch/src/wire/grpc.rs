//! What a connection's frames say in terms of gRPC and etcd: calls, logins, refused watches, failures.
//!
//! Pure: frames of both sides in, in the order in which they passed, and what they say out.

use std::collections::BTreeMap;

use prost::Message;

use super::frames::{Frame, Kind, Side};
use super::headers::{HeaderReader, Headers, Unreadable};
use super::messages::{AuthenticateResponse, Keeping, Messages, WatchResponse};
use super::sighting::Seen;

/// What is looked for in the messages that answer a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Login,
    Watch,
    Other,
}

impl Answer {
    fn to(method: &str) -> Self {
        match method {
            "/etcdserverpb.Auth/Authenticate" => Self::Login,
            "/etcdserverpb.Watch/Watch" => Self::Watch,
            _ => Self::Other,
        }
    }

    fn keeping(self) -> Keeping {
        match self {
            Self::Login | Self::Watch => Keeping::Short,
            Self::Other => Keeping::Nothing,
        }
    }

    /// What one message of the answer says that is worth telling.
    fn read(self, body: &[u8], token: Option<&str>) -> Option<Seen> {
        match self {
            Self::Login => {
                let AuthenticateResponse { token } = AuthenticateResponse::decode(body).ok()?;
                Some(Seen::LoggedIn { token })
            }
            Self::Watch => {
                let response = WatchResponse::decode(body).ok()?;
                let WatchResponse { watch_id, created, canceled, compact_revision, cancel_reason } = response;
                match (canceled, compact_revision) {
                    (false, _) => None,
                    // etcd v3.5.5 server/etcdserver/api/v3rpc/watch.go, recvLoop: a refused create is answered
                    // with created and canceled at once, under the id asked for or, elsewhere, under -1.
                    (true, _) if created || watch_id == -1 => Some(Seen::WatchRefused {
                        watch_id,
                        reason: cancel_reason,
                        token: token.map(str::to_owned),
                    }),
                    (true, 0) => None,
                    (true, _) => Some(Seen::WatchCompacted { watch_id, compact_revision }),
                }
            }
            Self::Other => None,
        }
    }
}

/// One call: a unary one, or a stream.
#[derive(Debug)]
struct Call {
    method: String,
    token: Option<String>,
    answer: Answer,
    sent: Messages,
    answered: Messages,
}

impl Call {
    fn new(headers: Headers) -> Self {
        let method = headers.path.unwrap_or_default();
        let answer = Answer::to(&method);
        Self {
            method,
            token: headers.token,
            answer,
            sent: Messages::new(Keeping::Nothing),
            answered: Messages::new(answer.keeping()),
        }
    }
}

/// One connection between a client and an etcd.
pub(super) struct Conversation {
    from_client: HeaderReader,
    from_server: HeaderReader,
    /// The calls that are open, by stream.
    calls: BTreeMap<u32, Call>,
    followed: Followed,
}

/// Whether the frames are still understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Followed {
    Yes,
    NoMore,
}

impl Conversation {
    /// For the start of a connection.
    pub fn new() -> Self {
        Self {
            from_client: HeaderReader::new(),
            from_server: HeaderReader::new(),
            calls: BTreeMap::new(),
            followed: Followed::Yes,
        }
    }

    /// Takes the next frame that passed, and says what it told.
    ///
    /// A frame that cannot be understood ends the understanding, not the connection: nothing is seen from
    /// then on.
    pub fn take(&mut self, from: Side, frame: &Frame) -> Vec<Seen> {
        if self.followed == Followed::NoMore {
            return Vec::new();
        }
        self.read(from, frame).unwrap_or_else(|unreadable| {
            tracing::warn!(%unreadable, ?from, "a connection is passed on without being understood");
            self.give_up();
            Vec::new()
        })
    }

    /// The method of the call whose reply begins with this frame of the server's, which has not been taken yet.
    ///
    /// A call that was executed is answered by headers, a message and trailers. One that failed has no such reply:
    /// its stream ends with its first headers (gRPC over HTTP/2, `Trailers-Only`), as other streams do with trailers.
    pub fn begins_reply(&self, frame: &Frame) -> Option<&str> {
        let begins = frame.kind() == Kind::Headers && !frame.ends_stream();
        let call = if begins { self.calls.get(&frame.stream()) } else { None };
        call.map(|call| call.method.as_str())
    }

    /// The method of the call that this frame of the client's has opened, which has just been taken.
    pub fn opened_call(&self, frame: &Frame) -> Option<&str> {
        let opens = matches!(frame.kind(), Kind::Headers | Kind::Continuation) && frame.ends_headers();
        let call = if opens { self.calls.get(&frame.stream()) } else { None };
        // Another header block on an open stream is its client's trailers.
        call.filter(|call| call.sent.is_untouched()).map(|call| call.method.as_str())
    }

    /// Understands nothing from here on: what passes is no HTTP/2.
    pub fn give_up(&mut self) {
        self.followed = Followed::NoMore;
        self.calls.clear();
    }

    fn read(&mut self, from: Side, frame: &Frame) -> Result<Vec<Seen>, Unreadable> {
        let reader = match from {
            Side::Client => &mut self.from_client,
            Side::Server => &mut self.from_server,
        };
        if let Some(headers) = reader.take(frame)? {
            return Ok(match from {
                Side::Client => self.opened(headers),
                Side::Server => self.answered(headers),
            });
        }
        match frame.kind() {
            Kind::Data => {
                let seen = self.data(from, frame.stream(), frame.content()?);
                if from == Side::Server && frame.ends_stream() {
                    self.calls.remove(&frame.stream());
                }
                Ok(seen)
            }
            Kind::ResetStream => {
                self.calls.remove(&frame.stream());
                Ok(Vec::new())
            }
            // Carries a header block too, which would have to be read; no gRPC server sends one.
            Kind::PushPromise => Err(Unreadable::Push),
            Kind::Headers | Kind::Continuation | Kind::Settings | Kind::Other(_) => Ok(Vec::new()),
        }
    }

    fn opened(&mut self, headers: Headers) -> Vec<Seen> {
        let stream = headers.stream;
        // A second block on a stream is the client's trailers: gRPC gives them no meaning.
        self.calls.entry(stream).or_insert_with(|| Call::new(headers));
        Vec::new()
    }

    fn answered(&mut self, headers: Headers) -> Vec<Seen> {
        if !headers.ends_stream {
            return Vec::new();
        }
        // A call is over when the server says so, whatever its client may still want to send.
        let Some(call) = self.calls.remove(&headers.stream) else { return Vec::new() };
        match headers.status {
            None | Some(0) => Vec::new(),
            Some(code) => {
                let message = headers.message.unwrap_or_default();
                vec![Seen::Failed { method: call.method, code, message }]
            }
        }
    }

    fn data(&mut self, from: Side, stream: u32, data: &[u8]) -> Vec<Seen> {
        let mut seen = Vec::new();
        let Some(Call { method, token, answer, sent, answered }) = self.calls.get_mut(&stream) else {
            return seen;
        };
        match from {
            Side::Client => sent.take(data, |_| {
                seen.push(Seen::Request { method: method.clone(), token: token.clone() });
            }),
            Side::Server => answered.take(data, |body| {
                seen.extend(body.and_then(|body| answer.read(body, token.as_deref())));
            }),
        }
        seen
    }
}

#[cfg(test)]
#[path = "grpc_tests.rs"]
mod tests;
