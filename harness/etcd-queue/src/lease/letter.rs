//! Dead letters, `d/<item>`: a line of what is known, then the item's value as it was.
//!
//! An item so large that it can't be moved stays where it lies. Its letter begins with `@` and the item's revision and
//! is without the value, and its record says that it is never handed out.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use etcd_client::{GetOptions, KeyValue};
use tokio::time::Instant;

use crate::access::{Access, Setback};
use crate::cache::Key;
use crate::clock::Clock;
use crate::error::{Error, Operation};
use crate::key::Sequence;
use crate::lease::claim::Grave;
use crate::lease::record::Record;
use crate::listing::{self, Read};
use crate::pace::{Pace, pause};
use crate::protocol::txn::{Answer, Compare, Op, Txn};

pub(crate) fn encode(
    grave: Grave,
    item: i64,
    attempts: u32,
    unix_ms: u64,
    why: &str,
    value: &[u8],
) -> Vec<u8> {
    let place = match grave {
        Grave::Apart => String::new(),
        Grave::InPlace => format!("@{item} "),
    };
    [format!("{place}{attempts} {unix_ms} {}\n", why.replace('\n', " ")).as_bytes(), value].concat()
}

/// An item that was put aside because it was handed out too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    key: Vec<u8>,
    record: Vec<u8>,
    revision: i64,
    in_place: Option<i64>,
    attempts: u32,
    unix_ms: u64,
    why: String,
    value: Vec<u8>,
}

impl DeadLetter {
    /// What was enqueued.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The key that the item was stored under.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Whether the item is still stored under its key: it is so large that etcd takes no request that moves it. A
    /// [`LeaseQueue`](crate::LeaseQueue) hands it out no more, and counts it as stored. A consumer that looks at no
    /// claims may take it.
    pub fn is_in_place(&self) -> bool {
        self.in_place.is_some()
    }

    /// How often it was handed out.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// When it was put aside: unix milliseconds by the clock of whoever did.
    pub fn unix_ms(&self) -> u64 {
        self.unix_ms
    }

    /// How its last delivery ended.
    pub fn why(&self) -> &str {
        &self.why
    }

    fn read(access: &Access, kv: &KeyValue) -> Option<Self> {
        let name = access.prefix().record(kv.key())?.strip_prefix(b"d/")?;
        let (mut head, value) = split(kv.value());
        let mut in_place = None;
        if let Some(placed) = head.strip_prefix('@') {
            let (item, rest) = placed.split_once(' ')?;
            (in_place, head) = (Some(item.parse().ok()?), rest);
        }
        let mut head = head.splitn(3, ' ');
        Some(Self {
            key: access.prefix().item(name),
            record: kv.key().to_vec(),
            revision: kv.mod_revision(),
            in_place,
            attempts: head.next()?.parse().ok()?,
            unix_ms: head.next()?.parse().ok()?,
            why: head.next()?.to_owned(),
            value: value.to_vec(),
        })
    }

    /// What has to hold for it to be moved: it is there, and so is its item if that is what it lies with.
    fn is_there(&self) -> Vec<Compare> {
        let letter = Compare::ModRevision(self.record.as_slice().into(), self.revision);
        let item = self.in_place.map(|item| Compare::ModRevision(self.key.as_slice().into(), item));
        std::iter::once(letter).chain(item).collect()
    }
}

fn split(stored: &[u8]) -> (&str, &[u8]) {
    let mut halves = stored.splitn(2, |&byte| byte == b'\n');
    let (head, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    (std::str::from_utf8(head).unwrap_or_default(), value)
}

/// The dead letters of one queue; made by [`LeaseQueue::dead_letters`](crate::LeaseQueue::dead_letters).
///
/// What it does waits as long as etcd is away, and may be dropped at any time: a letter is then moved or not.
#[derive(Clone)]
pub struct DeadLetters {
    access: Access,
    clock: Arc<dyn Clock>,
    sequence: Arc<Mutex<Sequence>>,
    pace: Arc<Mutex<Pace>>,
}

impl DeadLetters {
    pub(crate) fn new(access: Access, clock: Arc<dyn Clock>, pace: Pace) -> Self {
        let pace = Arc::new(Mutex::new(pace));
        Self { access: access.to_records(), clock, sequence: Arc::default(), pace }
    }

    /// The letters whose items were enqueued first, at most `most` of them. To get at those behind, requeue or
    /// purge these.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`], [`Error::LoginRefused`], [`Error::Refused`].
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn list(&self, most: usize) -> Result<Vec<DeadLetter>, Error> {
        let layout = self.access.prefix().layout();
        let (from, to) = (layout.key("d/").to_vec(), layout.key("d0").to_vec());
        // To etcd a limit of 0 is none.
        let limit = i64::try_from(most.max(1)).unwrap_or(i64::MAX);
        let first = GetOptions::new().with_range(to).with_limit(limit);
        let found = self
            .persist(|| {
                self.access.ask(Operation::DeadLetters, |mut kv| {
                    let (from, first) = (from.clone(), first.clone());
                    async move { kv.get(from, Some(first)).await }
                })
            })
            .await?;
        let letters = found.kvs().iter().filter_map(|kv| DeadLetter::read(&self.access, kv));
        self.with_values(letters.take(most).collect()).await
    }

    /// Reads the values of those that lie where their items do. Those whose items have gone are none any more.
    async fn with_values(&self, mut letters: Vec<DeadLetter>) -> Result<Vec<DeadLetter>, Error> {
        let in_place = letters.iter().filter(|letter| letter.is_in_place());
        let keys: Vec<Key> = in_place.map(|letter| letter.key.as_slice().into()).collect();
        if keys.is_empty() {
            return Ok(letters);
        }
        let mut reads = self.persist(|| listing::read(&self.access, keys.clone())).await?.into_iter();
        let mut gone = Vec::new();
        letters.retain_mut(|letter| match (letter.in_place, letter.in_place.and_then(|_| reads.next())) {
            (Some(item), Some(Read::Stored { revision, value, .. })) if revision == item => {
                letter.value = value;
                true
            }
            // That it is there can be told, and what it is can't.
            (Some(_), Some(Read::TooLarge { .. }) | None) | (None, _) => true,
            (Some(_), Some(Read::Stored { .. } | Read::Gone { .. })) => {
                gone.push(letter.clone());
                false
            }
        });
        for letter in gone {
            self.forget(&letter).await?;
        }
        Ok(letters)
    }

    /// Deletes the letter alone.
    async fn forget(&self, letter: &DeadLetter) -> Result<(), Error> {
        let record: Key = letter.record.as_slice().into();
        let is_there = Compare::ModRevision(record.clone(), letter.revision);
        self.send(&Txn::new(vec![is_there], vec![Op::Delete(record)], vec![])).await.map(drop)
    }

    /// Stores a letter's item again, at the end of the line, as one that was never handed out; one that
    /// [lies in its place](DeadLetter::is_in_place) keeps that. Does nothing if somebody else has moved the letter
    /// before.
    ///
    /// # Errors
    /// As [`list`](DeadLetters::list); also [`Error::NoSpace`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the letter moved or not moved, never half.
    pub async fn requeue(&self, letter: &DeadLetter) -> Result<(), Error> {
        let (mut key, record): (Key, Key) = (letter.key.as_slice().into(), letter.record.as_slice().into());
        loop {
            let look = vec![Op::Look(record.clone())];
            let txn = match letter.in_place {
                None => {
                    let when = letter.is_there().into_iter().chain([Compare::Absent(key.clone())]).collect();
                    let put = Op::put(&key, letter.value.clone(), None);
                    Txn::new(when, vec![put, Op::Delete(record.clone())], look.clone())
                }
                // While an item is there its record is never deleted, see the head of `lease`.
                Some(item) => {
                    let nonce = u64::try_from(letter.revision).unwrap_or(0);
                    let anew = Record { item, nonce, ..Record::default() };
                    let put = Op::put(&self.access.prefix().about('c', &key), anew.encode(), None);
                    Txn::new(letter.is_there(), vec![put, Op::Delete(record.clone())], look.clone())
                }
            };
            let answer = match self.send(&txn).await {
                // etcd may have carried it out before it said so, and nothing is under way now.
                Err(full @ Error::NoSpace { .. }) => {
                    let found = self.send(&Txn::reading(look)).await?;
                    let is_there =
                        found.reads().flatten().any(|stored| stored.mod_revision == letter.revision);
                    return if is_there { Err(full) } else { Ok(()) };
                }
                answer => answer?,
            };
            let mut found = answer.reads().flatten();
            if answer.succeeded || !found.any(|stored| stored.mod_revision == letter.revision) {
                return Ok(());
            }
            if letter.is_in_place() {
                // Its item is gone.
                return self.forget(letter).await;
            }
            // Its own key is in use again. One after another is tried, and with a rest: keys may be many.
            let unix_ns =
                self.sequence.lock().unwrap_or_else(PoisonError::into_inner).next(self.clock.unix_ns());
            key = self.access.prefix().key(unix_ns).into_bytes().into();
            self.with_pace(Pace::setback);
        }
    }

    /// Deletes a letter, and its item where that [lies in its place](DeadLetter::is_in_place). Does nothing if
    /// somebody else has moved it before.
    ///
    /// # Errors
    /// As [`list`](DeadLetters::list).
    ///
    /// # Cancel safety
    /// Dropping the future leaves the letter deleted or not.
    pub async fn purge(&self, letter: &DeadLetter) -> Result<(), Error> {
        let (key, record): (Key, Key) = (letter.key.as_slice().into(), letter.record.as_slice().into());
        let mut deletes = vec![Op::Delete(record)];
        if letter.is_in_place() {
            deletes.extend([Op::Delete(self.access.prefix().about('c', &key)), Op::Delete(key)]);
        }
        let answer = self.send(&Txn::new(letter.is_there(), deletes, vec![])).await?;
        if letter.is_in_place() && !answer.succeeded {
            return self.forget(letter).await;
        }
        Ok(())
    }

    async fn send(&self, txn: &Txn) -> Result<Answer, Error> {
        self.persist(|| self.access.transact(Operation::DeadLetters, txn)).await
    }

    /// Asks until there is an answer. What is asked here is carried out once at most, and may be sent twice.
    async fn persist<T, Asked>(&self, ask: impl Fn() -> Asked) -> Result<T, Error>
    where
        Asked: Future<Output = Result<T, Setback>>,
    {
        loop {
            pause(self.with_pace(|pace, now| pace.rest(now))).await;
            let setback = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(setback) => setback,
            };
            let rest = self.with_pace(Pace::setback);
            match setback {
                Setback::Final(error) | Setback::Full(error) => return Err(error),
                Setback::Unsent(reason) | Setback::Lost(reason) => {
                    tracing::warn!(range = self.access.range(), reason, ?rest, "asking again");
                }
            }
        }
    }

    fn with_pace(&self, f: impl FnOnce(&mut Pace, Instant) -> Duration) -> Duration {
        f(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner), Instant::now())
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters").field("range", &self.access.range()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_keeps_the_value_byte_for_byte_behind_its_first_line() {
        let stored = encode(Grave::Apart, 5, 3, 1_700, "given\nback", b"\n\xff\nvalue");
        assert_eq!(split(&stored), ("3 1700 given back", b"\n\xff\nvalue".as_slice()));
        assert_eq!(encode(Grave::InPlace, 5, 3, 1_700, "given back", b""), b"@5 3 1700 given back\n");
        assert_eq!(split(b"no letter"), ("no letter", b"".as_slice()));
    }
}
