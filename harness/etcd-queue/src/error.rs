//! What the queue tells its callers, after everything it can mend itself has been mended.

use std::fmt;
use std::time::Duration;

use crate::item::Item;
use crate::lease::Fence;

/// What the queue was doing when etcd refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Listing and watching the queue's range.
    Read,
    /// Taking an item out.
    Claim,
    /// Storing an item.
    Enqueue,
    /// Storing an item again that was claimed and handed to nobody.
    PutBack,
    /// Counting the items.
    Count,
    /// Writing the records beside the queue by which lost replies are settled, and by which claims of a
    /// [`LeaseQueue`](crate::LeaseQueue) last.
    Record,
    /// Ending a claim: acknowledging an item, giving it back, or putting it aside.
    Acknowledge,
    /// Reading and moving dead letters.
    DeadLetters,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Read => "read",
            Operation::Claim => "claim from",
            Operation::Enqueue => "enqueue into",
            Operation::PutBack => "put back into",
            Operation::Count => "count",
            Operation::Record => "keep records in",
            Operation::Acknowledge => "acknowledge in",
            Operation::DeadLetters => "keep dead letters in",
        })
    }
}

/// Why a call on a [`Queue`](crate::Queue), a [`LeaseQueue`](crate::LeaseQueue) or a
/// [`Delivery`](crate::Delivery) failed: only what trying again by itself cannot mend.
///
/// A dead token, a refused, compacted or broken watch, a restarted or unreachable etcd are no errors: the
/// queue recovers from them and the call goes on waiting, unless [`Builder::patience`](crate::Builder::patience)
/// bounds that ([`Error::Unavailable`]).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The queue was closed; open another one.
    #[error("the queue is closed")]
    Closed,
    /// The prefix cannot be a queue's.
    #[error("the prefix {prefix:?} {reason}")]
    BadPrefix {
        /// The prefix as it was given.
        prefix: String,
        /// What is wrong with it, and what would be right.
        reason: &'static str,
    },
    /// An endpoint cannot be a member's address.
    #[error("no channel can be made to {endpoint:?}: {reason}")]
    BadEndpoint {
        /// The endpoint as it was given; empty if none was.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A queue was opened outside of a tokio runtime, which its background tasks need.
    #[error("no tokio runtime is running here: open the queue inside of one")]
    NoRuntime,
    /// The user lacks a right on the queue's range; said only after a fresh login was refused as well.
    #[error("permission to {operation} {range} is denied, also after a fresh login: {reason}")]
    PermissionDenied {
        /// What was refused.
        operation: Operation,
        /// The range that the right is needed on.
        range: String,
        /// etcd's own words.
        reason: String,
    },
    /// etcd refuses the client's credentials, or asks for some and the client has none.
    #[error("the login for {range} is refused: {reason}")]
    LoginRefused {
        /// The queue's range.
        range: String,
        /// etcd's own words.
        reason: String,
    },
    /// etcd is out of reach, or has no leader, for longer than the queue was told to be patient
    /// ([`Builder::patience`](crate::Builder::patience)). Nothing is lost; the next call waits again.
    #[error("nothing can be read from {range} for {}.{} s: {reason}", away.as_secs(), away.subsec_millis() / 100)]
    Unavailable {
        /// The queue's range.
        range: String,
        /// For how long.
        away: Duration,
        /// How the last attempt ended.
        reason: String,
    },
    /// etcd's database is full: nothing can be stored until it is compacted and its alarm disarmed.
    #[error("etcd has no space left to {operation} {range}: {reason}")]
    NoSpace {
        /// What was refused.
        operation: Operation,
        /// The queue's range.
        range: String,
        /// etcd's own words.
        reason: String,
    },
    /// The value is larger than etcd takes in one request (1.5 MiB unless it was started otherwise).
    #[error("the value is too large to {operation} {range}: {reason}")]
    TooLarge {
        /// What was refused.
        operation: Operation,
        /// The queue's range.
        range: String,
        /// etcd's own words.
        reason: String,
    },
    /// etcd refused for another reason that trying again does not change.
    #[error("etcd refuses to {operation} {range}: {reason}")]
    Refused {
        /// What was refused.
        operation: Operation,
        /// The queue's range.
        range: String,
        /// etcd's own words.
        reason: String,
    },
    /// Of several items given to [`Queue::enqueue_all`](crate::Queue::enqueue_all) only the first ones were
    /// stored.
    #[error("only the first {stored} items were stored: {cause}")]
    Partly {
        /// How many, counted from the first.
        stored: usize,
        /// Why the next one was not; it may be [`Error::Unsettled`].
        cause: Box<Error>,
    },
    /// The reply to an enqueue was lost and the item is not there (any more): it was never stored, or it
    /// was and somebody has taken it already, or it will be stored in a moment. Enqueueing it again may
    /// double it, not doing so may lose it. Comes only where the queue may not keep its records (see
    /// [`Queue::degraded`](crate::Queue::degraded)), or where the login was refused before it could ask.
    #[error("the reply was lost and {key} is not there: it was never stored or is already taken ({reason})")]
    Unsettled {
        /// The key that the item was sent under.
        key: String,
        /// How the reply was lost.
        reason: String,
    },
    /// Queues of a later layout of records work here, which this version does not know. It refuses to work beside
    /// them: deploy the later version everywhere, or wait until their last one is closed.
    #[error(
        "a later layout of records is in use in {range}, by {version}: this version must not work beside it"
    )]
    LaterLayout {
        /// Where the records lie, as `[first, behind the last)`.
        range: String,
        /// What the record of that queue says of its layout and version.
        version: String,
    },
    /// A setting of a queue cannot be.
    #[error("the setting {setting} {reason}")]
    BadSetting {
        /// Its name.
        setting: &'static str,
        /// What is wrong with it, and what would be right.
        reason: &'static str,
    },
    /// The delivery is no longer its holder's: nothing was changed by it.
    #[error("the delivery of {key} is fenced off: {by}")]
    Fenced {
        /// The item's key.
        key: String,
        /// What has become of the item.
        by: Fence,
    },
    /// The queue was closed, or the login refused, before it was known what became of an acknowledgement
    /// whose reply was lost.
    #[error("nobody knows whether {key} is acknowledged: {reason}")]
    Unacknowledged {
        /// The item's key.
        key: String,
        /// Why nobody knows.
        reason: String,
    },
    /// Items were claimed, handed to nobody, and could not be put back when the queue closed. Whoever gets this
    /// error has them in hand.
    ///
    /// Those that are [`Confirmed`](crate::Certainty::Confirmed) are no longer in etcd, and nobody else has them.
    /// Of those that are [`Presumed`](crate::Certainty::Presumed) nobody knows: each may be in hand only here, or be
    /// stored, or have been handed to another consumer. Handling them may double, not doing so may lose.
    #[error("{} claimed items could not be put back: {reason}", items.len())]
    LeftOver {
        /// The items, in order.
        items: Vec<Item>,
        /// Why the last one could not be put back.
        reason: String,
    },
}
