//! The task behind a client's watches: it owns their one stream, and moves what the demultiplexer decides.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use etcd_client::{WatchOptions, WatchRequestSender, WatchResponseStream};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
    time::sleep,
};
use tonic::Code;

use super::{
    Error, StreamLogin,
    demultiplexer::{Action, Demultiplexer, Incoming},
    error::Failure,
    session::Session,
    watch::{Command, Event, Number, WatchRequest, WatchResponse},
};

/// The wait before the first attempt to reopen a stream (clientv3 v3.5.11 watch.go, run and openWatchClient).
const FIRST_BACKOFF: Duration = Duration::from_millis(1);

/// The longest wait between two attempts (watch.go, maxBackoff).
const MAX_BACKOFF: Duration = Duration::from_millis(100);

/// Serves a client's watches until the client is dropped: one stream after the other, each from the first watch
/// to the last.
pub(super) async fn run(session: Arc<Session>, mut commands: UnboundedReceiver<Command>) {
    while let Some(command) = commands.recv().await {
        // A cancel that comes when there is no stream is one of a watch that has ended.
        if let Command::Watch { number, request, responses } = command {
            let mut stream = Stream::new(&session);
            if let Ended::With(error) = stream.serve(number, request, responses, &mut commands).await {
                refuse_waiting(&mut commands, &error);
            }
        }
    }
}

/// Hands the error that ended a stream to those who were waiting to be let into it (watch.go, Watch).
fn refuse_waiting(commands: &mut UnboundedReceiver<Command>, error: &Error) {
    while let Ok(command) = commands.try_recv() {
        if let Command::Watch { responses, .. } = command {
            let _ = responses.send(WatchResponse::closing(error.clone()));
        }
    }
}

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ended {
    /// Nobody needs it any more, or nobody is told why.
    Quietly,
    /// With this error, which each of its watches was handed.
    With(Error),
}

/// Why a new stream was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It is the first, or the one before was lost.
    Needed,
    /// A refused watch is retried.
    Retry,
}

/// What a stream's reader saw.
enum Read {
    Response(Incoming),
    /// The stream of this number has ended.
    Ended(u64, Error),
}

struct Stream<'a> {
    session: &'a Session,
    demultiplexer: Demultiplexer,
    outlets: BTreeMap<Number, UnboundedSender<WatchResponse>>,
    /// The sending halves of the streams that have not ended, by their order. There is one, but for a client that
    /// retries refused watches: it opens the next without closing the one before, and goes on reading both
    /// (clientv3 v3.5.6 watch.go, run).
    senders: BTreeMap<u64, WatchRequestSender>,
    latest: u64,
    readers: JoinSet<()>,
    read: (mpsc::Sender<Read>, mpsc::Receiver<Read>),
    backoff: Duration,
}

impl<'a> Stream<'a> {
    fn new(session: &'a Session) -> Self {
        Self {
            session,
            demultiplexer: Demultiplexer::new(session.generation().refused_watch),
            outlets: BTreeMap::new(),
            senders: BTreeMap::new(),
            latest: 0,
            readers: JoinSet::new(),
            read: mpsc::channel(1),
            backoff: FIRST_BACKOFF,
        }
    }

    async fn serve(
        &mut self,
        number: Number,
        request: WatchRequest,
        responses: UnboundedSender<WatchResponse>,
        commands: &mut UnboundedReceiver<Command>,
    ) -> Ended {
        self.outlets.insert(number, responses);
        let mut actions = self.demultiplexer.watch(number, request);
        let mut why = Why::Needed;
        loop {
            if let Some(ended) = self.perform(actions, why).await {
                return ended;
            }
            why = Why::Needed;
            actions = tokio::select! {
                biased;
                Some(read) = self.read.1.recv() => match read {
                    Read::Response(incoming) => {
                        why = Why::Retry;
                        self.demultiplexer.response(incoming)
                    }
                    Read::Ended(stream, error) => {
                        self.senders.remove(&stream);
                        while self.readers.try_join_next().is_some() {}
                        if error.ends_stream() {
                            let last = self.demultiplexer.halt(error.clone());
                            self.perform(last, why).await;
                            return Ended::With(error);
                        }
                        self.backoff = pause(self.backoff, &error).await;
                        vec![Action::Open]
                    }
                },
                command = commands.recv() => match command {
                    Some(Command::Watch { number, request, responses }) => {
                        self.outlets.insert(number, responses);
                        self.demultiplexer.watch(number, request)
                    }
                    Some(Command::Cancel { number }) => {
                        self.outlets.remove(&number);
                        self.demultiplexer.cancel(number)
                    }
                    None => return Ended::Quietly,
                },
            };
        }
    }

    /// Does what the demultiplexer asks for; the stream's end, if that is part of it.
    async fn perform(&mut self, actions: Vec<Action>, why: Why) -> Option<Ended> {
        let mut actions = VecDeque::from(actions);
        let mut ended = Ended::Quietly;
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Open => {
                    if let Err(error) = self.open().await {
                        actions.extend(match why {
                            Why::Needed => {
                                ended = Ended::With(error.clone());
                                self.demultiplexer.halt(error)
                            }
                            // clientv3 v3.5.6 watch.go, run: it returns without keeping the error.
                            Why::Retry => self.demultiplexer.abandon(),
                        });
                    }
                }
                Action::Create(request) => {
                    if let Some(sender) = self.senders.get_mut(&self.latest) {
                        let (key, options) = create(&request);
                        // A failure to send is also one to read, and the reader tells it.
                        let _ = sender.watch(key, Some(options)).await;
                    }
                }
                Action::Cancel(id) => {
                    if let Some(sender) = self.senders.get_mut(&self.latest) {
                        let _ = sender.cancel(id).await;
                    }
                }
                Action::Deliver(number, response) => {
                    if let Some(outlet) = self.outlets.get(&number) {
                        let _ = outlet.send(response);
                    }
                }
                Action::Close(number) => {
                    self.outlets.remove(&number);
                }
                Action::Finish => return Some(ended),
            }
        }
        None
    }

    /// Opens a stream with all watches to be created on it, however long it takes.
    async fn open(&mut self) -> Result<(), Error> {
        let mut login_backoff = FIRST_BACKOFF;
        loop {
            self.demultiplexer.resume_all();
            // Every watch may have been given up meanwhile. clientv3 opens an empty stream then; this client waits
            // for the next watch with it.
            let Some(request) = self.demultiplexer.head().cloned() else { return Ok(()) };
            if self.session.generation().stream_login == StreamLogin::Always
                && let Err(error) = self.session.log_in().await
            {
                if error.ends_login() {
                    return Err(error);
                }
                login_backoff = pause(login_backoff, &error).await;
                continue;
            }
            let (key, options) = create(&request);
            let opened = self
                .session
                .connection
                .call(|| {
                    let (mut watch, key, options) =
                        (self.session.watch_client(), key.clone(), options.clone());
                    async move { watch.watch(key, Some(options)).await }
                })
                .await;
            match opened {
                Ok(stream) => {
                    let (sender, responses) = stream.split();
                    self.latest += 1;
                    self.senders.insert(self.latest, sender);
                    self.readers.spawn(read(self.latest, responses, self.read.0.clone()));
                    return Ok(());
                }
                Err(error) if error.ends_stream() => return Err(error),
                Err(error) => self.backoff = pause(self.backoff, &error).await,
            }
        }
    }
}

/// Waits before a stream is opened again, if it failed because the server could not be had; the wait after the
/// next such failure (watch.go, backoffIfUnavailable).
async fn pause(backoff: Duration, error: &Error) -> Duration {
    if error.code() != Code::Unavailable {
        return backoff;
    }
    let backoff = (backoff + backoff / 4).min(MAX_BACKOFF);
    sleep(backoff).await;
    backoff
}

/// What a create asks of `etcd-client`.
fn create(request: &WatchRequest) -> (Vec<u8>, WatchOptions) {
    let options = WatchOptions::new().with_prefix().with_start_revision(request.revision);
    (request.prefix.clone().into_bytes(), options)
}

/// Passes on what a stream brings, until it ends (watch.go, serveWatchClient).
async fn read(stream: u64, mut responses: WatchResponseStream, to: mpsc::Sender<Read>) {
    loop {
        let read = match responses.message().await {
            Ok(Some(response)) => Read::Response(Incoming::from(&response)),
            // Go's end of a stream with status OK is an error like any other, and a final one.
            Ok(None) => Read::Ended(stream, Error::Text("EOF".to_owned())),
            Err(error) => Read::Ended(stream, lost(error)),
        };
        let ended = matches!(read, Read::Ended(..));
        if to.send(read).await.is_err() || ended {
            return;
        }
    }
}

fn lost(error: etcd_client::Error) -> Error {
    match Failure::from(error) {
        Failure::Failed(error) => error,
        Failure::NotConnected | Failure::NotSent | Failure::Lost => {
            // Its words are nobody's business: the stream is opened again.
            Error::connection_lost("EOF")
        }
    }
}

impl From<&etcd_client::WatchResponse> for Incoming {
    fn from(response: &etcd_client::WatchResponse) -> Self {
        Self {
            watch_id: response.watch_id(),
            created: response.created(),
            canceled: response.canceled(),
            compact_revision: response.compact_revision(),
            cancel_reason: response.cancel_reason().to_owned(),
            header_revision: response.header().map_or(0, etcd_client::ResponseHeader::revision),
            events: response.events().iter().map(Event::from).collect(),
        }
    }
}
