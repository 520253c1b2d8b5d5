//! The in-process subjects as processes of their own, in the story.

use std::sync::Arc;

use deadwatch::{
    scenario::{ConsumerCall, Version},
    subject::{
        Call, Death, KeyClock, Opening, Reply, Request, Resilient, Returned, Running, host,
        recipe::{OnDeadWatch, Recipe},
    },
};
use libtest_mimic::Trial;
use tokio::time::{sleep, timeout};

use crate::{
    etcd::{Auth, Etcd},
    trial,
    watch::{SOON, TOKEN_DIES_WITHIN},
};

/// How many watch streams the server has open.
const STREAMS: &str = "etcd_debugging_mvcc_watch_stream_total";

pub fn trials() -> Vec<Trial> {
    let crashes = Reply::Died(Death {
        cause: "invalid memory address or nil pointer dereference: the watch ended without an event"
            .to_owned(),
        place: Some("queue.go:70".to_owned()),
        exit_code: None,
    });
    let fails = |text: &str| Reply::Returned { id: 2, returned: Returned::Error(text.to_owned()) };
    let denied = fails("rpc error: code = PermissionDenied desc = etcdserver: permission denied");
    let expired = fails("rpc error: code = Unauthenticated desc = etcdserver: invalid auth token");
    let story = |name, version, on_dead_watch, reply: &Reply| {
        let reply = reply.clone();
        trial(name, version, move |version| the_story(version, on_dead_watch, reply))
    };
    vec![
        story("the_story_kills_the_naive_queue", "3.5.5", OnDeadWatch::Dereference, &crashes),
        story("the_story_kills_the_naive_queue", "3.7.3", OnDeadWatch::Dereference, &crashes),
        story("the_story_is_an_error_of_the_checked_queue", "3.5.5", OnDeadWatch::ReturnError, &denied),
        story("the_story_is_an_error_of_the_checked_queue", "3.5.16", OnDeadWatch::ReturnError, &expired),
        trial(
            "a_lone_consumer_closes_its_stream_after_each_item",
            "3.5.16",
            a_lone_consumer_closes_its_stream,
        ),
        trial("the_story_is_nothing_to_the_resilient_queue", "3.5.5", the_resilient_queue_serves_both),
        trial("the_story_is_nothing_to_the_resilient_queue", "3.5.16", the_resilient_queue_serves_both),
        trial("closing_the_client_fails_a_checked_dequeue", "3.5.16", closing_fails_a_dequeue),
        trial("closing_the_client_fails_a_resilient_dequeue", "3.5.16", closing_fails_a_resilient_dequeue),
        trial(
            "somebody_else_s_large_event_is_nothing_to_the_resilient_queue",
            "3.5.16",
            a_large_event_of_somebody_else_s,
        ),
    ]
}

struct Process(Running);

impl Process {
    async fn start(etcd: &Etcd, on_dead_watch: OnDeadWatch) -> Self {
        let client_version = Version::new(3, 5, 11);
        let recipe = Recipe { client_version, on_dead_watch, clock: KeyClock::wall() };
        Self::of(etcd, Arc::new(recipe)).await
    }

    async fn of(etcd: &Etcd, implementation: Arc<dyn host::Implementation>) -> Self {
        Self::limited(etcd, implementation, None).await
    }

    async fn resilient(etcd: &Etcd, receive_limit_bytes: Option<usize>) -> Self {
        let resilient = Resilient { clock: KeyClock::wall(), jitter_seed: 1 };
        Self::limited(etcd, Arc::new(resilient), receive_limit_bytes).await
    }

    async fn limited(
        etcd: &Etcd,
        implementation: Arc<dyn host::Implementation>,
        receive_limit_bytes: Option<usize>,
    ) -> Self {
        let mut process = Self(host::start(implementation));
        let (address, credentials) = (etcd.address(), etcd.credentials());
        process.ask(Request::Open {
            client: "shared".to_owned(),
            opening: Opening { credentials, receive_limit_bytes, ..Opening::at(address) },
        });
        assert_eq!(process.reply().await, Reply::Opened { client: "shared".to_owned(), error: None });
        process
    }

    fn ask(&self, request: Request) {
        self.0.requests.send(request).unwrap();
    }

    fn call(&self, id: u64, call: Call) {
        self.ask(Request::Call { id, client: "shared".to_owned(), call });
    }

    fn dequeue(&self, id: u64) {
        self.call(
            id,
            Call::Consume {
                call: ConsumerCall::Dequeue,
                consumer: id.to_string(),
                prefix: "/test".to_owned(),
            },
        );
    }

    fn enqueue(&self, id: u64, value: &str) {
        self.call(id, Call::Enqueue { prefix: "/test".to_owned(), value: value.to_owned() });
    }

    async fn reply(&mut self) -> Reply {
        timeout(SOON, self.0.replies.recv()).await.expect("a reply").expect("a process")
    }
}

async fn the_story(version: &'static str, on_dead_watch: OnDeadWatch, expected: Reply) {
    let etcd = Etcd::start(version, Auth::On).await;
    let mut process = Process::start(&etcd, on_dead_watch).await;
    process.dequeue(1);
    etcd.until_metric(STREAMS, 1.0).await;
    sleep(TOKEN_DIES_WITHIN).await;
    process.dequeue(2);
    assert_eq!(process.reply().await, expected);
}

async fn a_lone_consumer_closes_its_stream(version: &'static str) {
    let etcd = Etcd::start(version, Auth::On).await;
    let mut process = Process::start(&etcd, OnDeadWatch::Dereference).await;
    for (id, item) in [(1, "a"), (3, "b")] {
        process.dequeue(id);
        etcd.until_metric(STREAMS, 1.0).await;
        // Long enough to kill the token, were the stream kept for the next dequeue.
        sleep(TOKEN_DIES_WITHIN).await;
        process.enqueue(id + 1, item);
        let mut replies = [process.reply().await, process.reply().await];
        replies.sort_by_key(|reply| matches!(reply, Reply::Returned { returned: Returned::Done, .. }));
        let item = Returned::Item { item: item.to_owned(), ack: None };
        assert_eq!(replies[0], Reply::Returned { id, returned: item });
        assert_eq!(replies[1], Reply::Returned { id: id + 1, returned: Returned::Done });
        etcd.until_metric(STREAMS, 0.0).await;
    }
}

async fn closing_fails_a_dequeue(version: &'static str) {
    let etcd = Etcd::start(version, Auth::On).await;
    let mut process = Process::start(&etcd, OnDeadWatch::ReturnError).await;
    process.dequeue(1);
    etcd.until_metric(STREAMS, 1.0).await;
    process.ask(Request::Close { client: "shared".to_owned() });
    let mut replies = [process.reply().await, process.reply().await];
    replies.sort_by_key(|reply| matches!(reply, Reply::Closed { .. }));
    let failed = Returned::Error("watch failed".to_owned());
    assert_eq!(replies[0], Reply::Returned { id: 1, returned: failed });
    assert_eq!(replies[1], Reply::Closed { client: "shared".to_owned() });
}

async fn the_resilient_queue_serves_both(version: &'static str) {
    let etcd = Etcd::start(version, Auth::On).await;
    let mut process = Process::resilient(&etcd, None).await;
    process.dequeue(1);
    etcd.until_metric(STREAMS, 1.0).await;
    sleep(TOKEN_DIES_WITHIN).await;
    process.dequeue(2);
    process.enqueue(3, "a");
    process.enqueue(4, "b");
    let mut replies = Vec::new();
    for _ in 0..4 {
        replies.push(process.reply().await);
    }
    replies.sort_by_key(|reply| match reply {
        Reply::Returned { id, .. } => *id,
        other => panic!("{other:?}"),
    });
    let item = |id, item: &str| Reply::Returned {
        id,
        returned: Returned::Item { item: item.to_owned(), ack: None },
    };
    let done = |id| Reply::Returned { id, returned: Returned::Done };
    assert_eq!(replies, [item(1, "a"), item(2, "b"), done(3), done(4)]);
}

async fn closing_fails_a_resilient_dequeue(version: &'static str) {
    let etcd = Etcd::start(version, Auth::On).await;
    let mut process = Process::resilient(&etcd, None).await;
    process.dequeue(1);
    etcd.until_metric(STREAMS, 1.0).await;
    process.ask(Request::Close { client: "shared".to_owned() });
    let mut replies = [process.reply().await, process.reply().await];
    replies.sort_by_key(|reply| matches!(reply, Reply::Closed { .. }));
    let closed = || Returned::Error(etcd_queue::Error::Closed.to_string());
    assert_eq!(replies[0], Reply::Returned { id: 1, returned: closed() });
    assert_eq!(replies[1], Reply::Closed { client: "shared".to_owned() });
    // On another queue too.
    process.call(2, Call::Enqueue { prefix: "/other".to_owned(), value: "a".to_owned() });
    assert_eq!(process.reply().await, Reply::Returned { id: 2, returned: closed() });
}

async fn a_large_event_of_somebody_else_s(version: &'static str) {
    const LIMIT_BYTES: usize = 50_000;
    let etcd = Etcd::start(version, Auth::Off).await;
    let mut process = Process::resilient(&etcd, Some(LIMIT_BYTES)).await;
    process.dequeue(1);
    etcd.until_metric(STREAMS, 1.0).await;
    etcd.admin().await.put("/test-other", "x".repeat(LIMIT_BYTES), None).await.unwrap();
    etcd.admin().await.put("/test/1", "a", None).await.unwrap();
    let item = Returned::Item { item: "a".to_owned(), ack: None };
    assert_eq!(process.reply().await, Reply::Returned { id: 1, returned: item });
}
