//! What the queue promises, and what has been told to its callers so far.

use super::etcd::Etcd;
use super::side::{Side, Taken, Value, Work};
use crate::protocol::claim::Fate;

/// A promise that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Wrong {
    /// It was stored, as its producer was told; it is not any more, and nobody was given it or will be.
    Lost,
    /// Two were told that it is theirs, or one was while it is still stored.
    HandedOutTwice,
    StoredTwice,
    /// The producer was told that it was stored, which it never was.
    FalseSuccess,
    /// The producer was told that it was not stored, and it was.
    FalseRefusal,
    /// An item was put back that may never have left.
    PresumedPutBack,
    /// A request that arrived after its queue had been closed changed something.
    ChangedAfterClose,
    /// A queue changed what is another's.
    TouchedAnothers,
}

/// Some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wrongs(u16);

impl Wrong {
    pub(crate) const ALL: [Self; 8] = [
        Self::Lost,
        Self::HandedOutTwice,
        Self::StoredTwice,
        Self::FalseSuccess,
        Self::FalseRefusal,
        Self::PresumedPutBack,
        Self::ChangedAfterClose,
        Self::TouchedAnothers,
    ];
}

impl Wrongs {
    pub(crate) const ALL: Self = Self(u16::MAX);

    pub(crate) const fn only(wrong: Wrong) -> Self {
        Self(1 << wrong as u16)
    }

    pub(crate) fn insert(&mut self, wrong: Wrong) {
        self.0 |= Self::only(wrong).0;
    }

    pub(crate) fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    pub(crate) fn has(self, wrong: Wrong) -> bool {
        self.and(Self::only(wrong)) != Self::default()
    }
}

/// One item, as it was told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct History {
    /// The enqueue has returned success.
    pub(crate) is_enqueued: bool,
    /// The enqueue has returned that nothing was stored.
    pub(crate) is_refused: bool,
    /// It was stored once.
    pub(crate) was_stored: bool,
    /// To how many it was given for certain, by queues that are closed.
    pub(crate) confirmed: u8,
    /// It was given to somebody with a mark that others may have it.
    pub(crate) is_presumed: bool,
    /// Its enqueue was under way or over when the store was restored: nothing is promised any more.
    pub(crate) is_excused: bool,
}

/// What callers were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Told {
    pub(crate) histories: Vec<History>,
    pub(crate) wrongs: Wrongs,
}

impl Told {
    fn history(&mut self, value: Value) -> &mut History {
        &mut self.histories[usize::from(value)]
    }

    pub(crate) fn enqueued(&mut self, value: Value) {
        let history = self.history(value);
        if history.is_excused {
            return;
        }
        history.is_enqueued = true;
        if !history.was_stored {
            self.wrongs.insert(Wrong::FalseSuccess);
        }
    }

    pub(crate) fn refused(&mut self, value: Value) {
        let history = self.history(value);
        history.is_refused = !history.is_excused;
    }

    /// The store is restored.
    pub(crate) fn excuse(&mut self) {
        let excused = History { is_excused: true, ..History::default() };
        self.histories.iter_mut().for_each(|history| *history = excused);
    }

    /// The enqueue has returned that nobody knows.
    pub(crate) fn unsettled(&mut self, _: Value) {}

    pub(crate) fn left_over(&mut self, item: &Taken, fate: Fate) {
        let history = self.history(item.value);
        match fate {
            _ if history.is_excused => {}
            Fate::Ours => history.confirmed += 1,
            Fate::Presumed | Fate::Left | Fate::Lost => history.is_presumed = true,
        }
    }

    pub(crate) fn puts_back(&mut self, item: &Taken) {
        if item.fate != Fate::Ours {
            self.wrongs.insert(Wrong::PresumedPutBack);
        }
    }

    /// Notes what is stored, after each change.
    pub(crate) fn sees(&mut self, etcd: &Etcd) {
        for value in items(etcd) {
            let history = self.history(value);
            history.was_stored = !history.is_excused;
        }
    }

    /// All promises that do not hold.
    pub(crate) fn broken(&self, etcd: &Etcd, sides: &[Side]) -> Wrongs {
        let mut wrongs = self.wrongs;
        let stored: Vec<Value> = items(etcd).collect();
        for (value, history) in self.histories.iter().enumerate().filter(|(_, history)| !history.is_excused) {
            let value = Value::try_from(value).unwrap();
            let copies = stored.iter().filter(|stored| **stored == value).count();
            let taken = |fate| {
                let taken = sides.iter().flat_map(|side| &side.taken);
                taken.filter(|taken| taken.value == value && taken.fate == fate).count()
            };
            let confirmed = usize::from(history.confirmed) + taken(Fate::Ours);
            let presumed = usize::from(history.is_presumed) + taken(Fate::Presumed);
            if copies > 1 {
                wrongs.insert(Wrong::StoredTwice);
            }
            if confirmed > 1 || (confirmed == 1 && copies > 0) {
                wrongs.insert(Wrong::HandedOutTwice);
            }
            if history.is_refused && history.was_stored {
                wrongs.insert(Wrong::FalseRefusal);
            }
            let is_held = sides.iter().flat_map(|side| side.jobs.iter().chain(&side.unsettled)).any(|job| {
                match &job.work {
                    Work::Claim { values, .. } => values.contains(&value),
                    Work::PutBack { item, .. } => item.value == value,
                    Work::Open(_) | Work::Enqueue { .. } => false,
                }
            });
            if history.is_enqueued && copies + confirmed + presumed == 0 && !is_held {
                wrongs.insert(Wrong::Lost);
            }
        }
        wrongs
    }
}

/// The values of all items that are stored.
fn items(etcd: &Etcd) -> impl Iterator<Item = Value> {
    let items = etcd.keys.iter().filter(|(key, _)| key.starts_with(b"/"));
    items.filter_map(|(_, record)| record.value.first().copied())
}
