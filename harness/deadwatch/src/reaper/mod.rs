//! What must not be left behind: processes, folders and containers, however the run ends.
//!
//! A [`Keeper`] starts programs and has a folder for them; whatever else outlives this process is [kept](keep) here.
//! Dropping either clears it away, on every ordinary way out and on a panic. For the ways out that run no destructor:
//!
//! - **A signal:** after [`on_signals`] all that is kept is cleared away before the process ends.
//! - **SIGKILL, a crash, an abort:** the program `deadwatch` starts everything under a [`supervisor`], which outlives it
//!   for just as long as it takes to kill what it has started, descendants in sessions of their own included, and to
//!   remove the folder. That is so at once, and on Linux only: elsewhere a supervisor reaches process groups.
//! - **Containers** are the Docker daemon's. They carry their owner's process id and start time, and the next run that
//!   uses Docker, or `deadwatch doctor`, removes those of dead owners ([`clear_dead`]).
//!
//! A program that uses this library without the program `deadwatch` has no supervisor, unless it names one
//! ([`supervise_with`]). When it is killed, its etcds go on, with their folders in the system's folder for temporary
//! files, until the next that uses the library there, or `deadwatch doctor`, finds that their owner is dead: on Linux
//! processes by their environment, which descendants inherit, elsewhere folders only. A program under test meets the
//! end of its input at once and should end by itself.

mod clear;
mod containers;
mod dead;
mod keeper;
mod owner;
mod registry;
mod signals;
pub mod supervisor;

pub use clear::left;
#[cfg(feature = "docker")]
pub(crate) use containers::{clear_dead_once as clear_dead_containers_once, labels};
pub use dead::{Cleared, clear_dead};
pub(crate) use keeper::supervise_with_this;
pub use keeper::{Hold, Keeper, supervise_with};
pub use owner::{Life, NoOwner, Owner};
pub use registry::{Kept, Leftover, keep, keep_made, yield_to_signal};
pub use signals::on_signals;
pub use supervisor::Streams;

#[cfg(test)]
mod tests;
