//! The wire of one client of the real queue, with a gate on it: each transaction with a slot waits there until it is
//! said what becomes of it. All else passes.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use etcd_model::proto::{RequestOp, TxnRequest, request_op};
use futures::future::BoxFuture;
use http_body::Frame;
use prost::Message;
use tokio::sync::oneshot;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{BoxError, Service};

use super::action::Way;

type Request = tonic::codegen::http::Request<Body>;
type Response = tonic::codegen::http::Response<Body>;

#[derive(Default)]
struct State {
    is_open: bool,
    is_full: bool,
    loses_revocations: bool,
    /// What becomes of the next openings of sessions.
    openings: VecDeque<Way>,
    waiting: VecDeque<oneshot::Sender<Way>>,
    held: Vec<oneshot::Sender<()>>,
    /// The leases of the sessions that were begun.
    leases: Vec<i64>,
}

/// The gate, shut at first.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<State>>);

/// What a request is, as far as the gate cares.
enum Kind {
    Opening { lease: i64 },
    WithSlot,
    Other,
}

impl Gate {
    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    /// Lets everything pass from now on, also what waits; what is held stays held.
    pub(crate) fn open(&self) {
        self.with(|state| {
            (state.is_open, state.is_full, state.loses_revocations) = (true, false, false);
            for waiting in state.waiting.drain(..) {
                // Whoever has gone waits no more.
                let _ = waiting.send(Way::Answered);
            }
        });
    }

    pub(crate) fn fill(&self, is_full: bool) {
        self.with(|state| state.is_full = is_full);
    }

    pub(crate) fn lose_revocations(&self) {
        self.with(|state| state.loses_revocations = true);
    }

    pub(crate) fn plan_opening(&self, way: Way) {
        self.with(|state| state.openings.push_back(way));
    }

    pub(crate) fn is_waited_at(&self) -> bool {
        self.with(|state| {
            state.waiting.retain(|waiting| !waiting.is_closed());
            !state.waiting.is_empty()
        })
    }

    /// Lets the first one that waits pass so. Says whether there was one.
    pub(crate) fn pass(&self, way: Way) -> bool {
        self.with(|state| state.waiting.pop_front().is_some_and(|waiting| waiting.send(way).is_ok()))
    }

    /// Lets one that is held arrive. Says whether there was one.
    pub(crate) fn let_go(&self, number: usize) -> bool {
        self.with(|state| number < state.held.len() && state.held.remove(number).send(()).is_ok())
    }

    pub(crate) fn leases(&self) -> Vec<i64> {
        self.with(|state| state.leases.clone())
    }

    async fn way(&self, kind: &Kind) -> Way {
        let waiting = self.with(|state| match kind {
            Kind::Other => Err(Way::Answered),
            Kind::Opening { lease } => {
                state.leases.push(*lease);
                Err(state.openings.pop_front().unwrap_or(Way::Answered))
            }
            Kind::WithSlot if state.is_open => Err(Way::Answered),
            Kind::WithSlot => {
                let (sender, receiver) = oneshot::channel();
                state.waiting.push_back(sender);
                Ok(receiver)
            }
        });
        match waiting {
            Ok(waiting) => waiting.await.unwrap_or(Way::Answered),
            Err(way) => way,
        }
    }

    fn hold(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.with(|state| state.held.push(sender));
        receiver
    }
}

fn of(txn: &TxnRequest) -> Kind {
    let puts = |op: &RequestOp| match &op.request {
        Some(request_op::Request::RequestPut(put)) => Some((put.key.clone(), put.lease)),
        _ => None,
    };
    let has = |key: &[u8], part: &[u8]| key.windows(part.len()).any(|there| there == part);
    let opening = txn.success.iter().filter_map(puts).find(|(key, _)| has(key, b"/s/"));
    if let Some((_, lease)) = opening {
        return Kind::Opening { lease };
    }
    let reads = |op: &RequestOp| match &op.request {
        Some(request_op::Request::RequestRange(range)) => has(&range.key, b"/w/"),
        _ => false,
    };
    let names_slot =
        txn.compare.iter().any(|compare| has(&compare.key, b"/w/")) || txn.success.iter().any(reads);
    if names_slot { Kind::WithSlot } else { Kind::Other }
}

fn does_put(txn: &TxnRequest) -> bool {
    txn.success.iter().chain(&txn.failure).any(|op| match &op.request {
        Some(request_op::Request::RequestPut(_)) => true,
        Some(request_op::Request::RequestTxn(txn)) => does_put(txn),
        _ => false,
    })
}

/// A channel with a gate before it.
#[derive(Clone)]
pub(crate) struct Gated {
    pub(crate) inner: tonic::transport::Channel,
    pub(crate) gate: Gate,
}

impl Service<Request> for Gated {
    type Response = Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The clone takes the readiness of the original along.
        let mut inner = self.inner.clone();
        std::mem::swap(&mut inner, &mut self.inner);
        let gate = self.gate.clone();
        let path = request.uri().path().to_owned();
        Box::pin(async move {
            let is_full = || gate.with(|state| state.is_full);
            match path.as_str() {
                "/etcdserverpb.Lease/LeaseGrant" if is_full() => return Ok(no_space()),
                "/etcdserverpb.Lease/LeaseRevoke" if gate.with(|state| state.loses_revocations) => {
                    return Err(broken());
                }
                "/etcdserverpb.KV/Txn" => {}
                _ => return Ok(inner.call(request).await?),
            }
            let (head, body) = request.into_parts();
            let bytes = whole(body).await;
            // Five bytes say how long the message is, and that it is not compressed.
            let txn = TxnRequest::decode(bytes.get(5..).unwrap_or_default())?;
            let request = Request::from_parts(head, Body::new(Whole(Some(bytes))));
            let way = gate.way(&of(&txn)).await;
            match way {
                Way::Answered if is_full() && does_put(&txn) => Ok(no_space()),
                Way::Answered => Ok(inner.call(request).await?),
                Way::AnsweredLate => {
                    drop(inner.call(request).await?);
                    Ok(no_space())
                }
                Way::ReplyLost => {
                    drop(inner.call(request).await?);
                    Err(broken())
                }
                Way::Held => {
                    let held = gate.hold();
                    tokio::spawn(async move {
                        if held.await.is_ok() {
                            drop(inner.call(request).await);
                        }
                    });
                    Err(broken())
                }
            }
        })
    }
}

fn no_space() -> Response {
    Status::new(Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded").into_http()
}

fn broken() -> BoxError {
    io::Error::from(io::ErrorKind::BrokenPipe).into()
}

async fn whole(mut body: Body) -> Bytes {
    let mut bytes = Vec::new();
    let next = |body: &mut Body, cx: &mut Context<'_>| http_body::Body::poll_frame(Pin::new(body), cx);
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| next(&mut body, cx)).await {
        bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
    }
    bytes.into()
}

/// A body of one piece.
struct Whole(Option<Bytes>);

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}
