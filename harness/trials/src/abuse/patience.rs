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
pub enum Limit {
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

/// What waits for a transaction waits no longer than this.
const NONE_PASSES: Duration = Duration::from_millis(5);

impl Limit {
    /// The next one.
    pub fn draw(temper: Temper, rng: &mut Rng) -> Self {
        let us = |most| Duration::from_micros(most);
        match (temper, rng.u8(..8)) {
            (Temper::Patient, _) => Self::Never,
            (Temper::Impatient, 0..3) => Self::Turns(rng.u32(..40)),
            (Temper::Impatient, 3..5) => Self::Time(us(rng.u64(..2_000))),
            (Temper::Impatient, _) if rng.bool() => Self::Sent(Duration::ZERO),
            (Temper::Impatient, _) => Self::Sent(us(rng.u64(..1_000))),
        }
    }

    /// Waits until it is reached; `sent` is told of each transaction of the client.
    pub async fn reached(self, sent: &Notify) {
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
