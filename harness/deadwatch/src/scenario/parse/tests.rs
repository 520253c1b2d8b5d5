//! What a right file becomes. What a wrong one is told is in `tests/bad-scenarios`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use crate::scenario::{
    Action, ClockOffset, Consumer, ConsumerCall, Delivery, Endpoints, Enqueue, EtcdSpec, NotOn, OnError,
    Producer, QueueSpec, Scenario, Step, Version, parse,
};

const LEAST: &str = "title = \"t\"\n[etcd]\nversion = \"3.5.5\"\n[[consumer]]\n[run]\nlength = \"16s\"\n";

fn scenario(text: &str) -> Scenario {
    parse("folder/name", "name.toml", text).expect("the scenario is right").scenario
}

fn consumer(name: &str) -> Consumer {
    Consumer {
        name: name.to_owned(),
        start: Duration::ZERO,
        client: "shared".to_owned(),
        on_error: OnError::Stop,
        call: ConsumerCall::Dequeue,
        prefix: "/test".to_owned(),
        user: None,
        clock: ClockOffset::default(),
    }
}

#[test]
fn the_least_that_a_file_must_say_gets_every_default() {
    let expected = Scenario {
        name: "folder/name".to_owned(),
        title: "t".to_owned(),
        origin: Vec::new(),
        etcd: EtcdSpec::of(Version::new(3, 5, 5)),
        client_version: Version::new(3, 5, 11),
        receive_limit_bytes: None,
        endpoints: Endpoints::One,
        queue: QueueSpec { prefix: "/test".to_owned(), delivery: Delivery::Once },
        consumers: vec![consumer("1")],
        steps: Vec::new(),
        length: Duration::from_secs(16),
        not_on: NotOn::default(),
    };
    assert_eq!(scenario(LEAST), expected);
}

#[test]
fn every_key_is_heeded() {
    let text = r#"
        title = "t"
        origin = ["etcd-io/etcd#12385"]
        etcd = { version = "3.7.3", token-ttl = "5000ms" }
        client.version = "3.5.6"
        [queue]
        prefix = "/q"
        delivery = "at-least-once"
        [[consumer]]
        start = "1s"
        name = "late"
        client = "own"
        on-error = "retry"
        [[consumer]]
        [[step]]
        at = "1500ms"
        enqueue = { value = "a", count = 2, prefix = "/q2", by = "subject" }
        [[step]]
        at = "1s"
        enqueue = "b"
        [run]
        length = "2m"
    "#;
    let enqueue = |at_ms, values: &[&str], prefix: &str, by| {
        Step::new(
            Duration::from_millis(at_ms),
            Action::Enqueue(Enqueue {
                values: values.iter().map(|value| (*value).to_owned()).collect(),
                prefix: prefix.to_owned(),
                by,
                bytes: 0,
                producers: 1,
                on_error: OnError::Stop,
            }),
        )
    };
    let expected = Scenario {
        name: "folder/name".to_owned(),
        title: "t".to_owned(),
        origin: vec!["etcd-io/etcd#12385".to_owned()],
        etcd: EtcdSpec { token_ttl: Some(Duration::from_secs(5)), ..EtcdSpec::of(Version::new(3, 7, 3)) },
        client_version: Version::new(3, 5, 6),
        receive_limit_bytes: None,
        endpoints: Endpoints::One,
        queue: QueueSpec { prefix: "/q".to_owned(), delivery: Delivery::AtLeastOnce },
        consumers: vec![
            Consumer {
                name: "late".to_owned(),
                start: Duration::from_secs(1),
                client: "own".to_owned(),
                on_error: OnError::Retry,
                call: ConsumerCall::Dequeue,
                prefix: "/q".to_owned(),
                user: None,
                clock: ClockOffset::default(),
            },
            Consumer { prefix: "/q".to_owned(), ..consumer("2") },
        ],
        steps: vec![
            enqueue(1_500, &["a.1", "a.2"], "/q2", Producer::Subject),
            enqueue(1_000, &["b"], "/q", Producer::Harness),
        ],
        length: Duration::from_secs(120),
        not_on: NotOn::default(),
    };
    assert_eq!(scenario(text), expected);
}

#[test]
fn an_item_without_a_count_keeps_its_value_and_a_count_of_one_numbers_it() {
    let values = |written: &str| {
        let text = LEAST.replace("[run]", &format!("[[step]]\nat = \"1s\"\nenqueue = {written}\n[run]"));
        let Action::Enqueue(enqueue) = scenario(&text).steps.remove(0).action else { panic!("no enqueue") };
        enqueue.values
    };
    assert_eq!(values(r#"{ value = "a" }"#), ["a"]);
    assert_eq!(values(r#"{ value = "a", count = 1 }"#), ["a.1"]);
    assert_eq!(values(r#"{ value = "a", count = 0x3 }"#), ["a.1", "a.2", "a.3"]);
}

#[test]
fn a_consumer_may_share_the_producers_client() {
    let text = LEAST.replace("[run]", "client = \"producer\"\n[run]");
    assert_eq!(scenario(&text).consumers[0].client, "producer");
}

#[test]
fn a_prefix_may_begin_as_the_reserved_one_does_and_then_differ() {
    for prefix in ["/deadwatch/", "deadwatches", "/", "deadline/"] {
        let text = LEAST.replace("[[consumer]]", &format!("[queue]\nprefix = \"{prefix}\"\n[[consumer]]"));
        assert_eq!(scenario(&text).queue.prefix, prefix);
    }
    for prefix in ["d", "deadwatch", "deadwatch/", "deadwatch/x"] {
        let text = LEAST.replace("[[consumer]]", &format!("[queue]\nprefix = \"{prefix}\"\n[[consumer]]"));
        assert!(parse("name", "name.toml", &text).is_err(), "{prefix}");
    }
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_change_nothing() {
    assert_eq!(scenario(&format!("\u{feff}{}", LEAST.replace('\n', "\r\n"))), scenario(LEAST));
}

#[test]
fn a_name_given_may_be_a_number_that_no_consumer_has_by_its_place() {
    let text = LEAST.replace("[run]", "name = \"2\"\n[[consumer]]\nname = \"1\"\n[run]");
    let names: Vec<String> = scenario(&text).consumers.into_iter().map(|consumer| consumer.name).collect();
    assert_eq!(names, ["2", "1"]);
}

mod steps;
mod tables;
