//! A producer's work: it enqueues its items, one by one or many at a time, and notes the answer to each.

use std::time::Duration;

use etcd_queue::{Error, Queue};
use fastrand::Rng;
use futures::future::join_all;
use tokio::time::sleep;

use super::{
    patience::Patience,
    plan::{Plan, Producer},
    worker::Worker,
};

/// One rest in so many is a nap, where there are naps.
const NAPS_ONE_IN: u8 = 40;

/// How items are given to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// In one call.
    Together,
    /// In a call for each, at the same time.
    SideBySide,
}

/// Enqueues all items of this producer.
///
/// An item whose call is given up, or answered with an error, is not enqueued again: it may be stored, or not.
pub async fn produce(worker: Worker, producer: Producer, plan: Plan) {
    let mut rng = Rng::with_seed(producer.seed);
    let mut next = 0;
    while next < producer.items {
        worker.record.at_most_awaited(plan.backlog).await;
        let many = rng.usize(1..=producer.most).min(producer.items - next);
        let items: Vec<String> = (next..next + many).map(|n| value(&producer.name, n)).collect();
        next += many;
        worker.record.enqueues_begin(&worker.prefix, &items);
        let way = if rng.bool() { Way::Together } else { Way::SideBySide };
        // Nothing is promised of an item whose enqueue was given up: half of them are seen through.
        let patience = if rng.bool() { Patience::ENDLESS } else { Patience::draw(producer.temper, &mut rng) };
        match patience.wait_for(enqueue(&worker.queue, way, &items), &worker.sent).await {
            Some(answers) => {
                for (item, answer) in items.iter().zip(answers) {
                    worker.record.enqueue_ended(item, answer);
                }
            }
            None => worker.dropped_an_enqueue(),
        }
        rest(&producer, &mut rng).await;
    }
    // What was given up may still be under way, and goes on; a queue that only enqueued has nothing to put back.
    let _ = worker.queue.close().await;
}

/// The value of a producer's item of this number, from 0.
pub fn value(producer: &str, number: usize) -> String {
    format!("{producer}.{number}")
}

/// Enqueues items; the answer to each.
async fn enqueue(queue: &Queue, way: Way, items: &[String]) -> Vec<Result<(), String>> {
    match way {
        Way::SideBySide => {
            let calls = items.iter().map(|item| queue.enqueue(item.as_str()));
            let answers = join_all(calls).await;
            answers.into_iter().map(|answer| answer.map_err(|error| error.to_string())).collect()
        }
        Way::Together => {
            let (stored, error) = match queue.enqueue_all(items.iter().map(String::as_str)).await {
                Ok(()) => (items.len(), String::new()),
                Err(Error::Partly { stored, cause }) => (stored, cause.to_string()),
                Err(error) => (0, error.to_string()),
            };
            let answer = |n| if n < stored { Ok(()) } else { Err(error.clone()) };
            (0..items.len()).map(answer).collect()
        }
    }
}

async fn rest(producer: &Producer, rng: &mut Rng) {
    let rest = Duration::from_millis(rng.u64(producer.rest_ms.clone()));
    let nap = producer.nap.filter(|_| rng.u8(..NAPS_ONE_IN) == 0);
    let rest = nap.unwrap_or(rest);
    if !rest.is_zero() {
        sleep(rest).await;
    }
}
