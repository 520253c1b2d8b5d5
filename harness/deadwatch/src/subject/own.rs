//! A queue that is handed in: the subject of whoever uses this crate as a library.

use std::{fmt, sync::Arc};

use super::{
    Running, Subject,
    host::{self, Implementation},
};
use crate::etcd::Time;

/// A queue of one's own, by a name for reports. Two are equal if one is a clone of the other.
#[derive(Clone)]
pub struct Own {
    name: String,
    time: Time,
    start: Arc<dyn Fn() -> Running + Send + Sync>,
}

impl Own {
    /// A queue written in Rust. Each run starts it anew, as if it were a process of its own.
    pub fn queue(name: impl Into<String>, implementation: impl Implementation) -> Self {
        let implementation: Arc<dyn Implementation> = Arc::new(implementation);
        Self::conversation(name, move || host::start(Arc::clone(&implementation)))
    }

    /// Anything that answers what the harness asks; `start` is called once for each run, in the run's own runtime.
    pub fn conversation(
        name: impl Into<String>,
        start: impl Fn() -> Running + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), time: Time::Virtual, start: Arc::new(start) }
    }

    /// The same in the wall's time on every etcd, the embedded one behind a port on loopback: for a queue that connects
    /// by itself, or keeps time other than by tokio.
    #[must_use]
    pub fn in_real_time(self) -> Self {
        Self { time: Time::Real, ..self }
    }

    /// How time may pass for it.
    pub const fn time(&self) -> Time {
        self.time
    }

    /// Starts it.
    ///
    /// # Panics
    /// Outside a tokio runtime, where it is a queue.
    pub(super) fn start(&self) -> Running {
        (self.start)()
    }
}

impl Subject {
    /// A queue written in Rust, by a name for reports: what [`Own::queue`] makes of it.
    ///
    /// Its clients are opened by any function of an [`Opening`](super::Opening); where both etcd and queue live in this
    /// process, their time is virtual.
    pub fn own(name: impl Into<String>, implementation: impl Implementation) -> Self {
        Self::Own(Own::queue(name, implementation))
    }
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.time == other.time && Arc::ptr_eq(&self.start, &other.start)
    }
}

impl Eq for Own {}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").field("name", &self.name).field("time", &self.time).finish_non_exhaustive()
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
