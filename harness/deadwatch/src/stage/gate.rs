//! Barriers and locks as the recipes keep them in etcd: what holds those who wait there, and what lets them pass.
//!
//! Source of all keys: etcd v3.5.11 client/v3/experimental/recipes/{barrier,double_barrier,rwmutex}.go. Pure.

use crate::scenario::{ConsumerCall, Delete, Scenario};

/// The harness's own place among the participants of a double barrier, and among the holders of a lock.
const OURS: &str = "deadwatch";

/// A change of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is written.
    Put(String),
    /// It is deleted.
    Delete(Delete),
}

/// What makes this call wait at the key.
pub(super) fn hold(call: ConsumerCall, key: &str) -> Vec<Change> {
    match call {
        ConsumerCall::Dequeue | ConsumerCall::PriorityDequeue => Vec::new(),
        ConsumerCall::BarrierWait => vec![Change::Put(key.to_owned())],
        // Who enters waits until the barrier is full: nothing has to hold it.
        ConsumerCall::DoubleBarrierEnter => Vec::new(),
        // Who leaves waits until all others have left; one of them is the harness.
        ConsumerCall::DoubleBarrierLeave => vec![Change::Put(format!("{key}/waiters/{OURS}"))],
        // Who wants to write waits for all that are there, who wants to read for those that write.
        ConsumerCall::Lock | ConsumerCall::ReadLock => vec![Change::Put(format!("{key}/write/{OURS}"))],
    }
}

/// What makes true what this call waits for at the key.
pub(super) fn release(call: ConsumerCall, key: &str) -> Vec<Change> {
    match call {
        ConsumerCall::Dequeue | ConsumerCall::PriorityDequeue => Vec::new(),
        ConsumerCall::BarrierWait => vec![Change::Delete(Delete::Key(key.to_owned()))],
        ConsumerCall::DoubleBarrierEnter => {
            vec![Change::Put(format!("{key}/waiters/{OURS}")), Change::Put(format!("{key}/ready"))]
        }
        ConsumerCall::DoubleBarrierLeave => {
            vec![Change::Delete(Delete::Prefix(format!("{key}/waiters/")))]
        }
        ConsumerCall::Lock | ConsumerCall::ReadLock => {
            vec![Change::Delete(Delete::Key(format!("{key}/write/{OURS}")))]
        }
    }
}

/// The call that consumers make at this key; a plain barrier's where none does.
pub(super) fn call_at(scenario: &Scenario, key: &str, otherwise: ConsumerCall) -> ConsumerCall {
    let at_the_key = scenario.consumers.iter().find(|consumer| consumer.prefix == key);
    at_the_key.map_or(otherwise, |consumer| consumer.call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_barrier_or_a_lock_is_what_is_deleted_to_release_it() {
        for call in [ConsumerCall::BarrierWait, ConsumerCall::Lock, ConsumerCall::ReadLock] {
            let [Change::Put(key)] = &hold(call, "/k")[..] else { panic!("{call:?} is held by one key") };
            assert_eq!(release(call, "/k"), [Change::Delete(Delete::Key(key.clone()))]);
        }
    }

    #[test]
    fn who_leaves_a_double_barrier_waits_for_the_harness_among_the_participants() {
        let held = hold(ConsumerCall::DoubleBarrierLeave, "/k");
        assert_eq!(held, [Change::Put("/k/waiters/deadwatch".to_owned())]);
        let released = release(ConsumerCall::DoubleBarrierLeave, "/k");
        assert_eq!(released, [Change::Delete(Delete::Prefix("/k/waiters/".to_owned()))]);
    }
}
