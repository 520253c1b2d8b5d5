//! Many runs side by side, handed on in their order.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError, mpsc},
    thread,
};

use super::{Crew, Order, Run, perform};

/// A run that has ended, or why the harness could not make it.
#[derive(Debug)]
pub struct Finished<'a> {
    /// What was to be run.
    pub order: &'a Order,
    /// The run; an error is the harness's own failure.
    pub run: Result<Run, String>,
}

/// Makes all runs, as many at once as the crew has places; hands each on in the order of `orders` as soon as it and
/// all before it have ended. `progressed` is told the number that have ended, in whatever order.
pub fn perform_all<'a>(
    orders: &'a [Order],
    mut progressed: impl FnMut(usize),
    mut finished: impl FnMut(Finished<'a>),
) {
    let waiting: Mutex<VecDeque<usize>> = Mutex::new((0..orders.len()).collect());
    let take = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    thread::scope(|scope| {
        let (ends_out, ends) = mpsc::channel();
        for _ in 0..orders.len().min(Crew::REAL_RUNS) {
            let ends_out = ends_out.clone();
            let take = &take;
            scope.spawn(move || {
                while let Some(index) = take() {
                    let Some(order) = orders.get(index) else { return };
                    let _ = ends_out.send((index, guarded(order)));
                }
            });
        }
        drop(ends_out);
        let mut ended = BTreeMap::new();
        let mut next = 0;
        for (number, (index, run)) in ends.iter().enumerate() {
            ended.insert(index, run);
            progressed(number + 1);
            while let (Some(run), Some(order)) = (ended.remove(&next), orders.get(next)) {
                finished(Finished { order, run });
                next += 1;
            }
        }
    });
}

/// A panic of the harness's own is its failure, and not the end of the other runs.
fn guarded(order: &Order) -> Result<Run, String> {
    let attempt = std::panic::AssertUnwindSafe(|| perform(order));
    match std::panic::catch_unwind(attempt) {
        Ok(Ok(run)) => Ok(run),
        Ok(Err(error)) => Err(format!("could not make a runtime: {error}")),
        Err(_) => Err("the harness panicked; its message is above".to_owned()),
    }
}
