//! How many runs go on at once.

use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

/// A limit on the runs that go on at once, whoever starts them.
#[derive(Debug)]
pub struct Crew {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place in the crew; dropping it frees the place.
#[derive(Debug)]
pub struct Place<'a> {
    crew: &'a Crew,
}

impl Crew {
    /// Real runs mostly wait: this many at once keep two cores busy enough, and late steps rare.
    pub const REAL_RUNS: usize = 16;

    /// A crew with this many places.
    pub const fn of(places: usize) -> Self {
        Self { free: Mutex::new(places), freed: Condvar::new() }
    }

    /// The crew of all runs in real time.
    pub fn real() -> &'static Self {
        static CREW: Crew = Crew::of(Crew::REAL_RUNS);
        &CREW
    }

    /// The crew of all runs in virtual time, which keep a core busy each.
    pub fn virtual_time() -> &'static Self {
        static CREW: OnceLock<Crew> = OnceLock::new();
        CREW.get_or_init(|| Self::of(std::thread::available_parallelism().map_or(1, usize::from)))
    }

    /// Waits for a free place; blocks the thread.
    pub fn join(&self) -> Place<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place { crew: self }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.crew.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.crew.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    #[test]
    fn a_place_is_had_again_only_when_somebody_leaves() {
        let crew = Crew::of(1);
        let first = crew.join();
        let (told, tells) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _second = crew.join();
                let _ = told.send("second");
            });
            assert!(tells.try_recv().is_err());
            drop(first);
            assert_eq!(tells.recv(), Ok("second"));
        });
    }
}
