//! Scenarios for the tests of the other rooms.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::{
    Action, ClockOffset, Consumer, ConsumerCall, Delivery, Endpoints, Enqueue, EtcdSpec, NotOn, OnError,
    Producer, QueueSpec, Scenario, Step, Version,
};

/// A scenario of 16 s on 3.5.5 with a TTL of 5 s: consumers that share a client and start at these times, and
/// steps that enqueue these items.
pub(crate) fn scenario(starts: &[&str], enqueues: &[(&str, &str)]) -> Scenario {
    let consumer = |(index, start): (usize, &&str)| Consumer {
        name: (index + 1).to_string(),
        start: seconds(start),
        client: "shared".to_owned(),
        on_error: OnError::Stop,
        call: ConsumerCall::Dequeue,
        prefix: "/test".to_owned(),
        user: None,
        clock: ClockOffset::default(),
    };
    let step = |(at, item): &(&str, &str)| {
        Step::new(
            seconds(at),
            Action::Enqueue(Enqueue {
                values: vec![(*item).to_owned()],
                prefix: "/test".to_owned(),
                by: Producer::Harness,
                bytes: 0,
                producers: 1,
                on_error: OnError::Stop,
            }),
        )
    };
    Scenario {
        name: "auth/made-up".to_owned(),
        title: "Made up for a test".to_owned(),
        origin: Vec::new(),
        etcd: EtcdSpec { token_ttl: Some(seconds("5s")), ..EtcdSpec::of(Version::new(3, 5, 5)) },
        client_version: Version::new(3, 5, 11),
        receive_limit_bytes: None,
        endpoints: Endpoints::One,
        queue: QueueSpec { prefix: "/test".to_owned(), delivery: Delivery::Once },
        consumers: starts.iter().enumerate().map(consumer).collect(),
        steps: enqueues.iter().map(step).collect(),
        length: seconds("16s"),
        not_on: NotOn::default(),
    }
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs(text.trim_end_matches('s').parse().unwrap())
}
