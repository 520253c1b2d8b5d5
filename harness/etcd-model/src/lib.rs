//! An etcd that lives in memory and speaks etcd's own protocol, so that an unmodified client cannot tell.
//!
//! It is one member, alone in its cluster, and behaves as one exact [`release`] of etcd, known faults included. It
//! runs on a port in real time, or over pipes in memory in tokio's paused time, where a story of minutes takes
//! milliseconds and comes out the same each time.
//!
//! # The rooms
//!
//! | room | what belongs there | joints with the others |
//! |---|---|---|
//! | [`proto`] | the messages and services, generated from `proto/etcd.proto` | everybody's vocabulary; keys and values are `Bytes` |
//! | [`refusal`] | every way to say no: code and exact text | core functions return `Result<_, Refusal>` |
//! | [`release`] | versions as data: `Fact`s with their source | `settings.release.holds(Fact::…)`; nobody compares version numbers |
//! | [`mvcc`] | revisions, history, ranges, transactions, compaction | `Store`: writes return `Applied` for the watches; `changes`, `before`, `compacted` for replays; `lease_keys`, `delete_keys` for leases |
//! | [`lease`] | which leases there are, and when each ends | `Lessor::exists` asked by puts; `Lessor::due`; ended ids go to `Member::delete_keys_of` |
//! | [`auth`] | users, roles, permissions, tokens | `Authority::identify(credential, now)` then `Authority::permit(caller, key, range_end, access)` |
//! | [`watch`] | the watches and what they are owed | `Hub::applied(&Applied, &Store)` after each revision; `Hub::due` |
//! | [`member`] | the four above behind one lock, and the room that they take; the calls, each a function of state, request and time | `Handle::with`; `Member::header`; one file a service (`member/kv.rs`, `member/lease.rs`, `member/auth.rs`, `member/watch.rs`, `member/maintenance.rs`) with `impl Member` |
//! | [`time`] | the one task that waits | `Member::due`, `Member::advance(now)`, `Handle::stirred` |
//! | [`service`] | gRPC in, gRPC out; decides nothing | one file a service; streams wait here, outside of the lock |
//! | [`server`] | serving all services on a port or over pipes | `routes(&Handle)` |
//!
//! `Member` (`member/state.rs`) is the hub of all joints: who needs to know of a revision, an ended lease or a due time
//! hears it there. Everything below `service` is synchronous and deterministic, takes the time as an argument and asks no clock.

pub mod auth;
pub mod lease;
pub mod member;
pub mod mvcc;
pub mod proto;
pub mod refusal;
pub mod release;
pub mod server;
pub mod service;
pub mod time;
pub mod watch;

/// The examples of the README, compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
