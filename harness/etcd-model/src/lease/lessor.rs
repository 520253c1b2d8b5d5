//! Which leases there are, and when each ends.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::{
    member::{MEMBER_ID, Settings},
    refusal::Refusal,
    time::{Beat, Choice, Round},
};

/// The shortest time to live, seconds: one and a half election timeouts, rounded up. Source: etcd v3.5.5
/// server/etcdserver/server.go, `minTTL`.
const MIN_TTL_S: i64 = 2;

/// The longest time to live that is granted, seconds. Source: etcd v3.5.5 server/lease/lessor.go, `MaxLeaseTTL`.
const MAX_TTL_S: i64 = 9_000_000_000;

/// How many leases end in one round at most. Source: the same, `leaseRevokeRate`, of which a round takes half.
const ENDED_AT_ONCE: usize = 500;

/// What all leases gain when a member becomes the leader, and so when it starts again. Source: etcd v3.5.5
/// server/etcdserver/server.go, `Promote`, with the default election timeout.
const GAINED_AT_START: Duration = Duration::from_secs(1);

/// The leases of one member. Source: etcd v3.5.5 server/lease/lessor.go.
///
/// What is left of a lease's time is not written down (`--experimental-enable-lease-checkpoint` is off by default).
#[derive(Debug)]
pub struct Lessor {
    leases: BTreeMap<i64, Lease>,
    rounds: Beat,
    /// When leases last ended: the next do so one round later at the earliest.
    ended: Option<Instant>,
    next_id: u64,
}

/// The leases of some moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leases(BTreeMap<i64, Lease>);

#[derive(Clone, Copy, Debug)]
struct Lease {
    ttl_s: i64,
    /// The first round from here on ends it.
    ends: Instant,
}

/// A lease as it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Its id.
    pub id: i64,
    /// How long it lives without being kept alive, seconds.
    pub ttl_s: i64,
}

/// What comes of keeping a lease alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It lives for its whole time again, so many seconds.
    Lives(i64),
    /// There is no such lease.
    Unknown,
    /// Its time is over, and it ends at this moment. etcd answers then, as if it had been unknown.
    EndsAt(Instant),
}

impl Lessor {
    /// No leases, on a member that starts at `now`.
    pub fn new(settings: &Settings, now: Instant) -> Self {
        let drawn = settings.seed.draws(Choice::LeaseIds).next();
        Self {
            leases: BTreeMap::new(),
            rounds: settings.phases.beat(Round::LeaseCheck, now),
            ended: None,
            // Source: etcd v3.5.5 pkg/idutil/id.go, `NewGenerator`: the member, the time, a counter.
            next_id: (MEMBER_ID << 48) | ((drawn & 0xff_ffff_ffff) << 8),
        }
    }

    /// An id for a lease that did not ask for one: above 0.
    pub fn choose_id(&mut self) -> i64 {
        loop {
            self.next_id = self.next_id.wrapping_add(1);
            // Without its highest bit it fits.
            let id = i64::try_from(self.next_id & (u64::MAX >> 1)).unwrap_or(i64::MAX);
            if id != 0 {
                return id;
            }
        }
    }

    /// Grants a lease of that id. Less time than the shortest is raised to it, below 0 too.
    ///
    /// # Errors
    /// [`Refusal::LeaseTtlTooLarge`], [`Refusal::LeaseExists`].
    pub fn grant(&mut self, id: i64, ttl_s: i64, now: Instant) -> Result<Granted, Refusal> {
        if ttl_s > MAX_TTL_S {
            return Err(Refusal::LeaseTtlTooLarge);
        }
        if self.leases.contains_key(&id) {
            return Err(Refusal::LeaseExists);
        }
        let ttl_s = ttl_s.max(MIN_TTL_S);
        self.leases.insert(id, Lease { ttl_s, ends: now + seconds(ttl_s) });
        Ok(Granted { id, ttl_s })
    }

    /// Ends a lease before its time.
    ///
    /// # Errors
    /// [`Refusal::LeaseNotFound`].
    pub fn revoke(&mut self, id: i64) -> Result<(), Refusal> {
        self.leases.remove(&id).map(|_| ()).ok_or(Refusal::LeaseNotFound)
    }

    /// Gives a lease its whole time again, unless that is over.
    pub fn renew(&mut self, id: i64, now: Instant) -> Renewal {
        let due = self.due();
        match self.leases.get_mut(&id) {
            None => Renewal::Unknown,
            Some(lease) if lease.ends <= now => Renewal::EndsAt(due.unwrap_or(now)),
            Some(lease) => {
                lease.ends = now + seconds(lease.ttl_s);
                Renewal::Lives(lease.ttl_s)
            }
        }
    }

    /// How much time a lease has left, and how much it was granted; `None` if there is no such lease.
    pub fn time_to_live(&self, id: i64, now: Instant) -> Option<(Duration, i64)> {
        self.leases.get(&id).map(|lease| (lease.ends.saturating_duration_since(now), lease.ttl_s))
    }

    /// The ids of all leases, by when they end.
    pub fn ids(&self) -> Vec<i64> {
        let mut leases: Vec<_> = self.leases.iter().map(|(id, lease)| (lease.ends, *id)).collect();
        leases.sort_unstable();
        leases.into_iter().map(|(_, id)| id).collect()
    }

    /// Whether there is a lease of that id now. A put that names another is refused.
    pub fn exists(&self, lease: i64) -> bool {
        self.leases.contains_key(&lease)
    }

    /// When the next leases end, if there are any.
    pub fn due(&self) -> Option<Instant> {
        let ends = self.leases.values().map(|lease| lease.ends).min()?;
        let before = ends.checked_sub(Duration::from_nanos(1)).unwrap_or(ends);
        Some(self.rounds.after(self.ended.map_or(before, |ended| ended.max(before))))
    }

    /// Takes out the leases that end in the round at `now`, oldest first.
    pub fn take_ended(&mut self, now: Instant) -> Vec<i64> {
        if self.due().is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.take_over(now)
    }

    /// Takes out the leases that are over, oldest first, as many as one round ends.
    fn take_over(&mut self, now: Instant) -> Vec<i64> {
        self.ended = Some(now);
        let mut ended: Vec<_> = self
            .leases
            .iter()
            .filter(|(_, lease)| lease.ends <= now)
            .map(|(id, lease)| (lease.ends, *id))
            .collect();
        ended.sort_unstable();
        ended.truncate(ENDED_AT_ONCE);
        for (_, id) in &ended {
            self.leases.remove(id);
        }
        ended.into_iter().map(|(_, id)| id).collect()
    }

    /// Takes out the leases that end in a round that fell between `since` and `now`, and comes now: all that are over by
    /// now, however late they ended.
    pub fn take_overdue(&mut self, since: Instant, now: Instant) -> Vec<i64> {
        if self.rounds.after(since) > now {
            return Vec::new();
        }
        self.take_over(now)
    }

    /// The leases that there are, to be brought back later.
    pub(crate) fn saved(&self) -> Leases {
        Leases(self.leases.clone())
    }

    /// Has the leases of an earlier time, or none. Ids that the member chooses go on: etcd's go by the time of day.
    pub(crate) fn restore(&mut self, saved: Leases) {
        self.leases = saved.0;
    }

    /// Starts again at `now`: every lease has its whole time again, and a little more. With a thousand leases and
    /// more, etcd also spreads them out; this does not.
    pub fn restart(&mut self, settings: &Settings, now: Instant) {
        self.rounds = settings.phases.beat(Round::LeaseCheck, now);
        self.ended = None;
        for lease in self.leases.values_mut() {
            lease.ends = now + GAINED_AT_START + seconds(lease.ttl_s);
        }
    }
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}
