//! Dead letters, `d/<item>`: a line of what is known, then the item's value as it was.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use etcd_client::{GetOptions, KeyValue};
use tokio::time::Instant;

use crate::access::{Access, Setback};
use crate::cache::Key;
use crate::clock::Clock;
use crate::error::{Error, Operation};
use crate::pace::{Pace, pause};
use crate::protocol::txn::{Answer, Compare, Op, Txn};

pub(crate) fn encode(attempts: u32, unix_ms: u64, why: &str, value: &[u8]) -> Vec<u8> {
    [format!("{attempts} {unix_ms} {}\n", why.replace('\n', " ")).as_bytes(), value].concat()
}

/// An item that was put aside because it was handed out too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    key: Vec<u8>,
    record: Vec<u8>,
    revision: i64,
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
        let (head, value) = split(kv.value());
        let mut head = head.splitn(3, ' ');
        Some(Self {
            key: access.prefix().item(name),
            record: kv.key().to_vec(),
            revision: kv.mod_revision(),
            attempts: head.next()?.parse().ok()?,
            unix_ms: head.next()?.parse().ok()?,
            why: head.next()?.to_owned(),
            value: value.to_vec(),
        })
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
    pace: Arc<Mutex<Pace>>,
}

impl DeadLetters {
    pub(crate) fn new(access: Access, clock: Arc<dyn Clock>, pace: Pace) -> Self {
        Self { access: access.to_records(), clock, pace: Arc::new(Mutex::new(pace)) }
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
        Ok(letters.take(most).collect())
    }

    /// Stores a letter's item again, at the end of the line, as one that was never handed out. Does nothing
    /// if somebody else has moved the letter before.
    ///
    /// # Errors
    /// As [`list`](DeadLetters::list); also [`Error::NoSpace`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the letter moved or not moved, never half.
    pub async fn requeue(&self, letter: &DeadLetter) -> Result<(), Error> {
        let mut key: Key = letter.key.as_slice().into();
        let record: Key = letter.record.as_slice().into();
        loop {
            let txn = Txn::new(
                vec![is_there(letter), Compare::Absent(key.clone())],
                vec![Op::put(&key, letter.value.clone(), None), Op::Delete(record.clone())],
                vec![Op::Look(record.clone())],
            );
            let answer = self.send(&txn).await?;
            let mut found = answer.reads().flatten();
            if answer.succeeded || !found.any(|stored| stored.mod_revision == letter.revision) {
                return Ok(());
            }
            // Its own key is in use again.
            key = self.access.prefix().key(self.clock.unix_ns()).into_bytes().into();
        }
    }

    /// Deletes a letter. Does nothing if somebody else has moved it before.
    ///
    /// # Errors
    /// As [`list`](DeadLetters::list).
    ///
    /// # Cancel safety
    /// Dropping the future leaves the letter deleted or not.
    pub async fn purge(&self, letter: &DeadLetter) -> Result<(), Error> {
        let delete = Op::Delete(letter.record.as_slice().into());
        self.send(&Txn::new(vec![is_there(letter)], vec![delete], vec![])).await.map(drop)
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

fn is_there(letter: &DeadLetter) -> Compare {
    Compare::ModRevision(letter.record.as_slice().into(), letter.revision)
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
        let stored = encode(3, 1_700, "given\nback", b"\n\xff\nvalue");
        assert_eq!(split(&stored), ("3 1700 given back", b"\n\xff\nvalue".as_slice()));
        assert_eq!(split(b"no letter"), ("no letter", b"".as_slice()));
    }
}
