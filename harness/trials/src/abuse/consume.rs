//! A consumer's work: it takes items, one by one or many at a time, and notes each.

use deadwatch::{scenario::PROBE_PREFIX, subject::Returned};
use etcd_queue::{Error, Item, Queue};
use fastrand::Rng;
use futures::StreamExt;

use super::{patience::Patience, phase::Phase, plan::Consumer, worker::Worker};

/// One call in so many for a single item is made through a stream of items.
const STREAMS_ONE_IN: u8 = 8;

/// How a call asks for items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Next,
    Stream,
    Batch(usize),
}

/// Takes items until it comes to the probes, and then exactly one of those. Returns why items could not be put back in
/// the end, if so.
pub async fn consume(worker: Worker, consumer: Consumer) -> Result<(), String> {
    let mut rng = Rng::with_seed(consumer.seed);
    while worker.phases.now() == Phase::Work {
        let way = draw(&consumer, &mut rng);
        let patience = Patience::draw(consumer.temper, &mut rng);
        let call = worker.record.called(&consumer.name);
        tokio::select! {
            biased;
            () = worker.phases.after(Phase::Work) => {}
            answer = patience.wait_for(take(&worker.queue, way), &worker.sent) => match answer {
                Some(answer) => note(&worker, &consumer.name, call, answer),
                None => worker.dropped_a_wait(),
            },
        }
    }
    worker.phases.done_with_work();
    take_a_probe(&worker, &consumer.name).await;
    // What it has claimed ahead is somebody else's probe.
    worker.queue.close().await.map_err(|error| format!("{}: {error}", consumer.name))
}

/// Calls for one item at a time until it is a probe, or all is over.
async fn take_a_probe(worker: &Worker, name: &str) {
    while worker.phases.now() == Phase::Probe {
        let call = worker.record.called(name);
        tokio::select! {
            biased;
            () = worker.phases.after(Phase::Probe) => {}
            answer = take(&worker.queue, Way::Next) => {
                let is_probe = answer.as_ref().is_ok_and(|items| items.iter().any(is_probe));
                note(worker, name, call, answer);
                if is_probe {
                    return;
                }
            }
        }
    }
}

fn draw(consumer: &Consumer, rng: &mut Rng) -> Way {
    match rng.usize(1..=consumer.most) {
        1 if rng.u8(..STREAMS_ONE_IN) == 0 => Way::Stream,
        1 => Way::Next,
        many => Way::Batch(many),
    }
}

async fn take(queue: &Queue, way: Way) -> Result<Vec<Item>, Error> {
    match way {
        Way::Next => Ok(vec![queue.next().await?]),
        Way::Stream => match queue.stream().next().await {
            Some(item) => Ok(vec![item?]),
            None => Err(Error::Closed),
        },
        Way::Batch(many) => queue.next_batch(many).await,
    }
}

fn note(worker: &Worker, name: &str, call: u64, answer: Result<Vec<Item>, Error>) {
    match answer {
        Ok(items) if items.is_empty() => worker.record.returned(name, call, Returned::Done),
        Ok(items) => {
            for item in items {
                let item = String::from_utf8_lossy(item.value()).into_owned();
                worker.record.returned(name, call, Returned::Item { item, ack: None });
            }
        }
        Err(error) => worker.record.returned(name, call, Returned::Error(error.to_string())),
    }
}

fn is_probe(item: &Item) -> bool {
    item.value().starts_with(PROBE_PREFIX.as_bytes())
}
