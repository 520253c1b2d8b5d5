//! What the queue says to etcd, and what the answers mean. Pure: no requests are sent here, and no clock is read, so
//! that a model can check the very functions that the queue runs on.
//!
//! # The protocol
//! A *session* is a lease of etcd's (24 h, renewed hourly), and on it a record and some *slots*, all created by one
//! transaction. A *claim* deletes items at the revisions that were seen, an *enqueue* puts items under unused keys.
//! Each also compares its slot's revision and writes its mark there, so that a lost reply can be settled ([`slot`]).
//!
//! | rule | why |
//! |---|---|
//! | 1. "Database space exceeded" is a doubt. The reply has come, so nothing is under way, and reading the slot decides. | etcd carries a transaction out, and says so afterwards. |
//! | 2. No guard is ever 0: a session's first transaction creates its slots under an id that was never used, and their revisions are the guards. | A key that was deleted is "never written" again: what was delayed all the while would find that true. |
//! | 3. What is presumed is never put back. Closing hands it out, marked. | It may never have left, and then there would be two. |
//! | 4. No queue's records lie among another's ([`layout`]), and no delete spans kinds or sessions: a session ends with its lease. | Queues are named by users, one inside another. |
//! | 5. A slot that is absent says that nothing more will be done with it. Whether something was, the items tell: one at its revision was not claimed, one that has gone is presumed. Slots end with their lease, by etcd's clock. | Whoever tidied them away may have been wrong about the time. |
//! | 6. Ids carry a random nonce. A slot that is older than what was known of it counts as gone. | Revisions come again after a store was restored or wiped. |
//!
//! A full etcd takes no writes. Then a claim is by delete alone, and its repetition decides a lost reply ([`claim`]);
//! a settling deletes its slot instead of writing it.

pub(crate) mod broken;
pub(crate) mod claim;
pub(crate) mod closing;
pub(crate) mod layout;
pub(crate) mod session;
pub(crate) mod slot;
pub(crate) mod storing;
pub(crate) mod txn;
