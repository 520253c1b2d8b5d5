//! One stream of watches, and what else is done meanwhile.

use std::time::Duration;

use etcd_model::proto::{
    AuthEnableRequest, AuthRoleAddRequest, AuthRoleGrantPermissionRequest, AuthUserAddRequest,
    AuthUserGrantRoleRequest, AuthenticateRequest, CompactionRequest, DeleteRangeRequest, Permission,
    PutRequest, RequestOp, TxnRequest, WatchCancelRequest, WatchProgressRequest, WatchRequest, WatchResponse,
    auth_client::AuthClient, kv_client::KvClient, request_op::Request as Operation,
    watch_client::WatchClient, watch_request::RequestUnion,
};
use futures::FutureExt;
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{
    Request,
    codegen::BoxStream,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};

use super::Step;

/// One stream of watches, and a connection on which everything else is done.
pub struct Stage {
    channel: Channel,
    authentication: Authentication,
    requests: mpsc::Sender<WatchRequest>,
    answers: BoxStream<WatchResponse>,
}

/// Whether calls have to log in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Authentication {
    Off,
    On,
}

/// How long a stream is silent when it has said everything: several rounds of those that catch watches up.
const SILENCE: Duration = Duration::from_millis(350);

impl Stage {
    /// A stream that `user` opens, or anybody if authentication is off.
    pub async fn open(channel: Channel, user: Option<&str>) -> Self {
        let (requests, asked) = mpsc::channel(16);
        let authentication = if user.is_some() { Authentication::On } else { Authentication::Off };
        let mut call = Request::new(ReceiverStream::new(asked));
        if let Some(user) = user {
            call.metadata_mut().insert("token", token(&channel, user).await);
        }
        let mut client = WatchClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
        // The server says nothing at all, not even that it took the call, before it has its first answer.
        let answers = async move { client.watch(call).await.unwrap().into_inner() }.flatten_stream();
        Self { channel, authentication, requests, answers: Box::pin(answers) }
    }

    /// Does one step, as root, and says what the stream answered until it fell silent.
    pub async fn play(&mut self, step: Step) -> Vec<WatchResponse> {
        let mut kv = KvClient::new(self.channel.clone());
        match step {
            Step::Put(key, bytes) => self.put(&mut kv, key, vec![b'v'; bytes]).await,
            Step::Puts(key, count) => {
                for number in 0..count {
                    self.put(&mut kv, key, number.to_string().into()).await;
                }
            }
            Step::Delete(key) => {
                let request = DeleteRangeRequest { key: key.into(), ..DeleteRangeRequest::default() };
                kv.delete_range(self.call(request).await).await.unwrap();
            }
            Step::Txn(puts, deleted) => {
                let put = |key: &&'static str| {
                    let put = PutRequest { key: (*key).into(), value: "t".into(), ..PutRequest::default() };
                    RequestOp { request: Some(Operation::RequestPut(put)) }
                };
                let delete = DeleteRangeRequest { key: deleted.into(), ..DeleteRangeRequest::default() };
                let mut success: Vec<_> = puts.iter().map(put).collect();
                success.push(RequestOp { request: Some(Operation::RequestDeleteRange(delete)) });
                kv.txn(self.call(TxnRequest { success, ..TxnRequest::default() }).await).await.unwrap();
            }
            Step::Compact(revision) => {
                let request = CompactionRequest { revision, physical: true };
                kv.compact(self.call(request).await).await.unwrap();
            }
            Step::Create(create) => self.ask(RequestUnion::CreateRequest(create)).await,
            Step::Cancel(watch_id) => {
                self.ask(RequestUnion::CancelRequest(WatchCancelRequest { watch_id })).await;
            }
            Step::Progress => self.ask(RequestUnion::ProgressRequest(WatchProgressRequest {})).await,
            Step::Wait(time) => tokio::time::sleep(time).await,
        }
        self.heard().await
    }

    async fn put(&self, kv: &mut KvClient<Channel>, key: &'static str, value: Vec<u8>) {
        let request = PutRequest { key: key.into(), value: value.into(), ..PutRequest::default() };
        kv.put(self.call(request).await).await.unwrap();
    }

    async fn call<T>(&self, message: T) -> Request<T> {
        let mut call = Request::new(message);
        if self.authentication == Authentication::On {
            call.metadata_mut().insert("token", token(&self.channel, "root").await);
        }
        call
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

/// Switches authentication on, with root and a `reader` who may read `a..c`; each one's password is the name.
pub async fn switch_authentication_on(channel: &Channel) {
    let mut auth = AuthClient::new(channel.clone());
    for name in ["root", "reader"] {
        let (name, role) = (name.to_owned(), name.to_owned());
        let user = AuthUserAddRequest {
            name: name.clone(),
            password: name.clone(),
            ..AuthUserAddRequest::default()
        };
        auth.user_add(user).await.unwrap();
        auth.role_add(AuthRoleAddRequest { name: role.clone() }).await.unwrap();
        auth.user_grant_role(AuthUserGrantRoleRequest { user: name, role }).await.unwrap();
    }
    let perm = Permission { key: "a".into(), range_end: "c".into(), ..Permission::default() };
    let grant = AuthRoleGrantPermissionRequest { name: "reader".to_owned(), perm: Some(perm) };
    auth.role_grant_permission(grant).await.unwrap();
    auth.auth_enable(AuthEnableRequest {}).await.unwrap();
}

async fn token(channel: &Channel, user: &str) -> MetadataValue<Ascii> {
    let request = AuthenticateRequest { name: user.to_owned(), password: user.to_owned() };
    let answer = AuthClient::new(channel.clone()).authenticate(request).await.unwrap();
    answer.into_inner().token.parse().unwrap()
}
