//! What a run went through, counted by all who do something to it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::plan::Least;

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The counts so far.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$doc])* pub $name: Counter,)* }

        /// What a run went through.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Suffered { $($(#[$doc])* pub $name: u64,)* }

        impl Counters {
            /// The counts now.
            pub fn now(&self) -> Suffered {
                Suffered { $($name: self.$name.now(),)* }
            }
        }

        impl std::ops::AddAssign for Suffered {
            fn add_assign(&mut self, more: Self) {
                $(self.$name += more.$name;)*
            }
        }
    };
}

counts! {
    /// Requests that were held back and let go while their worker lived.
    held,
    /// Requests that were let go, and answered, after their worker had closed its queue.
    late,
    /// Those of them that were carried out.
    late_succeeded,
    /// Requests that were let go, and answered, after their worker had been killed.
    late_of_the_dead,
    /// Replies that were lost one by one.
    replies_lost,
    /// Times that a worker's connections were reset, or led nowhere for a while.
    resets,
    /// Members that stood still for a while.
    pauses,
    /// Members that were killed.
    member_kills,
    /// Those of both that led.
    leaders,
    /// Times that all members were away.
    outages,
    /// Crossings of the quota.
    crossings,
    /// Items that were handed out while etcd was full.
    drained,
    /// Compactions.
    compactions,
    /// Queues that were closed.
    closes,
    /// Those of them that were closed while etcd was away.
    closes_in_outage,
    /// Workers that were killed.
    kills,
    /// Workers that stood still for a while.
    stops,
}

/// One of them.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Suffered {
    /// Whether it is as much as it shall be at least.
    pub const fn is_enough(&self, least: &Least) -> bool {
        self.late >= least.late
            && self.pauses + self.member_kills >= least.members
            && self.crossings >= least.crossings
            && self.closes_in_outage >= least.closes_in_outage
            && self.kills >= least.kills
    }
}
