//! The queue's sibling recipes, as the untouched Go original offers them, against a real etcd 3.5.5.

use std::time::Duration;

use deadwatch::{
    scenario::ConsumerCall::{
        BarrierWait, DoubleBarrierEnter, DoubleBarrierLeave, Lock, PriorityDequeue, ReadLock,
    },
    subject::{Death, Reply, Returned},
};
use tokio::time::{sleep, timeout};

use crate::{
    etcd::Etcd,
    original::opened,
    talk::{Talk, item, on_a_runtime, returned},
};

crate::cases![
    a_priority_queue_hands_out_the_lowest_number_first,
    a_priority_dequeue_after_the_token_died_is_the_death_of_all,
    a_barrier_holds_until_its_key_is_gone,
    a_barrier_opens_by_itself_after_the_token_died,
    a_double_barrier_lets_two_in_and_out_together,
    a_double_barrier_is_entered_first_by_whoever_only_leaves,
    a_lock_waits_for_every_key_before_it_and_leaves_none,
    a_read_lock_waits_for_writers_only,
];

/// A token dies between 1 and 2 s after its last use; there is no sign of it to wait for.
const TOKEN_DIES_WITHIN: Duration = Duration::from_secs(3);

/// That nothing is said for a while.
async fn silence(talk: &mut Talk) {
    let said = timeout(Duration::from_millis(500), talk.running.replies.recv()).await;
    assert!(said.is_err(), "{said:?}");
}

fn done(id: u64) -> Option<Reply> {
    returned(id, Returned::Done)
}

/// The next two replies are these, in whichever order.
async fn both(talk: &mut Talk, one: Option<Reply>, other: Option<Reply>) {
    let said = [talk.next().await, talk.next().await];
    assert!(said == [one.clone(), other.clone()] || said == [other, one], "{said:?}");
}

fn a_priority_queue_hands_out_the_lowest_number_first() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        talk.consume(1, PriorityDequeue, "/test");
        silence(&mut talk).await;
        let mut admin = etcd.admin().await;
        admin.put("/test/00002/0000000000000000", "later", None).await.unwrap();
        assert_eq!(talk.next().await, item(1, "later"));
        for (key, value) in [("/test/00002/0000000000000001", "two"), ("/test/00001/0000000000000000", "one")]
        {
            etcd.admin().await.put(key, value, None).await.unwrap();
        }
        talk.consume(2, PriorityDequeue, "/test");
        assert_eq!(talk.next().await, item(2, "one"));
    });
}

fn a_priority_dequeue_after_the_token_died_is_the_death_of_all() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        talk.consume(1, PriorityDequeue, "/test");
        sleep(TOKEN_DIES_WITHIN).await;
        talk.consume(2, PriorityDequeue, "/test");
        let cause = "panic: runtime error: invalid memory address or nil pointer dereference".to_owned();
        let death = Death { cause, place: Some("priority_queue.go:73".to_owned()), exit_code: Some(2) };
        assert_eq!(talk.next().await, Some(Reply::Died(death)));
    });
}

fn a_barrier_holds_until_its_key_is_gone() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        talk.consume(1, BarrierWait, "/test");
        assert_eq!(talk.next().await, done(1));
        etcd.admin().await.put("/test", "", None).await.unwrap();
        talk.consume(2, BarrierWait, "/test");
        silence(&mut talk).await;
        etcd.admin().await.delete("/test", None).await.unwrap();
        assert_eq!(talk.next().await, done(2));
    });
}

fn a_barrier_opens_by_itself_after_the_token_died() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        etcd.admin().await.put("/test", "", None).await.unwrap();
        talk.consume(1, BarrierWait, "/test");
        sleep(TOKEN_DIES_WITHIN).await;
        talk.consume(2, BarrierWait, "/test");
        assert_eq!(talk.next().await, done(2));
        etcd.until_stored("/test", 1).await;
    });
}

fn a_double_barrier_lets_two_in_and_out_together() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        talk.consume_as(1, DoubleBarrierEnter, "one", "/test");
        silence(&mut talk).await;
        talk.consume_as(2, DoubleBarrierEnter, "two", "/test");
        both(&mut talk, done(1), done(2)).await;
        talk.consume_as(3, DoubleBarrierLeave, "one", "/test");
        silence(&mut talk).await;
        talk.consume_as(4, DoubleBarrierLeave, "two", "/test");
        both(&mut talk, done(3), done(4)).await;
        etcd.until_stored("/test", 0).await;
    });
}

fn a_double_barrier_is_entered_first_by_whoever_only_leaves() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        talk.consume(1, DoubleBarrierLeave, "/test");
        etcd.until_stored("/test/waiters", 1).await;
        talk.consume(2, DoubleBarrierLeave, "/test");
        both(&mut talk, done(1), done(2)).await;
        etcd.until_stored("/test", 0).await;
    });
}

fn a_lock_waits_for_every_key_before_it_and_leaves_none() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        talk.consume(1, Lock, "/test");
        assert_eq!(talk.next().await, done(1));
        etcd.until_stored("/test", 0).await;
        etcd.admin().await.put("/test/read/1", "", None).await.unwrap();
        talk.consume(2, Lock, "/test");
        silence(&mut talk).await;
        etcd.admin().await.delete("/test/read/1", None).await.unwrap();
        assert_eq!(talk.next().await, done(2));
        etcd.until_stored("/test", 0).await;
    });
}

fn a_read_lock_waits_for_writers_only() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        etcd.admin().await.put("/test/read/1", "", None).await.unwrap();
        talk.consume(1, ReadLock, "/test");
        assert_eq!(talk.next().await, done(1));
        etcd.admin().await.put("/test/write/1", "", None).await.unwrap();
        talk.consume(2, ReadLock, "/test");
        silence(&mut talk).await;
        etcd.admin().await.delete("/test/write/1", None).await.unwrap();
        assert_eq!(talk.next().await, done(2));
        etcd.until_stored("/test", 1).await;
    });
}
