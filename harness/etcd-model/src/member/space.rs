//! The room that the backend takes, the quota on it, and the alarm when that is used up.
//!
//! etcd asks twice whether a request still fits. The service asks first, and refuses without doing anything. Whoever
//! applies the request asks again: it is carried out, and answered as refused all the same. The service goes by the
//! size of the last commit, which etcd makes each 100 ms; the applier here goes by every change. So it is always the
//! request that crosses the quota within those 100 ms that meets the late answer, where a real etcd leaves to chance
//! whether a commit falls between the two questions.
//!
//! A backend never shrinks until it is defragmented: what a compaction frees is written to again.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::{MEMBER_ID, Member, Settings};
use crate::{
    auth::Credential,
    proto::{LeaseGrantRequest, PutRequest, RequestOp, TxnRequest, request_op::Request},
    refusal::Refusal,
    release::{Fact, Release},
    time::{Beat, Round},
};

/// What a database takes that nothing has been written to, bytes, and how much of it is in use. Seen on 3.5.5.
const EMPTY_BYTES: u64 = 20_480;
const EMPTY_IN_USE_BYTES: u64 = 16_384;

/// The size of a page of bbolt, bytes.
const PAGE_BYTES: u64 = 4_096;

/// What a put costs beside its key and value, bytes. Source: etcd v3.5.5 server/etcdserver/quota.go, `kvOverhead`.
const KV_OVERHEAD_BYTES: u64 = 256;

/// What a lease costs, bytes. Source: the same file, `leaseOverhead`.
const LEASE_OVERHEAD_BYTES: u64 = 64;

/// What a request takes of the quota. Source: the same file, `Cost`.
pub(super) trait Cost {
    /// In bytes; 0 for what stores nothing.
    fn cost_bytes(&self, release: Release) -> u64;
}

impl Cost for PutRequest {
    fn cost_bytes(&self, _: Release) -> u64 {
        let bytes = u64::try_from(self.key.len() + self.value.len()).unwrap_or(u64::MAX);
        bytes.saturating_add(KV_OVERHEAD_BYTES)
    }
}

impl Cost for LeaseGrantRequest {
    fn cost_bytes(&self, _: Release) -> u64 {
        LEASE_OVERHEAD_BYTES
    }
}

impl Cost for TxnRequest {
    /// The costlier of the two branches, whichever is taken.
    fn cost_bytes(&self, release: Release) -> u64 {
        let branch = |branch: &[RequestOp]| {
            branch
                .iter()
                .map(|operation| match &operation.request {
                    Some(Request::RequestPut(put)) => put.cost_bytes(release),
                    Some(Request::RequestTxn(nested)) if release.holds(Fact::NestedPutsCost) => {
                        nested.cost_bytes(release)
                    }
                    _ => 0,
                })
                .sum::<u64>()
        };
        branch(&self.success).max(branch(&self.failure))
    }
}

/// The backend's size, its quota, and who has raised the alarm about it.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    release: Release,
    quota_bytes: Option<u64>,
    /// How large the backend is, with everything that has been written.
    size_bytes: u64,
    /// How large it was at the last commit: what it says when it is asked.
    committed_bytes: u64,
    commits: Beat,
    /// When it has grown first since the last commit, if it has.
    grown: Option<Instant>,
    /// The members that have raised the alarm `NOSPACE`.
    alarms: BTreeSet<u64>,
    /// Whether the alarm has been raised since the process started.
    raised_by_this_process: bool,
}

/// Whether a request fits into what the quota leaves, asked when it is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Fit {
    Fits,
    /// It is carried out, and refused.
    Crosses,
}

impl Space {
    /// An empty backend of a member that starts at `now`.
    pub(crate) fn new(settings: &Settings, now: Instant) -> Self {
        Self {
            release: settings.release,
            quota_bytes: settings.quota_bytes,
            size_bytes: EMPTY_BYTES,
            committed_bytes: EMPTY_BYTES,
            commits: settings.phases.beat(Round::BackendCommit, now),
            grown: None,
            alarms: BTreeSet::new(),
            raised_by_this_process: false,
        }
    }

    /// Starts again at `now`: everything is committed then, and an alarm is still raised.
    pub(crate) fn restart(&mut self, settings: &Settings, now: Instant) {
        self.quota_bytes = settings.quota_bytes;
        self.commits = settings.phases.beat(Round::BackendCommit, now);
        self.committed_bytes = self.size_bytes;
        self.grown = None;
        self.raised_by_this_process = false;
    }

    /// How large the backend says that it is.
    pub(super) fn committed_bytes(&mut self, now: Instant) -> u64 {
        if self.grown.is_some_and(|grown| self.commits.after(grown) <= now) {
            self.commit();
        }
        self.committed_bytes
    }

    /// The members that have raised the alarm.
    pub(super) const fn alarms(&self) -> &BTreeSet<u64> {
        &self.alarms
    }

    pub(super) fn raise(&mut self, member: u64) {
        self.raised_by_this_process |= self.alarms.is_empty();
        self.alarms.insert(member);
    }

    /// Takes back one member's alarm; whether it was there.
    pub(super) fn clear(&mut self, member: u64) -> bool {
        self.alarms.remove(&member)
    }

    /// Whether requests that cost something are refused when they are applied, without doing anything.
    fn capped(&self) -> bool {
        !self.alarms.is_empty()
    }

    /// Whether callers are not asked for their permissions because of the alarm.
    pub(super) fn unguarded(&self) -> bool {
        self.capped() && self.raised_by_this_process && !self.release.holds(Fact::AlarmKeepsPermissions)
    }

    /// Takes note of what the store needs now.
    fn grow(&mut self, store_bytes: u64, now: Instant) {
        self.committed_bytes(now);
        let size_bytes = in_use_bytes(store_bytes) + EMPTY_BYTES - EMPTY_IN_USE_BYTES;
        if size_bytes > self.size_bytes {
            self.size_bytes = size_bytes;
            self.grown.get_or_insert(now);
        }
    }

    /// Gives back what the store does not need.
    fn shrink(&mut self, store_bytes: u64) {
        self.size_bytes = in_use_bytes(store_bytes) + EMPTY_BYTES - EMPTY_IN_USE_BYTES;
        self.commit();
    }

    fn commit(&mut self) {
        self.committed_bytes = self.size_bytes;
        self.grown = None;
    }

    /// Source: etcd v3.5.5 and v3.7.3, `Available`.
    fn available(&self, size_bytes: u64, cost_bytes: u64) -> bool {
        let Some(quota_bytes) = self.quota_bytes else { return true };
        if cost_bytes == 0 && self.release.holds(Fact::CostlessPassesQuota) {
            return true;
        }
        size_bytes.saturating_add(cost_bytes) < quota_bytes
    }
}

/// How much of a backend is in use whose changes take so many bytes: whole pages, nine tenths full. Source: etcd v3.5.5
/// server/mvcc/backend/batch_tx.go, `unsafePut`.
pub(super) fn in_use_bytes(store_bytes: u64) -> u64 {
    EMPTY_IN_USE_BYTES + (store_bytes / 9 * 10).div_ceil(PAGE_BYTES) * PAGE_BYTES
}

impl Member {
    /// The first question, before anything else of a request is looked at. Who is refused raises the alarm, as far as
    /// the caller can be told. Source: etcd v3.5.5 server/etcdserver/api/v3rpc/quota.go, `check`.
    ///
    /// # Errors
    /// [`Refusal::NoSpace`]; nothing has been done then.
    pub(super) fn check_quota(
        &mut self,
        request: &impl Cost,
        credential: &Credential,
        now: Instant,
    ) -> Result<(), Refusal> {
        let cost_bytes = request.cost_bytes(self.settings.release);
        let size_bytes = self.space.committed_bytes(now);
        if self.space.available(size_bytes, cost_bytes) {
            return Ok(());
        }
        if self.authority.identify(credential, now).is_ok() {
            self.raise_alarm(now);
        }
        Err(Refusal::NoSpace)
    }

    /// The second question, when a request is applied. Source: etcd v3.5.5 server/etcdserver/apply.go,
    /// `quotaApplierV3` and `applierV3Capped`.
    ///
    /// # Errors
    /// [`Refusal::NoSpace`] while the alarm is raised; nothing has been done then.
    pub(super) fn fit(&self, request: &impl Cost) -> Result<Fit, Refusal> {
        let cost_bytes = request.cost_bytes(self.settings.release);
        if self.space.capped() && cost_bytes > 0 {
            return Err(Refusal::NoSpace);
        }
        // With the alarm, nobody asks for the quota on releases that ask for no permissions either.
        let fits = self.space.unguarded() || self.space.available(self.space.size_bytes, cost_bytes);
        Ok(if fits { Fit::Fits } else { Fit::Crosses })
    }

    /// How a request that has been carried out is answered.
    ///
    /// # Errors
    /// [`Refusal::NoSpace`] if it has crossed the quota; the alarm is raised then.
    pub(super) fn answer<T>(&mut self, answer: T, fit: Fit, now: Instant) -> Result<T, Refusal> {
        match fit {
            Fit::Fits => Ok(answer),
            Fit::Crosses => {
                self.space.commit();
                self.raise_alarm(now);
                Err(Refusal::NoSpace)
            }
        }
    }

    /// Takes note of what has been written to the store.
    pub(super) fn note_size(&mut self, now: Instant) {
        self.space.grow(self.store.size_bytes(), now);
    }

    /// Gives back what is not in use.
    pub(super) fn release_space(&mut self) {
        self.space.shrink(self.store.size_bytes());
    }

    fn raise_alarm(&mut self, now: Instant) {
        self.space.raise(MEMBER_ID);
        self.proposed(now);
    }
}
