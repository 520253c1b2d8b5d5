#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{net::SocketAddr, time::Duration};

use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::*;
use crate::etcd::{Address, Credentials};

/// Opens clients for whom the prefix says what a call does.
struct Script {
    gone: UnboundedSender<()>,
}

struct ScriptClient {
    /// Told when the client is gone.
    gone: UnboundedSender<()>,
    closed: watch::Sender<bool>,
}

impl Implementation for Script {
    fn open(&self, opening: Opening) -> BoxFuture<'static, Result<Arc<dyn QueueClient>, String>> {
        let gone = self.gone.clone();
        Box::pin(async move {
            match opening.credentials {
                Some(_) => Err("no such user".to_owned()),
                None => Ok(Arc::new(ScriptClient { gone, closed: watch::Sender::new(false) })
                    as Arc<dyn QueueClient>),
            }
        })
    }
}

impl QueueClient for ScriptClient {
    fn dequeue<'a>(&'a self, consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(async move {
            match prefix {
                "item" => Ok(Handed::once(consumer)),
                "error" => Err(Failure::Error("watch failed".to_owned())),
                "panic" => panic!("no event for {consumer}"),
                "crash" => std::panic::panic_any(Crash {
                    cause: "nil pointer".to_owned(),
                    place: "queue.go:70".to_owned(),
                }),
                "close" => {
                    let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
                    Err(Failure::Error("the client is closed".to_owned()))
                }
                _ => {
                    sleep(Duration::from_secs(3_600)).await;
                    Ok(Handed::once("late"))
                }
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.closed.send_replace(true);
        Box::pin(async {})
    }
}

impl Drop for ScriptClient {
    fn drop(&mut self) {
        let _ = self.gone.send(());
    }
}

struct Process {
    running: Running,
    gone: UnboundedReceiver<()>,
}

impl Process {
    async fn with_client() -> Self {
        let (gone, told) = mpsc::unbounded_channel();
        let mut process = Self { running: start(Arc::new(Script { gone })), gone: told };
        process.ask(open(None));
        assert_eq!(process.reply().await, Some(Reply::Opened { client: "shared".to_owned(), error: None }));
        process
    }

    fn ask(&self, request: Request) {
        self.running.requests.send(request).unwrap();
    }

    fn dequeue(&self, id: u64, prefix: &str) {
        let call = Call::Consume {
            call: ConsumerCall::Dequeue,
            consumer: id.to_string(),
            prefix: prefix.to_owned(),
        };
        self.ask(Request::Call { id, client: "shared".to_owned(), call });
    }

    async fn reply(&mut self) -> Option<Reply> {
        next(&mut self.running.replies).await
    }
}

/// What comes next, if it comes within a virtual day.
async fn next<T>(channel: &mut UnboundedReceiver<T>) -> Option<T> {
    timeout(Duration::from_secs(86_400), channel.recv()).await.expect("something or the end")
}

fn open(credentials: Option<Credentials>) -> Request {
    let address = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
    Request::Open { client: "shared".to_owned(), opening: Opening { credentials, ..Opening::at(address) } }
}

fn returned(id: u64, returned: Returned) -> Option<Reply> {
    Some(Reply::Returned { id, returned })
}

#[tokio::test(start_paused = true)]
async fn calls_run_side_by_side_and_are_answered_as_they_return() {
    let mut process = Process::with_client().await;
    process.dequeue(1, "wait");
    process.dequeue(2, "item");
    process.dequeue(3, "error");
    assert_eq!(process.reply().await, returned(2, Returned::Item { item: "2".to_owned(), ack: None }));
    assert_eq!(process.reply().await, returned(3, Returned::Error("watch failed".to_owned())));
    assert_eq!(process.reply().await, returned(1, Returned::Item { item: "late".to_owned(), ack: None }));
}

#[tokio::test(start_paused = true)]
async fn a_panic_kills_the_process_with_its_message_and_file_and_drops_its_clients() {
    let mut process = Process::with_client().await;
    process.dequeue(1, "wait");
    process.dequeue(2, "panic");
    let death =
        Death { cause: "no event for 2".to_owned(), place: Some("tests.rs".to_owned()), exit_code: None };
    assert_eq!(process.reply().await, Some(Reply::Died(death)));
    assert_eq!(process.reply().await, None);
    assert_eq!(process.gone.try_recv(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_crash_that_names_its_place_is_reported_with_that_place() {
    let mut process = Process::with_client().await;
    process.dequeue(1, "crash");
    let death =
        Death { cause: "nil pointer".to_owned(), place: Some("queue.go:70".to_owned()), exit_code: None };
    assert_eq!(process.reply().await, Some(Reply::Died(death)));
}

#[tokio::test(start_paused = true)]
async fn a_call_is_given_up_and_one_that_has_returned_is_answered_once() {
    let mut process = Process::with_client().await;
    process.dequeue(1, "item");
    assert!(process.reply().await.is_some());
    process.ask(Request::Cancel { id: 1 });
    process.dequeue(2, "wait");
    process.ask(Request::Cancel { id: 2 });
    assert_eq!(process.reply().await, Some(Reply::Cancelled { id: 2 }));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_offered_is_unsupported() {
    let mut process = Process::with_client().await;
    let call = Call::Enqueue { prefix: "/test".to_owned(), value: "a".to_owned() };
    process.ask(Request::Call { id: 1, client: "shared".to_owned(), call });
    assert_eq!(process.reply().await, returned(1, Returned::Unsupported));
    let call = Call::Ack { token: "1".to_owned() };
    process.ask(Request::Call { id: 2, client: "shared".to_owned(), call });
    assert_eq!(process.reply().await, returned(2, Returned::Unsupported));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_cannot_be_opened_is_answered_with_the_reason() {
    let mut process = Process::with_client().await;
    process.ask(open(Some(Credentials::root())));
    let error = Some("no such user".to_owned());
    assert_eq!(process.reply().await, Some(Reply::Opened { client: "shared".to_owned(), error }));
}

#[tokio::test(start_paused = true)]
async fn a_client_is_closed_under_its_calls_and_takes_later_ones_all_the_same() {
    let mut process = Process::with_client().await;
    process.dequeue(1, "close");
    process.ask(Request::Close { client: "shared".to_owned() });
    let mut replies = [process.reply().await, process.reply().await];
    replies.sort_by_key(|reply| matches!(reply, Some(Reply::Closed { .. })));
    let closed = || Returned::Error("the client is closed".to_owned());
    assert_eq!(replies[0], returned(1, closed()));
    assert_eq!(replies[1], Some(Reply::Closed { client: "shared".to_owned() }));
    process.dequeue(2, "close");
    assert_eq!(process.reply().await, returned(2, closed()));
    process.ask(Request::Close { client: "shared".to_owned() });
    assert_eq!(process.reply().await, Some(Reply::Closed { client: "shared".to_owned() }));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_never_opened_takes_no_calls_and_closes_at_once() {
    let (gone, told) = mpsc::unbounded_channel();
    let mut process = Process { running: start(Arc::new(Script { gone })), gone: told };
    process.dequeue(1, "item");
    let error = "client \"shared\" was never opened".to_owned();
    assert_eq!(process.reply().await, returned(1, Returned::Error(error)));
    process.ask(Request::Close { client: "shared".to_owned() });
    assert_eq!(process.reply().await, Some(Reply::Closed { client: "shared".to_owned() }));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_comes_after_the_answer_says_nothing_and_one_that_crosses_it_is_answered_once() {
    let mut process = Process::with_client().await;
    process.dequeue(1, "wait");
    process.ask(Request::Cancel { id: 1 });
    process.ask(Request::Cancel { id: 1 });
    process.ask(Request::Cancel { id: 9 });
    assert_eq!(process.reply().await, Some(Reply::Cancelled { id: 1 }));
    process.dequeue(2, "item");
    process.ask(Request::Cancel { id: 2 });
    let reply = process.reply().await;
    let item = returned(2, Returned::Item { item: "2".to_owned(), ack: None });
    assert!(reply == item || reply == Some(Reply::Cancelled { id: 2 }), "{reply:?}");
    // Whichever it was, nothing more is said of it.
    process.dequeue(3, "error");
    assert_eq!(process.reply().await, returned(3, Returned::Error("watch failed".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn closing_the_requests_ends_the_process() {
    let mut process = Process::with_client().await;
    process.dequeue(1, "wait");
    let Running { requests, mut replies, .. } = process.running;
    drop(requests);
    assert_eq!(next(&mut replies).await, None);
    assert_eq!(next(&mut process.gone).await, Some(()));
}
