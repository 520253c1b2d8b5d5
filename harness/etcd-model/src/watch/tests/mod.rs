//! The hub by itself: requests in, answers out, time by hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod notice;
mod refusal;
mod replay;

use std::time::Duration;

use tokio::{sync::mpsc, time::Instant};

use crate::{
    auth::Credential,
    member::{Member, Settings},
    proto::{
        CompactionRequest, PutRequest, WatchCancelRequest, WatchCreateRequest, WatchProgressRequest,
        WatchRequest, WatchResponse, watch_request::RequestUnion,
    },
    watch::StreamId,
};

/// One member with one stream of watches, and the time it thinks it is.
struct Bench {
    member: Member,
    now: Instant,
    stream: StreamId,
    answers: mpsc::UnboundedReceiver<WatchResponse>,
    credential: Credential,
}

impl Bench {
    fn of(release: &str) -> Self {
        Self::with(Settings::of(release.parse().unwrap()))
    }

    fn with(settings: Settings) -> Self {
        let now = Instant::now();
        let mut member = Member::new(settings, now);
        let (outbox, answers) = mpsc::unbounded_channel();
        let stream = member.open_watches(outbox, now);
        Self { member, now, stream, answers, credential: Credential::None }
    }

    fn put(&mut self, key: &'static str) {
        let request = PutRequest { key: key.into(), ..PutRequest::default() };
        self.member.put(&Credential::None, &request, self.now).unwrap();
    }

    fn compact(&mut self, revision: i64) {
        let request = CompactionRequest { revision, physical: true };
        self.member.compact(&Credential::None, &request, self.now).unwrap();
    }

    /// Asks for a watch of a key from a revision on; returns what is answered at once.
    fn create(&mut self, key: &'static str, start_revision: i64) -> Vec<WatchResponse> {
        self.ask(WatchCreateRequest { key: key.into(), start_revision, ..WatchCreateRequest::default() })
    }

    fn ask(&mut self, create: WatchCreateRequest) -> Vec<WatchResponse> {
        self.send(RequestUnion::CreateRequest(create))
    }

    fn cancel(&mut self, watch_id: i64) -> Vec<WatchResponse> {
        self.send(RequestUnion::CancelRequest(WatchCancelRequest { watch_id }))
    }

    fn progress(&mut self) -> Vec<WatchResponse> {
        self.send(RequestUnion::ProgressRequest(WatchProgressRequest {}))
    }

    fn send(&mut self, request: RequestUnion) -> Vec<WatchResponse> {
        let request = WatchRequest { request_union: Some(request) };
        self.member.watch_request(self.stream, &self.credential, request, self.now);
        self.answers()
    }

    /// Lets time pass until the member has something to do, does it, and returns how long that took.
    fn wait(&mut self) -> Duration {
        let due = self.member.due().expect("nothing is due");
        let passed = due.duration_since(self.now);
        self.now = due;
        self.member.advance(due);
        passed
    }

    /// What the stream was told since it was asked last.
    fn answers(&mut self) -> Vec<WatchResponse> {
        std::iter::from_fn(|| self.answers.try_recv().ok()).collect()
    }
}

/// The revisions of the events of an answer.
fn revisions(answer: &WatchResponse) -> Vec<i64> {
    answer.events.iter().map(|event| event.kv.as_ref().unwrap().mod_revision).collect()
}

/// The revision that an answer was given at.
fn given_at(answer: &WatchResponse) -> i64 {
    answer.header.unwrap().revision
}
