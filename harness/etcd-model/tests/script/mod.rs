//! What is asked of a watch stream, step by step, and what it said after each.

use std::time::Duration;

use etcd_model::proto::{
    CompactionRequest, DeleteRangeRequest, PutRequest, RequestOp, TxnRequest, WatchCancelRequest,
    WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse, kv_client::KvClient,
    request_op::Request, watch_client::WatchClient, watch_request::RequestUnion,
};
use futures::FutureExt;
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{codegen::BoxStream, transport::Channel};

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Step {
    Put(&'static str, usize),
    /// So many puts of one key, a revision each.
    Puts(&'static str, usize),
    Delete(&'static str),
    /// Puts of several keys and a deletion, in one revision.
    Txn(&'static [&'static str], &'static str),
    Compact(i64),
    Create(WatchCreateRequest),
    Cancel(i64),
    Progress,
}

/// A watch of `key`, or of `key..end`, from `start` on.
pub fn create(key: &'static str, end: &'static str, start: i64) -> WatchCreateRequest {
    WatchCreateRequest {
        key: key.into(),
        range_end: end.into(),
        start_revision: start,
        ..WatchCreateRequest::default()
    }
}

/// One stream of watches, and what else is done meanwhile.
pub struct Stage {
    kv: KvClient<Channel>,
    requests: mpsc::Sender<WatchRequest>,
    answers: BoxStream<WatchResponse>,
}

/// How long a stream is silent when it has said everything: several rounds of those that catch watches up.
const SILENCE: Duration = Duration::from_millis(350);

impl Stage {
    pub fn open(channel: Channel) -> Self {
        let (requests, asked) = mpsc::channel(16);
        let mut client = WatchClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
        // The server says nothing at all, not even that it took the call, before it has its first answer.
        let answers = async move { client.watch(ReceiverStream::new(asked)).await.unwrap().into_inner() }
            .flatten_stream();
        Self { kv: KvClient::new(channel), requests, answers: Box::pin(answers) }
    }

    /// Does one step, and says what the stream answered until it fell silent.
    pub async fn play(&mut self, step: Step) -> Vec<WatchResponse> {
        match step {
            Step::Put(key, bytes) => self.put(key, vec![b'v'; bytes]).await,
            Step::Puts(key, count) => {
                for number in 0..count {
                    self.put(key, number.to_string().into()).await;
                }
            }
            Step::Delete(key) => {
                let request = DeleteRangeRequest { key: key.into(), ..DeleteRangeRequest::default() };
                self.kv.delete_range(request).await.unwrap();
            }
            Step::Txn(puts, deleted) => {
                let put = |key: &&'static str| {
                    let put = PutRequest { key: (*key).into(), value: "t".into(), ..PutRequest::default() };
                    RequestOp { request: Some(Request::RequestPut(put)) }
                };
                let delete = DeleteRangeRequest { key: deleted.into(), ..DeleteRangeRequest::default() };
                let mut success: Vec<_> = puts.iter().map(put).collect();
                success.push(RequestOp { request: Some(Request::RequestDeleteRange(delete)) });
                self.kv.txn(TxnRequest { success, ..TxnRequest::default() }).await.unwrap();
            }
            Step::Compact(revision) => {
                self.kv.compact(CompactionRequest { revision, physical: true }).await.unwrap();
            }
            Step::Create(create) => self.ask(RequestUnion::CreateRequest(create)).await,
            Step::Cancel(watch_id) => {
                self.ask(RequestUnion::CancelRequest(WatchCancelRequest { watch_id })).await;
            }
            Step::Progress => self.ask(RequestUnion::ProgressRequest(WatchProgressRequest {})).await,
        }
        self.heard().await
    }

    async fn put(&mut self, key: &'static str, value: Vec<u8>) {
        let request = PutRequest { key: key.into(), value: value.into(), ..PutRequest::default() };
        self.kv.put(request).await.unwrap();
    }

    async fn ask(&self, request: RequestUnion) {
        self.requests.send(WatchRequest { request_union: Some(request) }).await.unwrap();
    }

    async fn heard(&mut self) -> Vec<WatchResponse> {
        let mut heard = Vec::new();
        while let Ok(answer) = tokio::time::timeout(SILENCE, self.answers.next()).await {
            heard.push(answer.expect("the stream has not ended").unwrap());
        }
        heard
    }
}
