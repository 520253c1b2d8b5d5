//! The account of a run: a pure function of the workers' journals and of what the witness has seen.
//!
//! The witness knows what was stored and what still is, the journals know who was handed what. An item that was stored
//! is handed out, or still stored, or in the hands of the dead: named by a claim that a killed worker had sent while its
//! last call was open, and no more of them than that call had asked for. Else it is lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    journal::{Entry, Token},
    settings::{Job, Kind},
    witness::{Key, Seen},
};

/// One process that worked.
#[derive(Clone, Debug)]
pub struct Lived {
    /// Its name.
    pub name: String,
    /// On which queue.
    pub kind: Kind,
    /// What it did.
    pub job: Job,
    /// What it wrote down.
    pub entries: Vec<Entry>,
    /// How it ended.
    pub ended: Ended,
    /// The keys that its transactions named; known of those that were killed.
    pub named: BTreeSet<Key>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It closed its queue.
    Closed,
    /// It was killed with -9.
    Killed,
    /// It did not close its queue when it was told to, or died of itself.
    Badly(String),
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Items that were stored, by the witness.
    pub items: usize,
    /// Items that were handed out; on a `LeaseQueue`, acknowledged.
    pub handed_out: usize,
    /// Items in the hands of the dead.
    pub in_dead_hands: usize,
    /// Items that closed queues could not put back, and named.
    pub left_over: usize,
    /// Items that were handed out as perhaps somebody else's.
    pub presumed: usize,
    /// Items that closed queues named as perhaps in their caller's hands, perhaps stored, perhaps somebody else's.
    pub doubtful: usize,
    /// Those of both that were in somebody's hands for certain, too.
    pub presumed_elsewhere: usize,
    /// Acknowledgements of which nobody knows whether they were carried out, killed workers' included.
    pub unsure: usize,
    /// Deliveries beyond each item's first.
    pub redelivered: usize,
    /// Enqueues that were refused for good.
    pub refused: usize,
    /// What is wrong.
    pub wrong: Vec<Wrong>,
    /// Errors that calls ended in, and how often.
    pub errors: BTreeMap<String, usize>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// An item that was stored, or said to be, was handed to nobody and is not stored.
    Lost(String, String),
    /// An item was stored or handed out twice, or again after it was acknowledged.
    Doubled(String, String),
    /// An item is stored when all is over, and nobody gets it.
    Stuck(String),
    /// A producer was told that an item is not stored, and it was.
    StoredThoughRefused(String, String),
    /// A worker did not end as it was told to.
    Ended(String, String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(id, how) => write!(f, "{id} is lost: {how}"),
            Self::Doubled(id, how) => write!(f, "{id} is doubled: {how}"),
            Self::Stuck(id) => write!(f, "{id} is stuck: it is stored, and nobody gets it"),
            Self::StoredThoughRefused(id, why) => write!(f, "{id} is stored though it was refused: {why}"),
            Self::Ended(who, how) => write!(f, "{who} {how}"),
        }
    }
}

impl Account {
    /// Adds up a run's workers and what the witness has seen of each queue.
    pub fn of(lives: &[Lived], seen: &BTreeMap<Kind, Seen>) -> Self {
        let mut account = Self::default();
        for kind in [Kind::Taken, Kind::Leased] {
            let lives: Vec<_> = lives.iter().filter(|life| life.kind == kind).collect();
            let nothing = Seen::default();
            let store = Store::of(seen.get(&kind).unwrap_or(&nothing));
            account.items += store.keys.len();
            account.take_in_producers(&lives, &store);
            match kind {
                Kind::Taken => account.take_in_taken(&lives, &store),
                Kind::Leased => account.take_in_leased(&lives, &store),
            }
            account.wrong.extend(store.stored.iter().map(|id| Wrong::Stuck((*id).to_owned())));
        }
        for life in lives {
            if let Ended::Badly(how) = &life.ended {
                account.wrong.push(Wrong::Ended(life.name.clone(), how.clone()));
            }
            for entry in &life.entries {
                if let Entry::Failed(error) = entry {
                    *account.errors.entry(error.clone()).or_default() += 1;
                }
            }
        }
        account
    }

    /// How many things of one kind are wrong.
    pub fn count(&self, is: fn(&Wrong) -> bool) -> usize {
        self.wrong.iter().filter(|wrong| is(wrong)).count()
    }

    fn take_in_producers(&mut self, lives: &[&Lived], store: &Store<'_>) {
        for entry in lives.iter().filter(|life| life.job == Job::Produce).flat_map(|life| &life.entries) {
            match entry {
                Entry::Stored(ids) => {
                    let missing = ids.iter().filter(|id| !store.keys.contains_key(id.as_str()));
                    let lost = missing
                        .map(|id| Wrong::Lost(id.clone(), "said to be stored, and never was".to_owned()));
                    self.wrong.extend(lost);
                }
                Entry::Refused(id, why) => {
                    self.refused += 1;
                    if store.keys.contains_key(id.as_str()) {
                        self.wrong.push(Wrong::StoredThoughRefused(id.clone(), why.clone()));
                    }
                }
                _ => {}
            }
        }
        let twice = store
            .stored_twice
            .iter()
            .map(|id| Wrong::Doubled(id.clone(), "it was stored once more while it was stored".to_owned()));
        self.wrong.extend(twice);
    }

    fn take_in_taken(&mut self, lives: &[&Lived], store: &Store<'_>) {
        let mut hands: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        // What nobody promises to be in one hand only.
        let mut presumed: BTreeSet<&str> = BTreeSet::new();
        for life in lives {
            for entry in &life.entries {
                match entry {
                    Entry::Got(ids) => {
                        ids.iter().for_each(|id| hands.entry(id).or_default().push(&life.name));
                    }
                    Entry::Left(id) => {
                        self.left_over += 1;
                        hands.entry(id).or_default().push(&life.name);
                    }
                    Entry::Presumed(id) => {
                        self.presumed += 1;
                        presumed.insert(id);
                    }
                    Entry::Doubtful(id) => {
                        self.doubtful += 1;
                        presumed.insert(id);
                    }
                    _ => {}
                }
            }
        }
        self.handed_out += hands.len() + presumed.iter().filter(|id| !hands.contains_key(*id)).count();
        self.presumed_elsewhere += presumed.iter().filter(|id| hands.contains_key(*id)).count();
        for (id, who) in hands.iter().filter(|(_, who)| who.len() > 1) {
            self.wrong.push(Wrong::Doubled((*id).to_owned(), format!("it was handed to {}", who.join(", "))));
        }
        let mut dead: Vec<(&Lived, usize)> = lives.iter().filter_map(|life| may_hold(life)).collect();
        let is_known =
            |id: &str| hands.contains_key(id) || presumed.contains(id) || store.stored.contains(id);
        let missing = store.keys.iter().filter(|(id, _)| !is_known(id));
        for (id, keys) in missing {
            let holder = dead
                .iter_mut()
                .find(|(life, most)| *most > 0 && keys.iter().any(|key| life.named.contains(*key)));
            match holder {
                Some((_, most)) => {
                    *most -= 1;
                    self.in_dead_hands += 1;
                }
                None => self.wrong.push(Wrong::Lost(
                    (*id).to_owned(),
                    "handed to nobody, and not stored any more".to_owned(),
                )),
            }
        }
    }

    fn take_in_leased(&mut self, lives: &[&Lived], store: &Store<'_>) {
        let mut items: BTreeMap<&str, Deliveries> = BTreeMap::new();
        for (name, entry) in
            lives.iter().flat_map(|life| life.entries.iter().map(|entry| (&life.name, entry)))
        {
            match entry {
                Entry::Held(id, token) => {
                    let item = items.entry(id).or_default();
                    item.held.push(*token);
                    item.story.push(format!("{name} held it at {token}"));
                }
                Entry::Acking(id, token) => drop(items.entry(id).or_default().open.insert(*token)),
                Entry::Acked(id, token) => {
                    let item = items.entry(id).or_default();
                    item.open.remove(token);
                    item.acked.push(*token);
                }
                Entry::Unacked(id, token, why) => {
                    let item = items.entry(id).or_default();
                    item.open.remove(token);
                    item.story.push(format!("at {token} its acknowledgement was refused: {why}"));
                }
                _ => {}
            }
        }
        for (id, item) in &items {
            self.unsure += item.open.len();
            self.redelivered += item.held.len().saturating_sub(1);
            let last = item.held.iter().max();
            match item.acked[..] {
                [] => {}
                [token] if last.is_none_or(|last| *last <= token) => {}
                [token] => {
                    let how = format!("it was acknowledged at {token}, and handed out again at {last:?}");
                    self.wrong.push(Wrong::Doubled((*id).to_owned(), how));
                }
                ref tokens => {
                    let how = format!("it was acknowledged {} times: {tokens:?}", tokens.len());
                    self.wrong.push(Wrong::Doubled((*id).to_owned(), how));
                }
            }
        }
        for id in store.keys.keys() {
            let item = items.get(id);
            let is_acked = item.is_some_and(|item| !item.acked.is_empty());
            let may_be = item.is_some_and(|item| !item.open.is_empty());
            self.handed_out += usize::from(is_acked);
            if !is_acked && !may_be && !store.stored.contains(id) {
                let story = item.map(|item| item.story.join("; ")).unwrap_or_default();
                let how = format!("acknowledged by nobody, and not stored any more; {story}");
                self.wrong.push(Wrong::Lost((*id).to_owned(), how));
            }
        }
    }
}

/// The deliveries of one item, by their tokens.
#[derive(Default)]
struct Deliveries {
    held: Vec<Token>,
    acked: Vec<Token>,
    /// What became of it, in words.
    story: Vec<String>,
    /// Acknowledgements that were begun, and whose answers nobody has heard.
    open: BTreeSet<Token>,
}

/// What was ever stored in a queue, and what still is.
struct Store<'a> {
    /// The keys of each item that was ever stored.
    keys: BTreeMap<&'a str, BTreeSet<&'a Key>>,
    stored: BTreeSet<&'a str>,
    stored_twice: &'a [String],
}

impl<'a> Store<'a> {
    fn of(seen: &'a Seen) -> Self {
        let mut keys: BTreeMap<&str, BTreeSet<&Key>> = BTreeMap::new();
        for (id, key) in &seen.puts {
            keys.entry(id).or_default().insert(key);
        }
        let stored = seen.stored.values().map(String::as_str).collect();
        Self { keys, stored, stored_twice: &seen.stored_twice }
    }
}

/// A killed consumer, and how many items its last call may have been about to hand out.
fn may_hold(life: &Lived) -> Option<(&Lived, usize)> {
    if life.ended != Ended::Killed || life.job != Job::Consume {
        return None;
    }
    match life.entries.last() {
        Some(Entry::Called(count)) => Some((life, *count)),
        _ => None,
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
