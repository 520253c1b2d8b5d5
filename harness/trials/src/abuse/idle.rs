//! Whether a run is stuck: for how long nothing has been handed out.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::record::Record;

/// When for so long nothing is handed out though something should be, the run is stuck.
const STUCK: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_secs(1);

/// The time in which nothing was handed out, counted step by step: a process that somebody has stopped for a while, or
/// that got no processor, finds that one step took long, and not that the queue did nothing.
#[derive(Debug)]
pub struct Idle {
    handed_out: u64,
    steps: u32,
    next: Instant,
}

impl Idle {
    /// Counts from now on.
    pub fn since(record: &Record) -> Self {
        Self { handed_out: record.standing().handed_out, steps: 0, next: Instant::now() + STEP }
    }

    /// Waits until nothing has been handed out for 30 s.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing of the count.
    pub async fn for_long(&mut self, record: &Record) {
        while STEP * self.steps < STUCK {
            sleep_until(self.next).await;
            self.next = Instant::now() + STEP;
            let handed_out = record.standing().handed_out;
            self.steps = if handed_out == self.handed_out { self.steps + 1 } else { 0 };
            self.handed_out = handed_out;
        }
    }
}

#[cfg(test)]
mod tests {
    use deadwatch::subject::Returned;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_run_is_stuck_when_nothing_was_handed_out_for_thirty_seconds() {
        let (record, began) = (Record::new(), Instant::now());
        let mut idle = Idle::since(&record);
        let work = async {
            tokio::time::sleep(Duration::from_millis(20_500)).await;
            let item = Returned::Item { item: "a".to_owned(), ack: None };
            record.returned("consumer-1", 1, item);
        };
        tokio::join!(idle.for_long(&record), work);
        assert_eq!(began.elapsed().as_secs(), 51);
    }

    #[tokio::test(start_paused = true)]
    async fn one_long_step_is_no_idleness() {
        let (record, began) = (Record::new(), Instant::now());
        let mut idle = Idle::since(&record);
        tokio::time::advance(Duration::from_secs(100)).await;
        idle.for_long(&record).await;
        assert_eq!(began.elapsed().as_secs(), 129);
    }
}
