//! Time, as far as the member needs any: token sweeps, lease ends, watches that catch up.
//!
//! The core never sleeps and never asks a clock; it says when it next has something to do
//! ([`crate::member::Member::due`]) and is told when that time has come ([`crate::member::Member::advance`]). The one
//! task that waits belongs here. Its clock is tokio's, so paused time works as real time does.

mod keeper;
