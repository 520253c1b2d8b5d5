//! Draining a backlog: from the first read to the last item.

use etcd_client::{Compare, CompareOp, Txn, TxnOp};
use etcd_queue::Queue;
use futures::{TryStreamExt, future::try_join_all, stream};
use tokio::sync::mpsc;

use crate::{
    Outcome,
    child::Child,
    ground::{Ground, Measured, list, shares, stored, together},
};

/// Who drains.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// The recipe's consumers, each with a client of its own.
    Recipe { consumers: usize },
    /// The recipe, changed to read so many items at once.
    Fetching { items: usize },
    /// A list of all items, then claims of so many a transaction, so many under way.
    Raw { each: usize, under_way: usize },
    /// So many callers of one queue, who take so many at once.
    Queue { callers: usize, each: usize },
    /// One caller who takes one at a time, while so many are claimed ahead.
    Ahead { read_ahead: usize },
    /// So many processes, who take so many at once.
    Processes { count: usize, each: usize },
}

/// Drains a backlog of so many items.
pub async fn run(ground: &Ground, items: usize, by: By) -> Outcome<Measured> {
    let prefix = ground.backlog(items).await?;
    match by {
        By::Recipe { consumers } => {
            recipe(ground, &prefix, items, &["-consumers", &consumers.to_string()]).await
        }
        By::Fetching { items: fetch } => {
            recipe(ground, &prefix, items, &["-fetch", &fetch.to_string()]).await
        }
        By::Raw { each, under_way } => raw(ground, &prefix, items, each, under_way).await,
        By::Queue { callers, each } => queue(ground, &prefix, items, callers, each, 0).await,
        By::Ahead { read_ahead } => queue(ground, &prefix, items, 1, 1, read_ahead).await,
        By::Processes { count, each } => processes(ground, &prefix, items, count, each).await,
    }
}

/// Has the recipe's program take so many items.
pub async fn recipe(ground: &Ground, prefix: &str, items: usize, more: &[&str]) -> Outcome<Measured> {
    let items = items.to_string();
    let words = ["drain", "-endpoint", ground.server.endpoint(), "-prefix", prefix, "-items", &items];
    let words: Vec<String> = words.iter().chain(more).map(|word| (*word).to_owned()).collect();
    let mut child = Child::start(&ground.recipe, &words).await?;
    let measured = ground.measure(child.measured()).await?;
    child.end().await?;
    Ok(measured)
}

/// What the client can do at most. Each claim is sent once, and nothing is known of one whose reply is lost.
async fn raw(
    ground: &Ground,
    prefix: &str,
    items: usize,
    each: usize,
    under_way: usize,
) -> Outcome<Measured> {
    let mut kv = ground.client().await?.kv_client().max_decoding_message_size(usize::MAX);
    ground
        .timed(items, async {
            let all = list(&mut kv, prefix, items).await?;
            stream::iter(all.chunks(each).map(Ok))
                .try_for_each_concurrent(under_way, |some| {
                    let unchanged = some
                        .iter()
                        .map(|kv| Compare::mod_revision(kv.key(), CompareOp::Equal, kv.mod_revision()));
                    let deletes = some.iter().map(|kv| TxnOp::delete(kv.key(), None));
                    let claim =
                        Txn::new().when(unchanged.collect::<Vec<_>>()).and_then(deletes.collect::<Vec<_>>());
                    let mut kv = kv.clone();
                    async move { stored(kv.txn(claim).await?.succeeded()) }
                })
                .await
        })
        .await
}

async fn queue(
    ground: &Ground,
    prefix: &str,
    items: usize,
    callers: usize,
    each: usize,
    read_ahead: usize,
) -> Outcome<Measured> {
    let queue = Queue::builder(ground.client().await?, prefix).read_ahead(read_ahead).open()?;
    let measured = ground
        .timed(items, async {
            let call = |mut left: usize| {
                let queue = queue.clone();
                async move {
                    while left > 0 {
                        left -= queue.next_batch(each.min(left)).await?.len();
                    }
                    Ok(())
                }
            };
            together(shares(items, callers).map(call)).await
        })
        .await?;
    queue.close().await?;
    Ok(measured)
}

async fn processes(
    ground: &Ground,
    prefix: &str,
    items: usize,
    count: usize,
    each: usize,
) -> Outcome<Measured> {
    let words = ["consume", ground.server.endpoint(), prefix, &each.to_string()].map(str::to_owned);
    let mut children = try_join_all((0..count).map(|_| Child::of_self(&words))).await?;
    let measured = ground
        .timed(items, async {
            for child in &mut children {
                child.begin().await?;
            }
            let (taken, mut counts) = mpsc::unbounded_channel();
            let listening = try_join_all(children.iter_mut().map(|child| listen(child, taken.clone())));
            let all = async {
                let mut left = items;
                while left > 0 {
                    let count = counts.recv().await.ok_or("count what children have taken")?;
                    left = left.checked_sub(count).ok_or("drain: more was taken than stored")?;
                }
                Outcome::Ok(())
            };
            tokio::select! {
                ended = listening => drop(ended?),
                all = all => all?,
            }
            Ok(())
        })
        .await?;
    try_join_all(children.into_iter().map(Child::end)).await?;
    Ok(measured)
}

/// Passes on how many items a consumer has taken, for as long as it goes on.
async fn listen(child: &mut Child, taken: mpsc::UnboundedSender<usize>) -> Outcome<()> {
    loop {
        let count = child.line().await?.parse::<usize>()?;
        if taken.send(count).is_err() {
            return Ok(());
        }
    }
}
