//! Time, as far as the member needs any: token sweeps, lease ends, watches that catch up.
//!
//! The core never sleeps and never asks a clock; it says when it next has something to do
//! ([`crate::member::Member::due`]) and is told when that time has come ([`crate::member::Member::advance`]). The one
//! task that waits is [`keep`]. Its clock is tokio's, so paused time works as real time does. What etcd does in rounds
//! has a [`Beat`], whose phase the [`Seed`] settles; how long a request takes is its [`Pace`].

mod beat;
mod keeper;
mod pace;
mod round;
mod seed;
mod standstill;

pub use beat::Beat;
pub use keeper::keep;
pub use pace::Pace;
pub use round::{Phases, Round};
pub use seed::{Choice, Draws, Seed};
pub(crate) use standstill::Standstill;
