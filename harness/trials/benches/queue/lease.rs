//! Draining a backlog at least once: from the first read to the last acknowledgement.

use std::sync::Arc;

use etcd_client::{Compare, CompareOp, KeyValue, KvClient, ResponseHeader, Txn, TxnOp, TxnOpResponse};
use etcd_queue::{Delivery, LeaseQueue};
use futures::{
    StreamExt, TryStreamExt,
    channel::mpsc,
    future::{try_join, try_join_all},
    stream,
};

use crate::{
    Outcome,
    ground::{Ground, Measured, list, shares, stored, together},
};

/// How many items one transaction claims, as the queue has it.
const CLAIMS: usize = 126;
/// How many items one transaction acknowledges, as the queue has it: each takes two comparisons.
const ACKS: usize = 63;
/// How many transactions of either kind a raw loop of batches has under way, and of how many batches a caller
/// awaits the acknowledgements while it asks for the next.
const UNDER_WAY: usize = 4;

/// Who claims and acknowledges.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// A list of all items, then claims and acknowledgements of as many a transaction as the queue's have.
    RawBatches,
    /// A list of all items, then so many loops: an item is claimed, and when it is, acknowledged.
    RawSingles { loops: usize },
    /// So many callers of one queue, who take batches, and acknowledge each together while they ask for more.
    Batches { callers: usize, each: usize },
    /// So many callers of one queue, who take an item, and acknowledge it before they ask for another.
    Singles { callers: usize },
}

/// Claims and acknowledges a backlog of so many items.
pub async fn run(ground: &Ground, items: usize, by: By) -> Outcome<Measured> {
    let prefix = ground.backlog(items).await?;
    match by {
        By::RawBatches => raw(ground, &prefix, items, batches).await,
        By::RawSingles { loops } => raw(ground, &prefix, items, |kv, all| singles(kv, all, loops)).await,
        By::Batches { callers, each } => queue(ground, &prefix, items, callers, each, UNDER_WAY).await,
        By::Singles { callers } => queue(ground, &prefix, items, callers, 1, 1).await,
    }
}

async fn queue(
    ground: &Ground,
    prefix: &str,
    items: usize,
    callers: usize,
    each: usize,
    under_way: usize,
) -> Outcome<Measured> {
    let queue = LeaseQueue::builder(ground.client().await?, prefix).open()?;
    let measured = ground
        .timed(items, async {
            let call = |share| call(queue.clone(), share, each, under_way);
            together(shares(items, callers).map(call)).await
        })
        .await?;
    queue.close().await;
    Ok(measured)
}

/// One caller: takes so many at once, and awaits the acknowledgements of so many batches meanwhile.
async fn call(queue: LeaseQueue, items: usize, each: usize, under_way: usize) -> Outcome<()> {
    let batches = stream::try_unfold(items, |left| {
        let queue = &queue;
        async move {
            if left == 0 {
                return Outcome::Ok(None);
            }
            let batch = queue.next_batch(each.min(left)).await?;
            let left = left - batch.len();
            Ok(Some((batch, left)))
        }
    });
    batches
        .try_for_each_concurrent(under_way, |batch| async move {
            try_join_all(batch.into_iter().map(Delivery::ack)).await?;
            Ok(())
        })
        .await
}

/// What the client can do at most. Each transaction is sent once, nothing is known of one whose reply is lost,
/// and nobody takes over what is claimed.
async fn raw<F: Future<Output = Outcome<()>>>(
    ground: &Ground,
    prefix: &str,
    items: usize,
    work: impl FnOnce(KvClient, Vec<KeyValue>) -> F,
) -> Outcome<Measured> {
    let mut kv = ground.client().await?.kv_client().max_decoding_message_size(usize::MAX);
    ground
        .timed(items, async {
            let all = list(&mut kv, prefix, items).await?;
            work(kv, all).await
        })
        .await
}

async fn batches(kv: KvClient, all: Vec<KeyValue>) -> Outcome<()> {
    // What is claimed waits here, so that neither kind of transaction holds up the other.
    let (claimed, to_acknowledge) = mpsc::unbounded();
    let (for_claims, for_acks) = (kv.clone(), kv);
    let claims = async move {
        stream::iter(all.chunks(CLAIMS).map(Ok))
            .try_for_each_concurrent(UNDER_WAY, |some| {
                let (mut kv, claimed) = (for_claims.clone(), claimed.clone());
                async move {
                    let revision = claim(&mut kv, some).await?;
                    for some in some.chunks(ACKS) {
                        claimed.unbounded_send((some.to_vec(), revision))?;
                    }
                    Outcome::Ok(())
                }
            })
            .await
    };
    let acks = to_acknowledge.map(Ok).try_for_each_concurrent(UNDER_WAY, |(some, revision)| {
        let mut kv = for_acks.clone();
        async move { acknowledge(&mut kv, &some, revision).await }
    });
    try_join(claims, acks).await.map(drop)
}

async fn singles(kv: KvClient, all: Vec<KeyValue>, loops: usize) -> Outcome<()> {
    let all = Arc::new(all);
    let each = |first: usize| {
        let (mut kv, all) = (kv.clone(), all.clone());
        async move {
            for one in all.iter().skip(first).step_by(loops) {
                let one = std::slice::from_ref(one);
                let revision = claim(&mut kv, one).await?;
                acknowledge(&mut kv, one, revision).await?;
            }
            Ok(())
        }
    };
    together((0..loops).map(each)).await
}

/// The key of an item's claim.
fn record(kv: &KeyValue) -> Vec<u8> {
    [b"raw-claim", kv.key()].concat()
}

fn is_unchanged(kv: &KeyValue) -> Compare {
    Compare::mod_revision(kv.key(), CompareOp::Equal, kv.mod_revision())
}

/// Claims items, each carried out or not by itself, and says with which revision.
async fn claim(kv: &mut KvClient, some: &[KeyValue]) -> Outcome<i64> {
    let parts = some.iter().map(|kv| {
        let is_free = Compare::mod_revision(record(kv), CompareOp::Equal, 0);
        // As a queue's record: the session, how often, not before when, the item, and a number.
        let says = format!("17 1 0 {} 17", kv.mod_revision());
        TxnOp::txn(Txn::new().when([is_unchanged(kv), is_free]).and_then([TxnOp::put(
            record(kv),
            says,
            None,
        )]))
    });
    let answer = kv.txn(Txn::new().and_then(parts.collect::<Vec<_>>())).await?;
    let is_ours = |part: &TxnOpResponse| matches!(part, TxnOpResponse::Txn(part) if part.succeeded());
    stored(answer.op_responses().iter().all(is_ours))?;
    Ok(answer.header().map_or(0, ResponseHeader::revision))
}

/// Takes away items and their claims, all or none.
async fn acknowledge(kv: &mut KvClient, some: &[KeyValue], claimed: i64) -> Outcome<()> {
    let compares = some
        .iter()
        .flat_map(|kv| [is_unchanged(kv), Compare::mod_revision(record(kv), CompareOp::Equal, claimed)]);
    let deletes = some.iter().flat_map(|kv| [TxnOp::delete(kv.key(), None), TxnOp::delete(record(kv), None)]);
    let txn = Txn::new().when(compares.collect::<Vec<_>>()).and_then(deletes.collect::<Vec<_>>());
    stored(kv.txn(txn).await?.succeeded())
}
