//! Calls whose messages are bytes.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use tokio::time::timeout;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::{AsciiMetadataValue, MetadataMap},
    transport::Channel,
};

use crate::methods;

/// Long enough for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Long enough for what may have nothing to say: a stream of watches, or a call that waits for its token.
const SHORT_PATIENCE: Duration = Duration::from_millis(200);

/// A call of one message.
pub struct Message {
    pub path: &'static str,
    pub body: Vec<u8>,
    /// The header `token`, if any.
    pub metadata: Option<Vec<u8>>,
}

/// What came of a call.
#[derive(Debug)]
pub enum Answered {
    /// The first message; none if it ended well without any.
    Given(Option<Bytes>),
    Refused(Code, String),
    /// Nothing for long enough.
    Silence,
}

impl Answered {
    /// Whether etcd answers a call of that path so: whatever breaks on the way is told in other words.
    pub fn is_by_etcd(&self, path: &str) -> bool {
        let (code, text) = match self {
            Self::Given(_) => return true,
            Self::Refused(code, text) => (code, text),
            Self::Silence => return path == methods::WATCH,
        };
        let broken =
            ["transport error", "h2 protocol error", "stream error", "connection", "operation was canceled"];
        !broken.iter().any(|words| text.contains(words)) && *code != Code::Cancelled
    }
}

/// Makes a call, and takes the first message of its answer.
pub async fn call(channel: Channel, message: Message) -> Answered {
    let patience = if message.path == methods::WATCH { SHORT_PATIENCE } else { PATIENCE };
    call_within(patience, channel, message).await
}

/// Makes a call that may have no answer.
pub async fn call_to_be_left_alone(channel: Channel, message: Message) -> Answered {
    call_within(SHORT_PATIENCE, channel, message).await
}

async fn call_within(patience: Duration, channel: Channel, message: Message) -> Answered {
    let mut request = Request::new(tokio_stream::once(message.body.into()));
    if let Some(token) = message.metadata {
        with_token(request.metadata_mut(), &token);
    }
    let answer = async {
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.map_err(|error| Status::unknown(format!("transport error: {error}")))?;
        let path = message.path.parse().unwrap();
        let mut answers = grpc.streaming(request, path, Bare).await?.into_inner();
        answers.message().await
    };
    match timeout(patience, answer).await {
        Ok(Ok(message)) => Answered::Given(message),
        Ok(Err(status)) => Answered::Refused(status.code(), status.message().to_owned()),
        Err(_) => Answered::Silence,
    }
}

/// Puts a token among a call's metadata, if HTTP lets it in.
fn with_token(metadata: &mut MetadataMap, token: &[u8]) {
    if let Ok(token) = AsciiMetadataValue::try_from(token) {
        metadata.insert("token", token);
    }
}

/// Messages as they are.
#[derive(Clone, Copy, Debug)]
struct Bare;

impl Codec for Bare {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Bare {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Bare {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
