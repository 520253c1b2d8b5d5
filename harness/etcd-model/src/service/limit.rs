//! Messages that cannot be taken in: too large, or no message at all.
//!
//! tonic refuses them before any service hears of them, in words of its own. These are turned into those of Go's gRPC.

use tonic::{Code, Status};

use crate::member::Handle;

/// The largest message that gRPC lets in, bytes.
pub(super) fn max_message_bytes(member: &Handle) -> usize {
    member.with(|member, _| member.settings.max_message_bytes())
}

/// How a call brings its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requests {
    /// There is one.
    Single,
    /// There may be many.
    Stream,
}

/// What Go's gRPC says where tonic says `status`; [`None`] if that is nothing of tonic's own. Source: google.golang.org/grpc
/// v1.41.0 rpc_util.go, `recvMsg` and `recv`, and server.go, `processUnaryRPC`.
pub(crate) fn in_gos_words(status: &Status, requests: Requests) -> Option<Status> {
    let text = status.message();
    if let Some(sizes) = text.strip_prefix("Error, decoded message length too large: found ") {
        let (size_bytes, limit) = sizes.split_once(" bytes, the limit is: ")?;
        let limit_bytes = limit.split(' ').next()?;
        let text = format!("grpc: received message larger than max ({size_bytes} vs. {limit_bytes})");
        return Some(Status::new(Code::ResourceExhausted, text));
    }
    let why = text.strip_prefix("failed to decode Protobuf message: ")?;
    Some(Status::internal(match requests {
        Requests::Single => format!("grpc: error unmarshalling request: {why}"),
        Requests::Stream => format!("grpc: failed to unmarshal the received message {why}"),
    }))
}
