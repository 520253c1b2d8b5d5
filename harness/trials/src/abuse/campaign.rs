//! The campaigns by name: what each puts the queue through, and how much of it.

use clap::ValueEnum;
use deadwatch::etcd::Backend;

/// What a queue is put through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Campaign {
    /// Small runs by the thousand on the in-memory etcd, in virtual time: every kind of trouble, in every mixture.
    Virtual,
    /// Replies that are lost, and connections that are cut.
    Replies,
    /// The same, with kill -9, compactions, delays and silent connections among it.
    Kills,
    /// Tokens that die: idle ones, all of them at a kill, all of them when a role is added.
    Tokens,
    /// Callers that give up, at any moment.
    Drops,
    /// Go's producers and consumers of the recipe on the same queue.
    Mixed,
    /// How long it takes until a waiting consumer gets an item after a kill, and after a connection fell silent.
    Recovery,
}

impl Campaign {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 7] =
        [Self::Virtual, Self::Replies, Self::Kills, Self::Tokens, Self::Drops, Self::Mixed, Self::Recovery];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::Replies => "replies",
            Self::Kills => "kills",
            Self::Tokens => "tokens",
            Self::Drops => "drops",
            Self::Mixed => "mixed",
            Self::Recovery => "recovery",
        }
    }

    /// What runs its etcd.
    pub const fn backend(self) -> Backend {
        match self {
            Self::Virtual => Backend::Embedded,
            Self::Replies | Self::Kills | Self::Tokens | Self::Drops | Self::Mixed | Self::Recovery => {
                Backend::Process
            }
        }
    }

    /// How many items it enqueues unless told otherwise; for the recovery: how often it is measured.
    pub const fn items(self) -> usize {
        match self {
            Self::Virtual => 400_000,
            Self::Replies => 100_000,
            Self::Kills => 1_000_000,
            Self::Tokens => 40_000,
            Self::Drops => 160_000,
            Self::Mixed => 20_000,
            Self::Recovery => 20,
        }
    }

    /// How many items one run has at most. A campaign is as many runs as it takes, each with an etcd, a seed and a
    /// history of its own, so that each can be judged, and repeated, by itself.
    pub const fn items_of_a_run(self) -> usize {
        match self {
            Self::Virtual => 200,
            Self::Replies | Self::Kills => 50_000,
            Self::Tokens | Self::Mixed | Self::Drops => 20_000,
            Self::Recovery => usize::MAX,
        }
    }
}
