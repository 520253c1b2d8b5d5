//! A channel to a real etcd that meddles with what passes, for faults that cannot be timed otherwise.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use etcd_client::{Channel, Client};
use futures::future::BoxFuture;
use http_body::Frame;
use tonic::body::Body;
use tonic::transport::Endpoint;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service};

use crate::server::{Server, options};

type Request = tonic::codegen::http::Request<Body>;
type Response = tonic::codegen::http::Response<Body>;

/// What happens to one request.
pub enum Meddling {
    /// It goes out with a token that the server does not know.
    DeadToken,
    /// Something else happens first.
    After(BoxFuture<'static, ()>),
    /// It never arrives, and the caller sees a broken connection.
    LostOnTheWay,
    /// It is carried out, and the caller sees a broken connection.
    ReplyLost,
    /// It is carried out, and its reply comes only after something else.
    ReplyAfter(BoxFuture<'static, ()>),
    /// Its stream passes one message on and then nothing more, without ending.
    MuteAfterOneMessage,
}

/// A body that stops in the middle.
struct Muted {
    inner: Body,
    messages: usize,
}

impl tonic::codegen::Body for Muted {
    type Data = bytes::Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.messages == 0 {
            return Poll::Pending;
        }
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        self.messages -= 1;
        Poll::Ready(frame)
    }
}

/// The next meddlings with one method, in order, and how many requests of each method came by.
#[derive(Default)]
pub struct Plan {
    next: VecDeque<Meddling>,
    seen: BTreeMap<String, usize>,
}

#[derive(Clone)]
pub struct Meddler {
    inner: tonic::transport::Channel,
    method: &'static str,
    plan: Arc<Mutex<Plan>>,
}

impl Meddler {
    /// A client (of user `root`, if any) whose requests to `method` are meddled with.
    pub async fn client(
        server: &Server,
        user: Option<&str>,
        method: &'static str,
    ) -> (Client, Arc<Mutex<Plan>>) {
        let endpoint = Endpoint::from_shared(format!("http://{}", server.endpoint())).expect("a URI");
        let plan = Arc::<Mutex<Plan>>::default();
        let meddler = Meddler { inner: endpoint.connect_lazy(), method, plan: plan.clone() };
        let channel = Channel::Custom(BoxCloneSyncService::new(meddler));
        let client = Client::from_channel(channel, user.map(options)).await.expect("a client");
        (client, plan)
    }
}

impl Plan {
    pub fn push(&mut self, meddling: Meddling) {
        self.next.push_back(meddling);
    }

    pub fn requests(&self, method: &str) -> usize {
        self.seen.get(method).copied().unwrap_or_default()
    }

    pub fn is_done(&self) -> bool {
        self.next.is_empty()
    }
}

impl Service<Request> for Meddler {
    type Response = Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let mut meddling = None;
        let method = request.uri().path().to_owned();
        let mut plan = self.plan.lock().expect("nobody panicked");
        if method == self.method {
            meddling = plan.next.pop_front();
        }
        *plan.seen.entry(method).or_default() += 1;
        drop(plan);
        // The clone takes the readiness of the original along.
        let mut inner = self.inner.clone();
        std::mem::swap(&mut inner, &mut self.inner);
        Box::pin(async move {
            let broken = || BoxError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
            match meddling {
                None => Ok(inner.call(request).await?),
                Some(Meddling::DeadToken) => {
                    let dead = "deaddeaddeaddead.1".parse().expect("a header's value");
                    request.headers_mut().insert("token", dead);
                    Ok(inner.call(request).await?)
                }
                Some(Meddling::After(first)) => {
                    first.await;
                    Ok(inner.call(request).await?)
                }
                Some(Meddling::ReplyAfter(first)) => {
                    let reply = inner.call(request).await?;
                    first.await;
                    Ok(reply)
                }
                Some(Meddling::MuteAfterOneMessage) => {
                    let muted = |inner| Body::new(Muted { inner, messages: 1 });
                    Ok(inner.call(request).await?.map(muted))
                }
                Some(Meddling::LostOnTheWay) => Err(broken()),
                Some(Meddling::ReplyLost) => {
                    inner.call(request).await?;
                    Err(broken())
                }
            }
        })
    }
}
