//! At least once: an item is handed out under a claim that its holder acknowledges, and to somebody else if
//! the holder dies first. The items themselves are exactly the recipe's, and no claim touches them.
//!
//! # Who holds what
//! A consumer is a *session*: one key `s/<session>` bound to one lease, never written again once it is gone.
//! A claim is a *record* `c/<item>`, bound to nothing, that names its owner's session and counts the
//! deliveries. An item is free if it has no record, if its record names nobody, or if the session it names is
//! gone. So the death of a consumer is one event on its session, whatever it held, and the count survives it.
//!
//! # Why no reply that is lost leaves a doubt
//! - **Claims settle themselves.** A claim compares the item's revision, and that of its record or its
//!   absence. While an item lives its record is only ever written, and deleted together with it; so each
//!   comparison holds at most once in time, and a claim that is sent twice is carried out once at most. Each
//!   leaves a record that no other claim leaves. Sent again, it is either carried out now, or finds its own
//!   record, or finds something else there, and then never will be.
//! - **Endings leave no record**, since an acknowledgement deletes it. They are made with a slot, see
//!   [`crate::protocol::slot`], that tells whether they were carried out. Where there can be none, since etcd is full,
//!   item and record tell: while a session is there, nobody but itself takes its claims away.
//! - **Giving back and putting aside** compare the record, so they too are carried out once.
//!
//! Records are compared by what they say. No two claims leave the same one, in whatever store: their sessions' names
//! carry a nonce. Revisions would come again after a store was restored.
//!
//! What is known here of items, records and sessions is a hint; every transaction compares for itself.

mod actor;
mod builder;
mod claim;
mod claims;
mod delivery;
mod ending;
mod farewell;
mod fence;
mod letter;
mod meter;
mod orphans;
mod plan;
mod queue;
mod reckoning;
mod record;
mod settling;
mod shelf;
mod term;
mod turn;
mod wants;

pub use builder::LeaseBuilder;
pub use delivery::{Delivery, Joined};
pub use fence::Fence;
pub use letter::{DeadLetter, DeadLetters};
pub use queue::{LeaseQueue, Outbox};
