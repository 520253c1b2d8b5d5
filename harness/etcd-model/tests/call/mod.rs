//! One KV request, and what came of it.

use etcd_model::proto::{
    CompactionRequest, DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest, kv_client::KvClient,
};
use tonic::{Status, transport::Channel};

/// One request.
#[derive(Clone, Debug)]
pub enum Call {
    Range(RangeRequest),
    RangeStream(RangeRequest),
    Put(PutRequest),
    Delete(DeleteRangeRequest),
    Txn(TxnRequest),
    Compact(CompactionRequest),
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The whole response, all messages of it.
    Given { text: String, revision: i64 },
    /// The code and the text.
    Refused(String),
}

impl Call {
    /// Makes the call.
    pub async fn make(&self, kv: &mut KvClient<Channel>) -> Answer {
        match self.given(kv).await {
            Ok((text, revision)) => Answer::Given { text, revision },
            Err(status) => Answer::Refused(format!("{:?}: {}", status.code(), status.message())),
        }
    }

    async fn given(&self, kv: &mut KvClient<Channel>) -> Result<(String, i64), Status> {
        macro_rules! told {
            ($response:expr) => {{
                let response = $response.await?.into_inner();
                let revision = response.header.as_ref().map_or(0, |header| header.revision);
                Ok((format!("{response:#?}"), revision))
            }};
        }
        match self.clone() {
            Self::Range(request) => told!(kv.range(request)),
            Self::Put(request) => told!(kv.put(request)),
            Self::Delete(request) => told!(kv.delete_range(request)),
            Self::Txn(request) => told!(kv.txn(request)),
            Self::Compact(request) => told!(kv.compact(request)),
            Self::RangeStream(request) => {
                let mut stream = kv.range_stream(request).await?.into_inner();
                let mut messages = Vec::new();
                while let Some(message) = stream.message().await? {
                    messages.push(message);
                }
                Ok((format!("{messages:#?}"), 0))
            }
        }
    }
}
