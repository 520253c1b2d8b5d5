//! What lies between a queue and its etcd: connections that are cut or fall silent, and requests that get
//! lost on the way there or back, or arrive when nobody waits for them any more.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::future::BoxFuture;
use http_body::Frame;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tonic::body::Body;
use tower::{BoxError, Service};

use crate::dice::Dice;

pub type Request = tonic::codegen::http::Request<Body>;
type Response = tonic::codegen::http::Response<Body>;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    LostOnTheWay,
    /// It is carried out, and the caller sees a broken connection.
    ReplyLost,
    /// The caller sees a broken connection; so much later it is carried out.
    Late(Duration),
    /// Of a stream of answers, the one of this number does not come.
    Swallowed(usize),
    /// It is not carried out, and answered with this status.
    Refused(tonic::Code, &'static str),
    /// It is carried out, and answered with this status all the same.
    RefusedLate(tonic::Code, &'static str),
}

/// How many requests in a thousand meet which mishap.
#[derive(Clone, Debug)]
pub struct Weather {
    pub dice: Dice,
    pub per_mille: u64,
}

#[derive(Default)]
struct State {
    mishaps: VecDeque<(&'static str, Mishap)>,
    weather: Option<Weather>,
    seen: BTreeMap<String, usize>,
    carried_out_unheard: usize,
    connections: u64,
    cut_below: u64,
    /// Connections made before this one carry nothing any more, without being cut.
    silent_below: u64,
    is_dead: bool,
    /// Nobody listens there: connections are refused.
    is_refused: bool,
    attempts: usize,
    /// So long each answer is under way.
    delay: Duration,
    /// Transactions under way, and whether they are too many; none where any number of them is borne.
    crowd: Option<Crowd>,
    waiting: Vec<Waker>,
}

#[derive(Clone, Copy, Default)]
struct Crowd {
    under_way: usize,
    is_too_many: bool,
    lost: usize,
}

/// The wire of one client.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<State>>);

impl Wire {
    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    /// The next request of a method meets a mishap.
    pub fn plan(&self, method: &'static str, mishap: Mishap) {
        self.with(|state| state.mishaps.push_back((method, mishap)));
    }

    /// From now on transactions meet mishaps by chance.
    pub fn weather(&self, weather: Option<Weather>) {
        self.with(|state| state.weather = weather);
    }

    /// From now on the connection breaks when two transactions are under way at a time: both are carried out, and
    /// neither is answered.
    pub fn bear_one_transaction(&self) {
        self.with(|state| state.crowd = Some(Crowd::default()));
    }

    /// How many transactions were not answered since there were too many.
    pub fn crowded_out(&self) -> usize {
        self.with(|state| state.crowd.map_or(0, |crowd| crowd.lost))
    }

    fn enter_crowd(&self, request: &Request) -> Option<InCrowd> {
        let is_transaction = request.uri().path().ends_with("/Txn");
        self.with(|state| {
            let crowd = state.crowd.as_mut().filter(|_| is_transaction)?;
            crowd.under_way += 1;
            crowd.is_too_many |= crowd.under_way > 1;
            Some(InCrowd(self.clone()))
        })
    }

    pub fn requests(&self, method: &str) -> usize {
        self.with(|state| state.seen.get(method).copied().unwrap_or_default())
    }

    pub fn all_requests(&self) -> usize {
        self.with(|state| state.seen.values().sum())
    }

    /// How many transactions were carried out though their caller saw a broken connection.
    pub fn carried_out_unheard(&self) -> usize {
        self.with(|state| state.carried_out_unheard)
    }

    pub fn has_mishaps_left(&self) -> bool {
        self.with(|state| !state.mishaps.is_empty())
    }

    /// Cuts all connections there are.
    pub fn cut(&self) {
        self.with(|state| {
            state.cut_below = state.connections;
            state.waiting.drain(..).for_each(Waker::wake);
        });
    }

    /// All connections there are fall silent, for ever; new ones work.
    pub fn silence(&self) {
        self.with(|state| state.silent_below = state.connections);
    }

    /// Nothing comes through any more, for ever: whoever is behind it is dead to the others.
    pub fn die(&self) {
        self.deafen(true);
    }

    /// While it is deaf, nothing comes through, by new connections either; those that were made carry nothing
    /// afterwards.
    pub fn deafen(&self, is_deaf: bool) {
        self.silence();
        self.with(|state| state.is_dead = is_deaf);
    }

    /// The process behind it is gone: its connections are cut, and new ones refused; or it is back.
    pub fn refuse(&self, is_refused: bool) {
        self.with(|state| state.is_refused = is_refused);
        if is_refused {
            self.cut();
        }
    }

    /// From now on each answer takes so long.
    pub fn slow_down(&self, delay: Duration) {
        self.with(|state| state.delay = delay);
    }

    /// How often somebody has tried to connect.
    pub fn attempts(&self) -> usize {
        self.with(|state| state.attempts)
    }

    pub fn knock(&self) -> io::Result<()> {
        self.with(|state| {
            state.attempts += 1;
            match state.is_refused {
                true => Err(io::ErrorKind::ConnectionRefused.into()),
                false => Ok(()),
            }
        })
    }

    pub fn connect(&self, pipe: DuplexStream) -> Connection {
        let number = self.with(|state| {
            state.connections += 1;
            state.connections
        });
        Connection { pipe, number, wire: self.clone() }
    }

    fn draw(&self, request: &Request) -> Option<Mishap> {
        let method = request.uri().path().to_owned();
        self.with(|state| {
            *state.seen.entry(method.clone()).or_default() += 1;
            if state.mishaps.front().is_some_and(|(of, _)| *of == method) {
                return state.mishaps.pop_front().map(|(_, mishap)| mishap);
            }
            let weather = state.weather.as_mut().filter(|_| method.ends_with("/Txn"))?;
            if weather.dice.below(1000) >= weather.per_mille {
                return None;
            }
            Some(match weather.dice.below(4) {
                0 => Mishap::LostOnTheWay,
                1 => Mishap::Late(Duration::from_millis(weather.dice.below(300))),
                _ => Mishap::ReplyLost,
            })
        })
    }
}

/// One connection.
pub struct Connection {
    pipe: DuplexStream,
    number: u64,
    wire: Wire,
}

enum Fate {
    Good,
    Cut,
    Silent,
}

impl Connection {
    fn fate(&self, cx: &Context<'_>) -> Fate {
        self.wire.with(|state| {
            if self.number <= state.cut_below {
                return Fate::Cut;
            }
            state.waiting.push(cx.waker().clone());
            let is_silent = state.is_dead || self.number <= state.silent_below;
            if is_silent { Fate::Silent } else { Fate::Good }
        })
    }
}

fn broken() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.fate(cx) {
            Fate::Good => Pin::new(&mut self.pipe).poll_read(cx, buffer),
            Fate::Cut => Poll::Ready(Err(broken())),
            Fate::Silent => Poll::Pending,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.fate(cx) {
            Fate::Good => Pin::new(&mut self.pipe).poll_write(cx, bytes),
            Fate::Cut => Poll::Ready(Err(broken())),
            // It goes into the void.
            Fate::Silent => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

/// One of the transactions under way, until it is dropped.
struct InCrowd(Wire);

impl InCrowd {
    fn is_crowded_out(&self) -> bool {
        self.0.with(|state| {
            let Some(crowd) = state.crowd.as_mut() else { return false };
            crowd.lost += usize::from(crowd.is_too_many);
            crowd.is_too_many
        })
    }
}

impl Drop for InCrowd {
    fn drop(&mut self) {
        self.0.with(|state| {
            if let Some(crowd) = &mut state.crowd {
                crowd.under_way -= 1;
                crowd.is_too_many &= crowd.under_way > 0;
            }
        });
    }
}

/// A body that loses one of its frames, of which each has one message.
struct Swallower {
    inner: Body,
    before: Option<usize>,
}

impl tonic::codegen::Body for Swallower {
    type Data = bytes::Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        loop {
            let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
            match self.before {
                Some(0) => self.before = None,
                before => {
                    self.before = before.map(|before| before - 1);
                    return Poll::Ready(frame);
                }
            }
        }
    }
}

/// A channel whose requests meet the wire's mishaps.
#[derive(Clone)]
pub struct Meddled {
    pub inner: tonic::transport::Channel,
    pub wire: Wire,
}

impl Service<Request> for Meddled {
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
        let (mishap, wire) = (self.wire.draw(&request), self.wire.clone());
        let in_crowd = self.wire.enter_crowd(&request);
        let delay = self.wire.with(|state| state.delay);
        let heard_of = move |answer: &Result<Response, tonic::transport::Error>| {
            // A refusal comes as a status in the head of the answer.
            if answer.as_ref().is_ok_and(|answer| !answer.headers().contains_key("grpc-status")) {
                wire.with(|state| state.carried_out_unheard += 1);
            }
        };
        Box::pin(async move {
            match mishap {
                None => {
                    let answer = inner.call(request).await?;
                    if !delay.is_zero() {
                        tokio::time::sleep(delay).await;
                    }
                    match in_crowd {
                        Some(one) if one.is_crowded_out() => {}
                        _ => return Ok(answer),
                    }
                }
                Some(Mishap::Swallowed(number)) => {
                    let swallower = |inner| Body::new(Swallower { inner, before: Some(number) });
                    return Ok(inner.call(request).await?.map(swallower));
                }
                Some(Mishap::Refused(code, reason)) => {
                    return Ok(tonic::Status::new(code, reason).into_http());
                }
                Some(Mishap::RefusedLate(code, reason)) => {
                    heard_of(&inner.call(request).await);
                    return Ok(tonic::Status::new(code, reason).into_http());
                }
                Some(Mishap::LostOnTheWay) => {}
                Some(Mishap::ReplyLost) => heard_of(&inner.call(request).await),
                Some(Mishap::Late(by)) => {
                    tokio::spawn(async move {
                        tokio::time::sleep(by).await;
                        heard_of(&inner.call(request).await);
                    });
                }
            }
            Err(BoxError::from(broken()))
        })
    }
}
