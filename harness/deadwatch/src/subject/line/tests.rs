//! The lines of the contract, word for word.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};

use super::*;
use crate::scenario::ConsumerCall;

fn sent(request: &Request) -> Value {
    serde_json::from_str(&encode(request)).unwrap()
}

fn open(credentials: Option<Credentials>) -> Request {
    let address = Address::Tcp("127.0.0.1:2379".parse().unwrap());
    Request::Open { client: "shared".to_owned(), opening: Opening { credentials, ..Opening::at(address) } }
}

fn call(id: u64, client: &str, call: Call) -> Request {
    Request::Call { id, client: client.to_owned(), call }
}

fn about(id: u64, said: Said) -> Answer {
    Answer::Call { id, said }
}

fn refusal(line: &str) -> String {
    decode(line).expect_err("this line must not be understood").to_string()
}

#[test]
fn requests_are_the_lines_of_the_contract() {
    let dequeue =
        Call::Consume { call: ConsumerCall::Dequeue, consumer: "1".to_owned(), prefix: "/test".to_owned() };
    let enqueue = Call::Enqueue { prefix: "/test".to_owned(), value: "a".to_owned() };
    let ack = Call::Ack { token: "TOKEN".to_owned() };
    assert_eq!(hello(), r#"{"op":"hello","protocol":1}"#);
    assert_eq!(
        sent(&open(Some(Credentials::root()))),
        json!({"op":"open","client":"shared","endpoints":["127.0.0.1:2379"],"user":"root","password":"root"})
    );
    assert_eq!(
        sent(&call(7, "shared", dequeue)),
        json!({"op":"call","id":7,"client":"shared","consumer":"1","method":"dequeue","prefix":"/test"})
    );
    assert_eq!(
        sent(&call(8, "producer", enqueue)),
        json!({"op":"call","id":8,"client":"producer","method":"enqueue","prefix":"/test","value":"a"})
    );
    assert_eq!(
        sent(&call(9, "shared", ack)),
        json!({"op":"call","id":9,"client":"shared","method":"ack","token":"TOKEN"})
    );
    assert_eq!(sent(&Request::Cancel { id: 7 }), json!({"op":"cancel","id":7}));
    assert_eq!(
        sent(&Request::Close { client: "shared".to_owned() }),
        json!({"op":"close","client":"shared"})
    );
}

#[test]
fn without_authentication_no_user_is_named() {
    assert_eq!(sent(&open(None)), json!({"op":"open","client":"shared","endpoints":["127.0.0.1:2379"]}));
}

#[test]
fn a_value_with_a_line_break_stays_on_one_line() {
    let value = "a\nb\u{2028}\"c\"".to_owned();
    let line = encode(&call(1, "producer", Call::Enqueue { prefix: "/test".to_owned(), value }));
    assert!(!line.contains('\n'), "{line}");
}

#[test]
fn answers_are_the_lines_of_the_contract() {
    let shared = "shared".to_owned();
    let cases = [
        (r#"{"op":"open","client":"shared"}"#, Answer::Opened { client: shared.clone(), error: None }),
        (
            r#"{"op":"open","client":"shared","error":"no etcd"}"#,
            Answer::Opened { client: shared.clone(), error: Some("no etcd".to_owned()) },
        ),
        (r#"{"op":"close","client":"shared"}"#, Answer::Closed { client: shared }),
        (r#"{"id":7,"item":"a"}"#, about(7, Said::Item { item: "a".to_owned(), ack: None })),
        (
            r#"{"id":7,"item":"","ack":"TOKEN"}"#,
            about(7, Said::Item { item: String::new(), ack: Some("TOKEN".to_owned()) }),
        ),
        (r#"{"id":8,"ok":true}"#, about(8, Said::Done)),
        (r#"{"id":7,"error":"watch failed"}"#, about(7, Said::Error("watch failed".to_owned()))),
        (r#"{"id":7,"unsupported":true}"#, about(7, Said::Unsupported)),
        (r#"{"id":7,"cancelled":true}"#, about(7, Said::Cancelled)),
    ];
    for (line, answer) in cases {
        assert_eq!(decode(line).unwrap(), answer, "{line}");
    }
}

#[test]
fn unknown_fields_nulls_and_falses_are_as_if_absent() {
    let line = r#" {"took_ms":3,"op":null,"id":7,"item":"a","error":null,"ok":false,"unsupported":false} "#;
    assert_eq!(decode(line).unwrap(), about(7, Said::Item { item: "a".to_owned(), ack: None }));
}

#[test]
fn a_line_that_is_no_answer_is_refused_with_the_reason() {
    for (line, reason) in [
        ("connected to etcd", "is no JSON"),
        ("", "is no JSON"),
        (r#"{"id":7,"item":"a"} trailing"#, "is no JSON"),
        ("7", "is not a JSON object"),
        (r#"[null,null,7,"a"]"#, "is not a JSON object"),
        (r#"{"id":"7","item":"a"}"#, "does not have the fields of an answer"),
        (r#"{"id":7,"item":5}"#, "does not have the fields of an answer"),
        (r#"{"item":"a"}"#, "answers nothing"),
        (r#"{"op":"open"}"#, "answers nothing"),
        (r#"{"op":"log","text":"hi"}"#, "answers nothing"),
        (r#"{"id":7}"#, "says nothing about its call"),
        (r#"{"id":7,"ok":false}"#, "says nothing about its call"),
        (r#"{"id":7,"item":"a","error":"b"}"#, "says more than one of"),
    ] {
        let refusal = refusal(line);
        assert!(refusal.starts_with(reason), "{line}: {refusal}");
    }
}

#[test]
fn a_quoted_line_is_bounded_and_shows_its_control_characters() {
    assert_eq!(quote("a\u{1b}[31m\tä"), r"`a\u{1b}[31m\tä`");
    assert_eq!(quote(&"x".repeat(201)), format!("`{}…`", "x".repeat(200)));
    assert_eq!(quote(&"x".repeat(200)), format!("`{}`", "x".repeat(200)));
}
