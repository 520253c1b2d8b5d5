//! Containers, which are the Docker daemon's: removed by name, and those of the dead by their labels.

#[cfg(feature = "docker")]
mod docker;
#[cfg(feature = "docker")]
pub(super) use docker::{clear_dead, remove};
#[cfg(feature = "docker")]
pub(crate) use docker::{clear_dead_once, labels};

#[cfg(not(feature = "docker"))]
mod none {
    use crate::reaper::{clear::Expecting, dead::Cleared};

    /// Without Docker support no container is ever created.
    pub(in crate::reaper) fn remove(_names: &[String], _expecting: Expecting) {}

    /// Without Docker support nobody asks a daemon.
    pub(in crate::reaper) fn clear_dead(_cleared: &mut Cleared) {}
}
#[cfg(not(feature = "docker"))]
pub(super) use none::{clear_dead, remove};
