//! Histories made by hand, in the words of a timeline.

use std::time::Duration;

use deadwatch::{
    history::{Acceptance, Event, Happening, History, Inconclusive},
    scenario::{
        Action, ClockOffset, Consumer, ConsumerCall, Delivery, Endpoints, Enqueue, EtcdSpec, NotOn, OnError,
        PROBE_PREFIX, Producer, QueueSpec, Scenario, Step, Version,
    },
    subject::{Death, Returned},
};

/// The refusal of servers up to 3.5.5.
pub const PERMISSION_DENIED: &str = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";

/// The refusal of servers from 3.5.6 on.
pub const INVALID_TOKEN: &str = "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token";

/// A history in the making; times are in seconds.
#[derive(Clone)]
pub struct Sample {
    history: History,
    next_call: u64,
}

impl Sample {
    /// A run in which these consumers start at these times, and nothing has happened yet but the pre-flight.
    pub fn with(starts: &[f64]) -> Self {
        let consumers = starts
            .iter()
            .enumerate()
            .map(|(index, start)| Consumer {
                name: (index + 1).to_string(),
                start: Duration::from_secs_f64(*start),
                client: "shared".to_owned(),
                on_error: OnError::Stop,
                call: ConsumerCall::Dequeue,
                prefix: "/test".to_owned(),
                user: None,
                clock: ClockOffset::default(),
            })
            .collect();
        let scenario = Scenario {
            name: "auth/story".to_owned(),
            title: "A second consumer starts after the token has died".to_owned(),
            origin: vec![],
            etcd: EtcdSpec { token_ttl: Some(Duration::from_secs(5)), ..EtcdSpec::of(Version::new(3, 5, 5)) },
            client_version: Version::new(3, 5, 11),
            receive_limit_bytes: None,
            endpoints: Endpoints::One,
            queue: QueueSpec { prefix: "/test".to_owned(), delivery: Delivery::Once },
            consumers,
            steps: vec![],
            length: Duration::from_secs(16),
            not_on: NotOn::default(),
        };
        let history =
            History { scenario, subject: "naive".to_owned(), backend: "embedded".to_owned(), events: vec![] };
        Self { history, next_call: 0 }.at(-0.5, Happening::PreflightPassed)
    }

    pub fn subject(mut self, name: &str) -> Self {
        self.history.subject = name.to_owned();
        self
    }

    pub fn scenario(mut self, change: impl FnOnce(&mut Scenario)) -> Self {
        change(&mut self.history.scenario);
        self
    }

    pub fn at(mut self, at: f64, what: Happening) -> Self {
        #[allow(clippy::cast_possible_truncation)]
        let at_ns = (at * 1e9).round() as i64;
        self.history.events.push(Event { at_ns, what });
        self
    }

    pub fn calls(mut self, at: f64, consumer: &str) -> Self {
        self.next_call += 1;
        let call = self.next_call;
        self.at(at, Happening::Called { consumer: consumer.to_owned(), call })
    }

    pub fn returns(self, at: f64, consumer: &str, returned: Returned) -> Self {
        let call = self.next_call;
        self.at(at, Happening::Returned { consumer: consumer.to_owned(), call, returned })
    }

    /// The consumer gets the item, and calls again.
    pub fn gets(self, at: f64, consumer: &str, item: &str) -> Self {
        self.returns(at, consumer, Returned::Item { item: item.to_owned(), ack: None }).calls(at, consumer)
    }

    pub fn fails(self, at: f64, consumer: &str, text: &str) -> Self {
        self.returns(at, consumer, Returned::Error(text.to_owned()))
    }

    pub fn probe_taken(self, at: f64, consumer: &str, number: u32) -> Self {
        let item = format!("{PROBE_PREFIX}{number}");
        self.returns(at, consumer, Returned::Item { item, ack: None })
    }

    /// A step of the scenario's enqueues the item, which is acknowledged a millisecond later.
    pub fn enqueued(self, at: f64, item: &str) -> Self {
        self.enqueue_began(at, item, "/test").enqueue_ended(at + 0.001, item)
    }

    pub fn enqueue_began(mut self, at: f64, item: &str, prefix: &str) -> Self {
        let enqueue = Enqueue {
            values: vec![item.to_owned()],
            prefix: prefix.to_owned(),
            by: Producer::Harness,
            bytes: 0,
            producers: 1,
            on_error: OnError::Stop,
        };
        let step = Step::new(Duration::from_secs_f64(at), Action::Enqueue(enqueue));
        self.history.scenario.steps.push(step);
        self.at(at, Happening::EnqueueBegan { item: item.to_owned(), prefix: prefix.to_owned() })
    }

    pub fn enqueue_ended(self, at: f64, item: &str) -> Self {
        let acceptance = Acceptance::Acknowledged;
        self.at(at, Happening::EnqueueEnded { item: item.to_owned(), acceptance })
    }

    /// A step is written into the file, and done a millisecond after its time.
    pub fn step(mut self, at: f64, action: Action) -> Self {
        let step = self.history.scenario.steps.len();
        self.history.scenario.steps.push(Step::new(Duration::from_secs_f64(at), action));
        self.at(at + 0.001, Happening::Acted { step })
    }

    pub fn logs_in(self, at: f64, token: u32) -> Self {
        self.at(at, Happening::LoggedIn { client: "shared".to_owned(), token })
    }

    pub fn uses(self, at: f64, token: u32) -> Self {
        self.at(at, Happening::TokenUsed { client: "shared".to_owned(), token })
    }

    pub fn watch_refused(self, at: f64, reason: &str, token: u32) -> Self {
        let (reason, token) = (reason.to_owned(), Some(token));
        self.at(at, Happening::WatchRefused { client: "shared".to_owned(), watch_id: 0, reason, token })
    }

    pub fn dies(self, at: f64, cause: &str, place: &str) -> Self {
        let death = Death { cause: cause.to_owned(), place: Some(place.to_owned()), exit_code: None };
        self.at(at, Happening::Died { death })
    }

    pub fn inconclusive(self, at: f64, why: Inconclusive) -> Self {
        self.at(at, Happening::Inconclusive { why })
    }

    /// The timeline ends, probes are stored for these consumers, and the control is served.
    pub fn aftermath(self, at: f64, probed: &[&str]) -> Self {
        let sample = self.at(at, Happening::TimelineEnded);
        let sample = if probed.is_empty() {
            sample
        } else {
            let consumers = probed.iter().map(|name| (*name).to_owned()).collect();
            sample.at(at + 0.01, Happening::Probed { consumers })
        };
        sample.at(at + 0.02, Happening::ControlServed)
    }

    /// The bound is reached, if anybody was still waited for, and these items are stored.
    pub fn ends(self, at: f64, stored: &[&str]) -> History {
        let items = stored.iter().map(|item| (*item).to_owned()).collect();
        self.at(at, Happening::Stored { items }).history
    }

    pub fn bound(self, at: f64) -> Self {
        self.at(at, Happening::BoundReached)
    }

    pub fn history(self) -> History {
        self.history
    }
}

/// The beginning that every subject of the story shares: token 1 is the client's first, token 2 the stream's.
pub fn story_begins(subject: &str) -> Sample {
    Sample::with(&[0.0, 7.0])
        .subject(subject)
        .logs_in(-0.1, 1)
        .at(-0.1, Happening::Opened { client: "shared".to_owned() })
        .calls(0.0, "1")
        .uses(0.001, 1)
        .logs_in(0.002, 2)
        .uses(0.003, 2)
        .calls(7.0, "2")
}

/// As far as #2's watch, which the server refuses: its stream still carries token 2.
pub fn story_refused(subject: &str, reason: &str) -> Sample {
    story_begins(subject).uses(7.001, 2).logs_in(7.002, 3).uses(7.003, 3).watch_refused(7.004, reason, 2)
}

pub fn story_naive() -> History {
    story_refused("naive", PERMISSION_DENIED)
        .dies(7.005, "index out of bounds: the len is 0 but the index is 0", "naive.rs:70")
        .aftermath(7.006, &[])
        .ends(7.1, &[])
}

pub fn story_original() -> History {
    story_refused("original", PERMISSION_DENIED)
        .dies(7.005, "invalid memory address or nil pointer dereference", "queue.go:70")
        .aftermath(7.006, &[])
        .ends(7.1, &[])
}

pub fn story_checked_on_3_5_5() -> History {
    story_refused("checked", PERMISSION_DENIED)
        .fails(7.005, "2", PERMISSION_DENIED)
        .aftermath(16.0, &["1"])
        .bound(19.02)
        .ends(19.03, &[])
}

pub fn story_checked_on_3_5_16() -> History {
    story_refused("checked", INVALID_TOKEN)
        .scenario(|scenario| scenario.etcd.version = Version::new(3, 5, 16))
        .fails(7.005, "2", INVALID_TOKEN)
        .aftermath(16.0, &["1"])
        .probe_taken(16.03, "1", 1)
        .ends(16.04, &[])
}

pub fn story_resilient() -> History {
    story_begins("resilient")
        .uses(7.001, 2)
        .logs_in(7.002, 3)
        .uses(7.003, 3)
        .aftermath(16.0, &["1", "2"])
        .probe_taken(16.03, "1", 1)
        .probe_taken(16.04, "2", 2)
        .ends(16.05, &[])
}

pub fn story_retry() -> History {
    let mut sample = story_refused("checked", PERMISSION_DENIED).scenario(|scenario| {
        scenario.name = "auth/story-retry".to_owned();
        scenario.consumers[1].on_error = OnError::Retry;
    });
    for failure in 0..100 {
        let at = 7.005 + f64::from(failure) * 0.002;
        sample = sample.fails(at, "2", PERMISSION_DENIED).calls(at + 0.001, "2");
    }
    sample
        .at(7.21, Happening::CallsSpinning { consumer: "2".to_owned(), failures: 101 })
        .at(16.0, Happening::FailuresOmitted { consumer: "2".to_owned(), count: 88 })
        .aftermath(16.0, &["1", "2"])
        .probe_taken(16.05, "2", 1)
        .bound(19.02)
        .ends(19.03, &[])
}
