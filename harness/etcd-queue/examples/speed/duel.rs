//! The queue beside a raw loop of the same transactions, turn by turn on fresh prefixes, so that whatever
//! else the machine does meets both; of each the median is shown.
//!
//! A prefix is used once: until the next compaction etcd walks the index of deleted keys as well.

use std::time::Duration;

use etcd_client::{Client, Compare, CompareOp, GetOptions, GetResponse, KeyValue, Txn, TxnOp};
use etcd_queue::Queue;
use tokio::time::Instant;

use crate::{Outcome, value};

const SLOT: &str = "speed-slot";

/// One way to take all items of a queue.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// One transaction an item, one under way; keys and revisions are known.
    RawClaims,
    /// The same with the slot's comparison and write.
    RawClaimsWithSlot,
    /// One listing and transactions of up to 126 items, one under way.
    RawBatches,
    /// `next()` in a loop, the first call not counted; so many items claimed ahead.
    Next { ahead: usize },
    /// `next_batch(126)` in a loop, the opening of the queue included.
    OpenAndBatch,
}

impl Way {
    fn name(self) -> String {
        match self {
            Way::RawClaims => "raw claims".to_owned(),
            Way::RawClaimsWithSlot => "raw claims with a slot".to_owned(),
            Way::RawBatches => "raw listing and claims of 126".to_owned(),
            Way::Next { ahead: 0 } => "next()".to_owned(),
            Way::Next { ahead } => format!("next(), read ahead {ahead}"),
            Way::OpenAndBatch => "open, next_batch(126)".to_owned(),
        }
    }

    /// How long all items take.
    async fn take(self, client: Client, prefix: String, items: usize) -> Outcome<Duration> {
        match self {
            Way::RawClaims | Way::RawClaimsWithSlot => {
                let all = list(&client, &prefix).await?;
                client.kv_client().delete(SLOT, None).await?;
                let began = Instant::now();
                raw_claims(&client, all.kvs(), matches!(self, Way::RawClaimsWithSlot).then_some(SLOT))
                    .await?;
                Ok(began.elapsed())
            }
            Way::RawBatches => {
                let began = Instant::now();
                raw_batches(&client, list(&client, &prefix).await?.kvs()).await?;
                Ok(began.elapsed())
            }
            Way::Next { ahead } => {
                let queue = Queue::builder(client, prefix).read_ahead(ahead).open()?;
                queue.next().await?;
                let began = Instant::now();
                for _ in 1..items {
                    queue.next().await?;
                }
                let took = began.elapsed();
                queue.close().await?;
                Ok(took)
            }
            Way::OpenAndBatch => {
                let began = Instant::now();
                let queue = Queue::builder(client, prefix).open()?;
                let mut left = items;
                while left > 0 {
                    left -= queue.next_batch(126.min(left)).await?.len();
                }
                let took = began.elapsed();
                queue.close().await?;
                Ok(took)
            }
        }
    }
}

/// Lets each way take `items` items `rounds` times, in turns, and shows the medians; the first way is what
/// the others are measured by.
pub async fn duel(client: &Client, items: usize, rounds: usize, ways: &[Way]) -> Outcome<()> {
    let mut took: Vec<Vec<Duration>> = vec![Vec::new(); ways.len()];
    let run = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    for round in 0..rounds {
        for (number, way) in ways.iter().enumerate() {
            let prefix = format!("/speed-{run}-{round}-{number}");
            let queue = Queue::builder(client.clone(), prefix.clone()).open()?;
            queue.enqueue_all(vec![value(); items]).await?;
            queue.close().await?;
            took[number].push(tokio::spawn(way.take(client.clone(), prefix, items)).await??);
        }
    }
    let medians = took.iter_mut().map(|took| {
        took.sort();
        took[took.len() / 2].as_secs_f64()
    });
    let medians: Vec<f64> = medians.collect();
    for (way, median) in ways.iter().zip(&medians) {
        let what = format!("{items} items, {}", way.name());
        let (rate, each_us) = (items as f64 / median, median * 1e6 / items as f64);
        println!("{what:45} {rate:>9.0} items/s {each_us:>8.1} us an item {:>6.2}", medians[0] / median);
    }
    Ok(())
}

async fn list(client: &Client, prefix: &str) -> Outcome<GetResponse> {
    let mut kv = client.kv_client().max_decoding_message_size(usize::MAX);
    let all = GetOptions::new().with_range(format!("{prefix}0"));
    Ok(kv.get(format!("{prefix}/"), Some(all)).await?)
}

async fn raw_claims(client: &Client, items: &[KeyValue], slot: Option<&str>) -> Outcome<()> {
    let (mut kv, mut slot_revision) = (client.kv_client(), 0);
    for item in items {
        let unmoved = slot.map(|slot| Compare::mod_revision(slot, CompareOp::Equal, slot_revision));
        let unclaimed = Compare::mod_revision(item.key(), CompareOp::Equal, item.mod_revision());
        let mark = slot.map(|slot| TxnOp::put(slot, "1700000000 1", None));
        let txn = Txn::new()
            .when([unclaimed].into_iter().chain(unmoved).collect::<Vec<_>>())
            .and_then([TxnOp::delete(item.key(), None)].into_iter().chain(mark).collect::<Vec<_>>())
            .or_else([TxnOp::get(item.key(), None)]);
        let answer = kv.txn(txn).await?;
        if !answer.succeeded() {
            return Err("another consumer is at work on this prefix".into());
        }
        slot_revision = answer.header().map_or(0, etcd_client::ResponseHeader::revision);
    }
    Ok(())
}

/// What the client can do at most with one transaction under way.
pub async fn raw_batches(client: &Client, items: &[KeyValue]) -> Outcome<()> {
    let mut kv = client.kv_client();
    for some in items.chunks(126) {
        let unclaimed: Vec<_> = some
            .iter()
            .map(|kv| Compare::mod_revision(kv.key(), CompareOp::Equal, kv.mod_revision()))
            .collect();
        let deletes: Vec<_> = some.iter().map(|kv| TxnOp::delete(kv.key(), None)).collect();
        kv.txn(Txn::new().when(unclaimed).and_then(deletes)).await?;
    }
    Ok(())
}
