//! The campaigns of processes by name: what each puts the workers through.

use std::time::Duration;

/// What worker processes are put through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ordeal {
    /// Single requests are held back in the network and let go later: also after their queue was closed, and after the
    /// sessions of that time have ended.
    Held,
    /// A member of three stands still for a while, or dies; the leader included.
    Pauses,
    /// etcd's quota is crossed, again and again: full, drained, compacted, defragmented, disarmed.
    Quota,
    /// Queues are closed while etcd is away.
    Closes,
    /// Workers whose clocks differ by days.
    Clocks,
    /// Workers are killed with -9, and stopped for a while.
    Deaths,
    /// All of it together.
    Weathers,
}

impl Ordeal {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 7] =
        [Self::Held, Self::Pauses, Self::Quota, Self::Closes, Self::Clocks, Self::Deaths, Self::Weathers];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Pauses => "pauses",
            Self::Quota => "quota",
            Self::Closes => "closes",
            Self::Clocks => "clocks",
            Self::Deaths => "deaths",
            Self::Weathers => "weathers",
        }
    }

    /// What it is, for the command line's help.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Held => {
                "Worker processes whose requests are held back, and let go after their queue was closed"
            }
            Self::Pauses => "A member of three stands still or dies, the leader included",
            Self::Quota => "etcd's quota is crossed: full, drained, compacted, defragmented, disarmed, again",
            Self::Closes => "Queues are closed while etcd is away",
            Self::Clocks => "Workers whose clocks differ by days",
            Self::Deaths => "Worker processes are killed with -9, and stopped for a while",
            Self::Weathers => "All of these together, under nested queue names",
        }
    }

    /// How many items it enqueues unless told otherwise.
    pub const fn items(self) -> usize {
        3 * self.items_of_a_run()
    }

    /// How many items one run has at most.
    pub const fn items_of_a_run(self) -> usize {
        match self {
            // Its items are large, and wait while etcd is full.
            Self::Quota => 30_000,
            Self::Held | Self::Pauses | Self::Closes | Self::Clocks | Self::Deaths | Self::Weathers => 60_000,
        }
    }

    /// No trouble begins after this time, whatever has been reached.
    pub const fn bound(self) -> Duration {
        Duration::from_secs(150)
    }
}
