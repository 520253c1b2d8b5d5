//! The signs of a picture, each with its meaning. They read without colour.

use crate::report::Ink;

/// Something that goes on or happens. Of two in one column the later in this list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report) enum Glyph {
    /// A call is open.
    Waiting,
    /// A call is open that nothing reaches any more.
    Deaf,
    /// Calls fail, or requests pass, by the hundred a second.
    Spinning,
    /// A key of a barrier or a lock is held.
    Held,
    /// What the server sends comes late.
    Delayed,
    /// Connections carry nothing.
    BlackHole,
    /// The server is cut off from the other members.
    Isolated,
    /// The server is frozen.
    Paused,
    /// The server is not there.
    Down,
    /// A token lives.
    TokenAlive,
    /// A token is dead or not: the server sweeps once a second.
    TokenDying,
    /// A token is dead.
    TokenDead,
    /// A token was issued.
    TokenIssued,
    /// An item was enqueued, and acknowledged.
    Enqueued,
    /// An item was enqueued; the answer was an error, or none.
    EnqueueUnknown,
    /// The consumer took a probe.
    Probe,
    /// The consumer got an item.
    Item,
    /// The consumer's call was done, without an item.
    Done,
    /// What a step of the file does is done.
    Step,
    /// The etcd refused what a step of the file asks of it.
    StepRefused,
    /// A client was closed.
    Closed,
    /// A call was given up.
    Cancelled,
    /// Connections were cut.
    Dropped,
    /// A reply was kept from its client.
    ReplyLost,
    /// A request was held back.
    RequestHeld,
    /// A request that was held back reached the server.
    RequestReleased,
    /// A client lost its connection.
    Disconnected,
    /// The server ended a watch for its compacted revision.
    Compacted,
    /// The server refused a watch.
    Refused,
    /// The consumer's call returned an error.
    Failed,
    /// The process died.
    Died,
}

impl Glyph {
    /// All of them, in their order.
    pub(in crate::report) const ALL: [Self; 31] = [
        Self::Waiting,
        Self::Deaf,
        Self::Spinning,
        Self::Held,
        Self::Delayed,
        Self::BlackHole,
        Self::Isolated,
        Self::Paused,
        Self::Down,
        Self::TokenAlive,
        Self::TokenDying,
        Self::TokenDead,
        Self::TokenIssued,
        Self::Enqueued,
        Self::EnqueueUnknown,
        Self::Probe,
        Self::Item,
        Self::Done,
        Self::Step,
        Self::StepRefused,
        Self::Closed,
        Self::Cancelled,
        Self::Dropped,
        Self::ReplyLost,
        Self::RequestHeld,
        Self::RequestReleased,
        Self::Disconnected,
        Self::Compacted,
        Self::Refused,
        Self::Failed,
        Self::Died,
    ];

    pub(in crate::report) const fn sign(self) -> char {
        match self {
            Self::Waiting => '─',
            Self::Deaf => '?',
            Self::Spinning => '≈',
            Self::Held => '═',
            Self::Delayed => '»',
            Self::BlackHole => '■',
            Self::Isolated => '¦',
            Self::Paused => '‖',
            Self::Down => '×',
            Self::TokenAlive => '━',
            Self::TokenDying => '▒',
            Self::TokenDead => '·',
            Self::TokenIssued => '●',
            Self::Enqueued => '▲',
            Self::EnqueueUnknown => '△',
            Self::Probe => '◇',
            Self::Item => '◆',
            Self::Done => '◈',
            Self::Step => '▽',
            Self::StepRefused => '▿',
            Self::Closed => '□',
            Self::Cancelled => '○',
            Self::Dropped => '/',
            Self::ReplyLost => '⇍',
            Self::RequestHeld => '⇏',
            Self::RequestReleased => '⇒',
            Self::Disconnected => '↯',
            Self::Compacted => '⊟',
            Self::Refused => '⊘',
            Self::Failed => '!',
            Self::Died => '✖',
        }
    }

    pub(in crate::report) const fn meaning(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Deaf => "deaf",
            Self::Spinning => "spinning",
            Self::Held => "held by the harness",
            Self::Delayed => "replies late",
            Self::BlackHole => "black hole",
            Self::Isolated => "cut off from the others",
            Self::Paused => "server paused",
            Self::Down => "server down",
            Self::TokenAlive => "token alive",
            Self::TokenDying => "token dying",
            Self::TokenDead => "token dead",
            Self::TokenIssued => "token issued",
            Self::Enqueued => "enqueued",
            Self::EnqueueUnknown => "enqueue not acknowledged",
            Self::Probe => "took a probe",
            Self::Item => "got an item",
            Self::Done => "call done",
            Self::Step => "step done",
            Self::StepRefused => "step refused",
            Self::Closed => "client closed",
            Self::Cancelled => "call given up",
            Self::Dropped => "connections cut",
            Self::ReplyLost => "reply lost",
            Self::RequestHeld => "request held back",
            Self::RequestReleased => "held request arrives",
            Self::Disconnected => "connection lost",
            Self::Compacted => "watch ended, compacted",
            Self::Refused => "watch refused",
            Self::Failed => "error returned",
            Self::Died => "process died",
        }
    }

    pub(in crate::report) const fn ink(self) -> Ink {
        match self {
            Self::Waiting
            | Self::Enqueued
            | Self::Held
            | Self::Step
            | Self::Closed
            | Self::Cancelled
            | Self::Done => Ink::Normal,
            Self::TokenAlive | Self::TokenIssued | Self::Probe | Self::Item => Ink::Good,
            Self::TokenDying
            | Self::EnqueueUnknown
            | Self::Delayed
            | Self::BlackHole
            | Self::Isolated
            | Self::Paused
            | Self::Down
            | Self::Dropped
            | Self::ReplyLost
            | Self::StepRefused
            | Self::RequestHeld
            | Self::RequestReleased
            | Self::Disconnected
            | Self::Compacted => Ink::Warning,
            Self::TokenDead => Ink::Faint,
            Self::Deaf | Self::Spinning | Self::Refused | Self::Failed | Self::Died => Ink::Bad,
        }
    }
}
