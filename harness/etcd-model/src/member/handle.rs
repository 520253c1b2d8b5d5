//! The member as its services share it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{Member, Settings};
use crate::{auth::Credential, time::Standstill};

/// A shared member: cheap to clone, one lock inside.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Mutex<Shared>>,
    /// Rings when the member has something to do earlier than it had before.
    stirred: Arc<Notify>,
    /// How many proposals have been applied.
    applied: Arc<watch::Sender<u64>>,
    /// Whether the member's process stands still.
    standstill: Standstill,
}

#[derive(Debug)]
struct Shared {
    member: Member,
    /// When whoever keeps the member's time looks at it next of itself; `None`: not before it is stirred.
    awaited: Option<Instant>,
}

impl Handle {
    /// A fresh member, ready to be shared. It starts at the present time of tokio's clock.
    pub fn new(settings: Settings) -> Self {
        let shared = Shared { member: Member::new(settings, Instant::now()), awaited: None };
        let applied = watch::Sender::new(shared.member.raft_index);
        Self {
            shared: Arc::new(Mutex::new(shared)),
            stirred: Arc::default(),
            applied: Arc::new(applied),
            standstill: Standstill::default(),
        }
    }

    /// Lets `act` have the member alone, with the present time of tokio's clock. Never waits for anything but the
    /// lock, so `act` must not either.
    pub fn with<T>(&self, act: impl FnOnce(&mut Member, Instant) -> T) -> T {
        let mut shared = self.lock();
        let outcome = act(&mut shared.member, Instant::now());
        self.tell_applied(&shared.member);
        let due = shared.member.due();
        let earlier = due.is_some_and(|due| shared.awaited.is_none_or(|awaited| due < awaited));
        drop(shared);
        if earlier {
            self.stirred.notify_one();
        }
        outcome
    }

    /// Lets the member do what is due, and says when it has something to do again, if ever. For the one task that
    /// keeps its time.
    pub(crate) fn advance(&self) -> Option<Instant> {
        let mut shared = self.lock();
        let now = Instant::now();
        shared.member.advance(now);
        self.tell_applied(&shared.member);
        shared.awaited = shared.member.due();
        debug_assert!(shared.awaited.is_none_or(|due| due > now), "what was due at {now:?} was left undone");
        shared.awaited
    }

    /// Waits until the member has something to do earlier than it said last. Cancel-safe; for the one task that
    /// keeps its time.
    pub(crate) async fn stirred(&self) {
        self.stirred.notified().await;
    }

    /// Waits until the proposal has been applied that a call's token says it was issued by: for as long as etcd leaves
    /// such a call without an answer, which is for ever if the token comes from a cluster that has come further than
    /// this one. Most often it does not wait at all. Cancel-safe.
    pub async fn settled(&self, credential: &Credential) {
        let Some(index) = self.with(|member, _| member.authority.awaited_index(credential)) else { return };
        // It cannot fail: the sender is as long-lived as this.
        let _ = self.applied.subscribe().wait_for(|applied| *applied >= index).await;
    }

    /// What the member's tasks run under.
    pub(crate) fn standstill(&self) -> &Standstill {
        &self.standstill
    }

    fn tell_applied(&self, member: &Member) {
        self.applied
            .send_if_modified(|applied| std::mem::replace(applied, member.raft_index) != member.raft_index);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic in another call has been reported there; the state behind the lock is still whole, because the
        // core checks first and changes after.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
