//! How long it takes until a waiting consumer gets an item: after etcd is back, and after its connection fell silent.

use std::time::Duration;

use deadwatch::{
    etcd::{Choice, Time},
    scenario::Reach,
    stage::Layout,
};
use etcd_queue::Queue;
use fastrand::Rng;
use futures::{FutureExt, future::join_all};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    plan::Plan,
    run::RunError,
    site::{Site, SiteError},
};

/// Within this time after etcd is ready again a waiting consumer gets an item.
pub const KILL_BOUND: Duration = Duration::from_secs(1);
/// Within this time after its connection fell silent, where new ones work: HTTP/2's keep-alive takes 4 s and 2 s more.
pub const BLACK_HOLE_BOUND: Duration = Duration::from_secs(8);

/// Whoever waits longer than this is not measured any more.
const LIMIT: Duration = Duration::from_secs(30);
/// Longer than a keep-alive's round, so that connections fall silent in every phase of it.
const PHASES_MS: u64 = 4_500;

/// The measured times, each from the moment when it could begin to get better.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recoveries {
    /// From etcd's being ready again after kill -9 to the item in the consumer's hands; an item that is written only
    /// when etcd is ready, by a client that connects only then.
    pub after_kills: Vec<Duration>,
    /// From the moment in which a connection fell silent to the item, which is written in that moment by another.
    pub after_black_holes: Vec<Duration>,
}

impl Recoveries {
    /// The median and the longest of some times, or none of nothing.
    pub fn median_and_longest(times: &[Duration]) -> Option<(Duration, Duration)> {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        Some((*sorted.get(sorted.len() / 2)?, *sorted.last()?))
    }
}

/// Measures so many kills, one after the other, and so many connections that fall silent at the same moment.
///
/// # Errors
/// The site failed, or a consumer got nothing, or an error.
pub async fn measure(
    plan: &Plan,
    choice: &Choice,
    kills: usize,
    black_holes: usize,
) -> Result<Recoveries, RunError> {
    let site = Site::start(choice, &plan.etcd, Time::Real, plan.seed).await?;
    let mut rng = Rng::with_seed(plan.seed);
    let measured = async {
        let after_black_holes = fall_silent(&site, plan, &mut rng, black_holes).await?;
        let after_kills = kill(&site, plan, &mut rng, kills).await?;
        Ok(Recoveries { after_kills, after_black_holes })
    };
    let measured = measured.await;
    site.close().await;
    measured
}

async fn kill(site: &Site, plan: &Plan, rng: &mut Rng, times: usize) -> Result<Vec<Duration>, RunError> {
    let queue = Queue::builder(site.client("consumer").await?, plan.prefix.as_str()).open()?;
    write(site, &plan.prefix).await?;
    waiting(&queue).await?;
    let mut measured = Vec::new();
    for _ in 0..times {
        let wait = waiting(&queue);
        sleep(Duration::from_millis(rng.u64(..300))).await;
        site.kill(Duration::from_millis(rng.u64(..3_000))).await?;
        let ready = Instant::now();
        write(site, &plan.prefix).await?;
        measured.push(wait.await? - ready);
    }
    Ok(measured)
}

async fn fall_silent(
    site: &Site,
    plan: &Plan,
    rng: &mut Rng,
    times: usize,
) -> Result<Vec<Duration>, RunError> {
    let mut waits = Vec::new();
    let prefixes: Vec<_> = (0..times).map(|n| format!("{}-hole-{n}", plan.prefix)).collect();
    for (n, prefix) in prefixes.iter().enumerate() {
        let queue = Queue::builder(site.client(&format!("consumer-{n}")).await?, prefix.as_str()).open()?;
        write(site, prefix).await?;
        waiting(&queue).await?;
        waits.push(waiting(&queue));
        sleep(Duration::from_millis(rng.u64(..PHASES_MS / times.max(1) as u64 * 2))).await;
    }
    let began = Instant::now();
    site.swallow(Reach::All, Duration::ZERO);
    join_all(prefixes.iter().map(|prefix| write(site, prefix)))
        .await
        .into_iter()
        .collect::<Result<(), _>>()?;
    let mut measured = Vec::new();
    for wait in waits {
        measured.push(wait.await? - began);
    }
    Ok(measured)
}

/// One item, written by a client that reaches the etcd whatever happens to others.
async fn write(site: &Site, prefix: &str) -> Result<(), SiteError> {
    let written = site.harness().await?.enqueue(Layout::Queue, prefix, &["item".to_owned()]).await;
    written.map_err(|problem| SiteError::Harness { doing: "write an item", problem })
}

/// A call that waits: the queue knows of it when this returns. The moment in which it has its item.
fn waiting(queue: &Queue) -> Waiting {
    let queue = queue.clone();
    let mut call = async move {
        let item = timeout(LIMIT, queue.next()).await;
        let item = item.map_err(|_| format!("no item within {} s", LIMIT.as_secs()))?;
        item.map(|_| Instant::now()).map_err(|error| error.to_string())
    }
    .boxed();
    // An answer at once would be taken here; there is none before the queue's task has run.
    match (&mut call).now_or_never() {
        Some(answer) => Waiting(tokio::spawn(async { answer })),
        None => Waiting(tokio::spawn(call)),
    }
}

struct Waiting(JoinHandle<Result<Instant, String>>);

impl IntoFuture for Waiting {
    type Output = Result<Instant, RunError>;
    type IntoFuture = futures::future::BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.0.await?.map_err(RunError::Preflight) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_and_the_longest_at_the_end() {
        let times = [5, 1, 3].map(Duration::from_millis);
        let [middle, longest] = [3, 5].map(Duration::from_millis);
        assert_eq!(Recoveries::median_and_longest(&times), Some((middle, longest)));
        assert_eq!(Recoveries::median_and_longest(&[]), None);
    }
}
