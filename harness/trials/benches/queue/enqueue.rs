//! Storing items.

use etcd_client::{Client, Compare, CompareOp, ResponseHeader, Txn, TxnOp};
use etcd_queue::Queue;

use crate::{
    Outcome,
    child::Child,
    ground::{Ground, Measured, create, keys, shares, stored, together, value},
};

/// Who stores.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// So many callers of the recipe, with one client.
    Recipe { callers: usize },
    /// One loop of the transaction that the recipe would send, with a write slot as the queue adds it.
    RawWithSlot,
    /// So many loops of transactions of so many items, with one client.
    Raw { callers: usize, each: usize },
    /// So many callers of one queue, an item a call.
    Queue { callers: usize },
    /// One call with all items.
    QueueAtOnce,
}

/// Stores so many items under a fresh prefix.
pub async fn run(ground: &Ground, items: usize, by: By) -> Outcome<Measured> {
    let prefix = ground.prefix();
    if let By::Recipe { callers } = by {
        let (items, callers) = (items.to_string(), callers.to_string());
        let words = ["enqueue", "-endpoint", ground.server.endpoint(), "-prefix", &prefix];
        let more = ["-items", &items, "-callers", &callers];
        let words: Vec<String> = words.iter().chain(&more).map(|word| (*word).to_owned()).collect();
        let mut child = Child::start(&ground.recipe, &words).await?;
        let measured = ground.measure(child.measured()).await?;
        child.end().await?;
        return Ok(measured);
    }
    let client = ground.client().await?;
    let queue = Queue::builder(client.clone(), prefix.as_str()).open()?;
    let measured = ground.timed(items, async {
        match by {
            By::RawWithSlot => with_slot(&client, &prefix, items).await?,
            By::Raw { callers, each } => raw(&client, &prefix, items, callers, each).await?,
            By::QueueAtOnce => queue.enqueue_all((0..items).map(value)).await?,
            By::Recipe { callers } | By::Queue { callers } => calls(&queue, items, callers).await?,
        }
        Ok(())
    });
    let measured = measured.await?;
    queue.close().await?;
    Ok(measured)
}

/// So many callers of one queue, an item a call.
pub async fn calls(queue: &Queue, items: usize, callers: usize) -> Outcome<()> {
    let call = |count| {
        let queue = queue.clone();
        async move {
            for n in 0..count {
                queue.enqueue(value(n)).await?;
            }
            Ok(())
        }
    };
    together(shares(items, callers).map(call)).await
}

/// So many loops of transactions of so many items, with one client.
pub async fn raw(client: &Client, prefix: &str, items: usize, callers: usize, each: usize) -> Outcome<()> {
    let keys: Vec<String> = keys(prefix, items)?.collect();
    let calls = keys.chunks(items.div_ceil(callers)).map(|keys| {
        let (mut kv, keys) = (client.kv_client(), keys.to_vec());
        async move {
            for keys in keys.chunks(each) {
                stored(kv.txn(create(keys)).await?.succeeded())?;
            }
            Ok(())
        }
    });
    together(calls).await
}

async fn with_slot(client: &Client, prefix: &str, items: usize) -> Outcome<()> {
    let (mut kv, slot, mut revision) = (client.kv_client(), format!("raw-slot{prefix}"), 0);
    for key in keys(prefix, items)? {
        let unchanged = [
            Compare::version(key.as_str(), CompareOp::Equal, 0),
            Compare::mod_revision(slot.as_str(), CompareOp::Equal, revision),
        ];
        let puts = [TxnOp::put(key, value(0), None), TxnOp::put(slot.as_str(), "1700000000 1", None)];
        let txn = Txn::new().when(unchanged).and_then(puts).or_else([TxnOp::get(slot.as_str(), None)]);
        let answer = kv.txn(txn).await?;
        stored(answer.succeeded())?;
        revision = answer.header().map_or(0, ResponseHeader::revision);
    }
    Ok(())
}
