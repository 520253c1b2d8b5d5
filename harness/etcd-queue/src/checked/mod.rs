//! The protocol, checked: a model in which everything that can happen does, in every order, within a bound.
//!
//! Its actions call the crate's own functions of [`crate::protocol`]: every transaction that the model carries out and
//! every decision about an answer is the one that the queue runs on. Only the store ([`etcd`]) and the order in which a
//! queue asks ([`side`], which retells the glue of the two tasks) are the model's own. Random traces of the model are
//! followed by the real queue ([`replay`]), which checks that glue.
//!
//! # What is modelled
//! - Two queues on one prefix, or on one inside of the other's. Each makes calls: enqueues, and claims of the first item,
//!   of all, of all in parts, and by delete alone where etcd is full. A claim is of what was stored when it was sent.
//! - Each request is answered, or is carried out and its reply is lost, or it is held up: its sender gives it up, and it
//!   arrives at any time after, also when its queue is closed, or never.
//! - Settling, searching, an enqueue that is sent again by another session, closing with and without items to be put
//!   back, and a close that etcd does not answer (one attempt stands for the crate's five).
//! - Sessions: opened late, lost while they are opened, ended by their lease, ended by a close that may be lost, too.
//! - The quota: two requests that put are carried out and answered as if they were not; then what puts is refused, and
//!   so are leases, until there is room again.
//! - A store that is wiped, or restored as it was at first. Ids of leases come again.
//!
//! # What is not
//! - Queues without rights on their records, `LeaseQueue`s, and plain deletes, by which etcds before 3.5.7 are drained.
//!   More than one item in a put-back or an enqueue.
//! - Watches and caches: what a queue knows of the store is as old as its request.
//! - A process that dies: it is one that does nothing any more, but items in its hands are gone by promise.
//! - After a restore nothing is promised of what was stored or under way before it: that may be gone, come back, or be
//!   done once more. What is enqueued after it is promised everything, except that nothing changes after a close.
//!
//! States that are alike are one state, see [`canonical`]. What commutes with everything else is not tried in every
//! order: see `Next` in [`action`].
//!
//! # Figures
//! `cargo test -p etcd-queue --lib checked` checks the small bounds, with the rules and with each of them broken, and
//! replays 300 traces. Seen: 58,729 states in all, no deeper than 21; 21 s of one core, replays included, without
//! optimisation. The larger bounds and longer replays have not run to their end yet: of 10,000 traces, seeds 2082 and
//! 7762 disagree with the model on what a producer is told, for a reason that is not known. For more:
//!
//! ```text
//! cargo test --release -p etcd-queue --lib checked -- --ignored --nocapture
//! REPLAYED_TRACES=10000 cargo test -p etcd-queue --lib checked::replay
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod action;
mod canonical;
mod etcd;
mod gate;
mod model;
mod promises;
mod replay;
mod side;
mod world;

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use crate::protocol::broken::Rule;
use model::{Bound, Protocol};
use promises::{Wrong, Wrongs};

/// Nothing goes wrong in it: two queues that make two calls each, for two items, and close.
const CALM: Bound = Bound {
    queues: ["/q", "/q"],
    turns: [2, 2],
    openings: 1,
    has_begun: false,
    slots: 1,
    items: 2,
    collides: false,
    faults: 0,
    crossings: 0,
    makes_room: false,
    restores: 0,
    expiries: 0,
    closes: [true, true],
    broken: None,
    is_canonical: true,
    watched: Wrongs::ALL,
};

const LOST_AND_HELD: Bound = Bound { items: 1, faults: 2, ..CALM };
const SESSIONS_END: Bound = Bound { items: 1, faults: 1, expiries: 1, has_begun: true, ..CALM };
const A_FULL_ETCD: Bound =
    Bound { items: 1, faults: 1, crossings: 1, makes_room: true, has_begun: true, openings: 0, ..CALM };
const A_RESTORED_STORE: Bound = Bound { turns: [1, 1], faults: 1, restores: 1, has_begun: true, ..CALM };
const KEYS_COLLIDE: Bound = Bound { faults: 1, collides: true, has_begun: true, openings: 0, ..CALM };
/// The inner one is called as the outer one's session is, so that their records would lie among each other.
const A_QUEUE_INSIDE_A_QUEUE: Bound =
    Bound { queues: ["/q", "/q/w/00000000000000010000000000000001"], items: 1, faults: 1, ..CALM };

/// Two calls, two items, two faults, and one thing more.
const FULL_OF_FAULTS: Bound = Bound { faults: 2, has_begun: true, ..CALM };
/// All of it at once.
const FULL: Bound = Bound { crossings: 1, restores: 1, expiries: 1, ..FULL_OF_FAULTS };

/// Looks at every state, and says which promises do not hold.
fn check(name: &str, bound: Bound) -> Vec<&'static str> {
    let begun = Instant::now();
    let checker = Protocol::new(bound).checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    let checker = checker.spawn_dfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    eprintln!("{name}: {states} states, depth {depth}, {:.1?}", begun.elapsed());
    for (promise, path) in checker.discoveries() {
        let actions: Vec<String> = path.into_actions().iter().map(|action| format!("{action:?}")).collect();
        eprintln!("{promise}: not so after {}", actions.join(", "));
    }
    checker.discoveries().into_keys().collect()
}

#[test]
fn within_small_bounds_every_promise_is_kept() {
    let bounds = [
        ("lost and held", LOST_AND_HELD),
        ("sessions end", SESSIONS_END),
        ("a full etcd", A_FULL_ETCD),
        ("a restored store", A_RESTORED_STORE),
        ("keys collide", KEYS_COLLIDE),
        ("a queue inside a queue", A_QUEUE_INSIDE_A_QUEUE),
    ];
    for (name, bound) in bounds {
        assert_eq!(check(name, bound), [""; 0], "{name}");
    }
}

#[test]
#[ignore = "takes minutes"]
fn within_larger_bounds_every_promise_is_kept() {
    let bounds = [
        ("sessions that begin late", Bound { has_begun: false, ..FULL_OF_FAULTS }),
        ("sessions end", Bound { expiries: 1, ..FULL_OF_FAULTS }),
        ("a full etcd", Bound { crossings: 1, openings: 0, ..FULL_OF_FAULTS }),
        ("a restored store", Bound { restores: 1, ..FULL_OF_FAULTS }),
        ("all but faults", Bound { faults: 0, ..FULL }),
    ];
    for (name, bound) in bounds {
        assert_eq!(check(name, bound), [""; 0], "{name}");
    }
}

#[test]
#[ignore = "takes an hour of two cores, and some gigabytes"]
fn within_the_full_bound_every_promise_is_kept() {
    assert_eq!(check("full", FULL), [""; 0]);
}

/// Breaks a rule: then this promise is broken, within the bound in which all of them are kept otherwise.
fn breaks(rule: Rule, bound: Bound, wrong: Wrong) {
    let bound = Bound { broken: Some(rule), watched: Wrongs::only(wrong), ..bound };
    assert_eq!(check(&format!("{rule:?} is broken"), bound).len(), 1, "{rule:?}: {wrong:?} is not found");
}

#[test]
fn who_takes_a_full_etcds_word_loses_items_and_reports_as_not_stored_what_is() {
    breaks(Rule::FullIsADoubt, A_FULL_ETCD, Wrong::Lost);
    breaks(Rule::FullIsADoubt, A_FULL_ETCD, Wrong::FalseRefusal);
}

#[test]
fn who_guards_by_a_slot_that_was_never_written_stores_twice_and_loses_after_a_close() {
    breaks(Rule::NoGuardIsZero, LOST_AND_HELD, Wrong::HandedOutTwice);
    breaks(Rule::NoGuardIsZero, LOST_AND_HELD, Wrong::Lost);
    breaks(Rule::NoGuardIsZero, LOST_AND_HELD, Wrong::ChangedAfterClose);
}

#[test]
fn who_puts_back_what_is_presumed_stores_it_twice() {
    breaks(Rule::PresumedIsNotPutBack, LOST_AND_HELD, Wrong::StoredTwice);
}

#[test]
fn who_keeps_records_under_a_name_that_overlaps_deletes_anothers() {
    breaks(Rule::RecordsDoNotOverlap, A_QUEUE_INSIDE_A_QUEUE, Wrong::TouchedAnothers);
}

#[test]
fn who_takes_an_absent_slot_for_a_void_one_loses_items() {
    breaks(Rule::AbsentIsNotVoid, SESSIONS_END, Wrong::Lost);
}

#[test]
fn who_names_sessions_by_what_a_restored_store_repeats_loses_and_doubles_items() {
    breaks(Rule::IdsCarryANonce, A_RESTORED_STORE, Wrong::Lost);
    breaks(Rule::IdsCarryANonce, A_RESTORED_STORE, Wrong::HandedOutTwice);
}
