//! When a caller gives up: it drops the future of its call, at a moment drawn from its seed.

use std::time::Duration;

use fastrand::Rng;
use tokio::{
    sync::Notify,
    task::yield_now,
    time::{sleep, timeout},
};

/// Whether somebody gives calls up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// It waits as long as it takes.
    Patient,
    /// It gives most of its calls up.
    Impatient,
}

/// When one call is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// Never.
    Never,
    /// After the scheduler has come round so often: in the midst of whatever the queue does without waiting.
    Turns(u32),
    /// After so long.
    Time(Duration),
    /// So long after the client's next transaction has passed on the wire, a claim or an enqueue: it is under way, or
    /// being carried out. If none passes, soon after all.
    Sent(Duration),
}

/// Who is heard when the answer and the limit are there at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Answer,
    /// The call is dropped though its answer has arrived.
    Limit,
}

/// How long a caller waits for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    limit: Limit,
    first: First,
}

/// What waits for a transaction waits no longer than this.
const NONE_PASSES: Duration = Duration::from_millis(5);

impl Patience {
    /// It waits as long as it takes.
    pub const ENDLESS: Self = Self { limit: Limit::Never, first: First::Answer };

    /// The next one.
    pub fn draw(temper: Temper, rng: &mut Rng) -> Self {
        match temper {
            Temper::Patient => Self::ENDLESS,
            Temper::Impatient => {
                let first = if rng.bool() { First::Answer } else { First::Limit };
                Self { limit: Limit::draw(rng), first }
            }
        }
    }

    /// The call's answer; none if it was given up, and its future dropped. `sent` is told of each transaction of the
    /// client.
    pub async fn wait_for<T>(self, call: impl Future<Output = T>, sent: &Notify) -> Option<T> {
        match self.first {
            First::Answer => tokio::select! {
                biased;
                answer = call => Some(answer),
                () = self.limit.reached(sent) => None,
            },
            First::Limit => tokio::select! {
                biased;
                () = self.limit.reached(sent) => None,
                answer = call => Some(answer),
            },
        }
    }
}

impl Limit {
    fn draw(rng: &mut Rng) -> Self {
        let us = Duration::from_micros;
        match rng.u8(..8) {
            0..3 => Self::Turns(rng.u32(1..40)),
            3..5 => Self::Time(us(rng.u64(..2_000))),
            _ if rng.bool() => Self::Sent(Duration::ZERO),
            _ => Self::Sent(us(rng.u64(..1_000))),
        }
    }

    async fn reached(self, sent: &Notify) {
        match self {
            Self::Never => std::future::pending().await,
            Self::Turns(turns) => {
                for _ in 0..turns {
                    yield_now().await;
                }
            }
            Self::Time(time) => sleep(time).await,
            Self::Sent(later) => {
                let _ = timeout(NONE_PASSES, sent.notified()).await;
                if !later.is_zero() {
                    sleep(later).await;
                }
            }
        }
    }
}
