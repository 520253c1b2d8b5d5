//! How large a message the server takes in.

use prost::Message;
use tonic::{Code, Status};

/// The largest message that gRPC lets in, bytes: the request limit and 512 KiB for what surrounds it.
/// Source: etcd v3.5.5 server/etcdserver/api/v3rpc/grpc.go, `grpcOverheadBytes`.
pub(super) const MAX_MESSAGE_BYTES: usize = (1536 + 512) * 1024;

/// Refuses a message as Go's gRPC does on receiving it. tonic's own limit would say something else, so that is off.
pub(super) fn admit(message: &impl Message) -> Result<(), Status> {
    let size_bytes = message.encoded_len();
    if size_bytes <= MAX_MESSAGE_BYTES {
        return Ok(());
    }
    let text = format!("grpc: received message larger than max ({size_bytes} vs. {MAX_MESSAGE_BYTES})");
    Err(Status::new(Code::ResourceExhausted, text))
}
