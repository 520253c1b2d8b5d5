//! What may be answered when.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use super::*;
use crate::{scenario::ConsumerCall, subject::Opening};

fn dequeue(id: u64) -> Request {
    let call =
        Call::Consume { call: ConsumerCall::Dequeue, consumer: "1".to_owned(), prefix: "/test".to_owned() };
    Request::Call { id, client: "shared".to_owned(), call }
}

fn enqueue(id: u64) -> Request {
    let call = Call::Enqueue { prefix: "/test".to_owned(), value: "a".to_owned() };
    Request::Call { id, client: "producer".to_owned(), call }
}

fn open(client: &str) -> Request {
    let address = crate::etcd::Address::Tcp("127.0.0.1:2379".parse().unwrap());
    Request::Open { client: client.to_owned(), opening: Opening::at(address) }
}

fn opened(client: &str) -> Answer {
    Answer::Opened { client: client.to_owned(), error: None }
}

fn asked(requests: &[Request]) -> Ledger {
    let mut ledger = Ledger::default();
    for request in requests {
        assert_eq!(ledger.ask(request, Instant::now()), Fate::Send, "{request:?}");
    }
    ledger
}

fn an_item() -> Said {
    Said::Item { item: "a".to_owned(), ack: None }
}

fn returned_an_item(id: u64) -> Reply {
    Reply::Returned { id, returned: Returned::Item { item: "a".to_owned(), ack: None } }
}

impl Ledger {
    fn hear(&mut self, id: u64, said: Said) -> Result<Option<Reply>, Breach> {
        self.settle(Answer::Call { id, said })
    }
}

#[test]
fn calls_are_answered_in_any_order_and_each_once() {
    let mut ledger = asked(&[dequeue(1), dequeue(2)]);
    assert_eq!(ledger.hear(2, an_item()), Ok(Some(returned_an_item(2))));
    assert!(ledger.has_open_calls());
    assert_eq!(ledger.hear(1, an_item()), Ok(Some(returned_an_item(1))));
    assert!(!ledger.has_open_calls());
    assert_eq!(ledger.hear(2, an_item()), Err(Breach::RepeatedId(2)));
    assert_eq!(ledger.hear(3, an_item()), Err(Breach::UnknownId(3)));
}

#[test]
fn an_item_is_for_a_dequeue_and_ok_for_the_others() {
    let mut ledger = asked(&[dequeue(1), enqueue(2)]);
    assert_eq!(ledger.hear(1, Said::Done), Err(Breach::NothingForItem(1)));
    assert_eq!(ledger.hear(2, an_item()), Err(Breach::ItemForNothing(2)));
    assert_eq!(ledger.hear(2, Said::Done), Ok(Some(Reply::Returned { id: 2, returned: Returned::Done })));
}

#[test]
fn a_cancelled_call_is_over() {
    let mut ledger = asked(&[dequeue(1), Request::Cancel { id: 1 }]);
    assert_eq!(ledger.hear(1, Said::Cancelled), Ok(Some(Reply::Cancelled { id: 1 })));
    assert!(!ledger.has_open_calls());
    assert_eq!(ledger.hear(1, an_item()), Err(Breach::RepeatedId(1)));
}

#[test]
fn an_item_that_crosses_a_cancel_counts_and_the_cancels_own_answer_says_nothing_more() {
    for late in [Said::Cancelled, Said::Unsupported, Said::Error("no such call".to_owned())] {
        let mut ledger = asked(&[dequeue(1), Request::Cancel { id: 1 }]);
        assert_eq!(ledger.hear(1, an_item()), Ok(Some(returned_an_item(1))));
        assert_eq!(ledger.hear(1, late.clone()), Ok(None));
        assert_eq!(ledger.hear(1, late), Err(Breach::RepeatedId(1)));
    }
    let mut ledger = asked(&[dequeue(1), Request::Cancel { id: 1 }]);
    assert_eq!(ledger.hear(1, an_item()), Ok(Some(returned_an_item(1))));
    assert_eq!(ledger.hear(1, an_item()), Err(Breach::RepeatedId(1)));
}

#[test]
fn a_call_whose_cancel_is_unsupported_goes_on() {
    let mut ledger = asked(&[dequeue(1), Request::Cancel { id: 1 }]);
    let unsupported = Reply::Returned { id: 1, returned: Returned::Unsupported };
    assert_eq!(ledger.hear(1, Said::Unsupported), Ok(Some(unsupported)));
    assert!(ledger.has_open_calls());
    assert_eq!(ledger.hear(1, an_item()), Ok(Some(returned_an_item(1))));
    assert!(!ledger.has_open_calls());
}

#[test]
fn nothing_is_cancelled_that_was_not_asked_to_be() {
    let mut ledger = asked(&[dequeue(1)]);
    assert_eq!(ledger.hear(1, Said::Cancelled), Err(Breach::NotCancelled(1)));
}

#[test]
fn a_cancel_of_an_answered_call_is_not_sent() {
    let mut ledger = asked(&[dequeue(1)]);
    ledger.hear(1, an_item()).unwrap();
    assert_eq!(ledger.ask(&Request::Cancel { id: 1 }, Instant::now()), Fate::Drop);
    assert_eq!(ledger.hear(1, Said::Cancelled), Err(Breach::RepeatedId(1)));
}

#[test]
fn a_cancel_is_sent_once_and_once_more_where_the_first_was_unsupported() {
    let mut ledger = asked(&[dequeue(1), Request::Cancel { id: 1 }]);
    assert_eq!(ledger.ask(&Request::Cancel { id: 1 }, Instant::now()), Fate::Drop);
    ledger.hear(1, Said::Unsupported).unwrap();
    assert!(ledger.has_open_calls());
    assert_eq!(ledger.ask(&Request::Cancel { id: 1 }, Instant::now()), Fate::Send);
    ledger.hear(1, Said::Unsupported).unwrap();
    assert!(ledger.has_open_calls());
}

#[test]
fn a_client_that_is_closed_twice_is_answered_twice_and_its_calls_go_on() {
    let close = || Request::Close { client: "shared".to_owned() };
    let closed = || Answer::Closed { client: "shared".to_owned() };
    let mut ledger = asked(&[dequeue(1), close(), close(), dequeue(2)]);
    for _ in 0..2 {
        assert_eq!(ledger.settle(closed()), Ok(Some(Reply::Closed { client: "shared".to_owned() })));
    }
    assert_eq!(ledger.settle(closed()), Err(Breach::NotClosing("shared".to_owned())));
    let failed = || Said::Error("watch failed".to_owned());
    for id in [1, 2] {
        let returned = Returned::Error("watch failed".to_owned());
        assert_eq!(ledger.hear(id, failed()), Ok(Some(Reply::Returned { id, returned })));
    }
}

#[test]
fn clients_open_and_close_only_when_asked_to() {
    let mut ledger = asked(&[open("shared"), Request::Close { client: "old".to_owned() }]);
    let shared = "shared".to_owned();
    let old = "old".to_owned();
    assert_eq!(ledger.settle(opened("old")), Err(Breach::NotOpening(old.clone())));
    assert_eq!(
        ledger.settle(opened("shared")),
        Ok(Some(Reply::Opened { client: shared.clone(), error: None }))
    );
    assert_eq!(ledger.settle(opened("shared")), Err(Breach::NotOpening(shared.clone())));
    assert_eq!(ledger.settle(Answer::Closed { client: shared.clone() }), Err(Breach::NotClosing(shared)));
    assert_eq!(
        ledger.settle(Answer::Closed { client: old.clone() }),
        Ok(Some(Reply::Closed { client: old }))
    );
}

#[test]
fn the_client_that_is_overdue_first_is_the_one_asked_for_first() {
    let mut ledger = Ledger::default();
    let start = Instant::now();
    ledger.ask(&open("b"), start);
    ledger.ask(&open("a"), start + Duration::from_secs(1));
    assert_eq!(ledger.longest_opening(), Some(("b", start)));
    ledger.settle(opened("b")).unwrap();
    assert_eq!(ledger.longest_opening(), Some(("a", start + Duration::from_secs(1))));
    ledger.settle(opened("a")).unwrap();
    assert_eq!(ledger.longest_opening(), None);
}
