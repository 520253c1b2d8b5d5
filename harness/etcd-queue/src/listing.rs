//! What is stored: the whole range at one revision, page by page, and the values of those next in line.
//!
//! etcd walks the index of the whole rest of a range to count it, however small the page is that was asked
//! for (etcd v3.5.16 server/storage/mvcc/index.go, `Revisions`). The keys are times, so that a long line is
//! listed by slices of time with about a page in each.

use etcd_client::{GetOptions, GetResponse, KeyValue};
use tokio::time::Instant;

use crate::access::{Access, Setback};
use crate::cache::{Cache, Change, KEPT_VALUE_BYTES, Key};
use crate::error::{Error, Operation};
use crate::protocol::txn::{Answer, Op, Txn};

/// Keys alone are small; with their values, a page is about so many bytes.
const PAGE_KEYS: i64 = 10_000;
const PAGE_BYTES: usize = 1024 * 1024;
/// Before anything is known of the values.
const FIRST_PAGE: i64 = 16;
/// Shorter lines are not worth slicing.
const SLICED_FROM: i64 = 20_000;

/// The range as it was at one revision.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) cache: Cache,
    pub(crate) revision: i64,
    /// How many keys lie in the range that are no items of this queue.
    pub(crate) foreign: usize,
}

/// Where the next page begins and ends, and what it brings.
#[derive(Debug)]
struct Page {
    from: Vec<u8>,
    limit: i64,
    content: Content,
    /// The width of a slice of time, ns; none while the line is short or its keys are no times.
    slice_ns: Option<u64>,
    /// How many keys there are from here on.
    left: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Values,
    Keys,
}

/// Lists the range at the revision of its first page. A compaction between two pages is a setback that
/// passes: the next attempt lists at a later revision.
pub(crate) async fn list(access: &Access) -> Result<Listing, Setback> {
    let mut listing = Listing { cache: Cache::default(), revision: 0, foreign: 0 };
    let start = access.prefix().start();
    let mut page =
        Page { from: start, limit: FIRST_PAGE, content: Content::Values, slice_ns: None, left: i64::MAX };
    loop {
        let (end, is_slice) = page.end(access);
        let answer = match get(access, &page, &end, listing.revision).await {
            Err(Setback::Final(Error::TooLarge { .. })) if page.shrink() => continue,
            answer => answer?,
        };
        let Some(header) = answer.header() else {
            return Err(Setback::Unsent("a listing came without its revision".to_owned()));
        };
        if listing.revision == 0 {
            listing.revision = header.revision();
            page.left = answer.count();
        }
        let now = Instant::now();
        for kv in answer.kvs() {
            if access.prefix().owns(kv.key()) {
                listing.cache.apply(put(kv, page.content), now);
            } else {
                listing.foreign += 1;
            }
        }
        page.left = page.left.saturating_sub(i64::try_from(answer.kvs().len()).unwrap_or(i64::MAX));
        if page.left <= 0 || !(answer.more() || is_slice) {
            return Ok(listing);
        }
        page.turn(access, &answer, end, listing.cache.has_room_for_values());
    }
}

fn put(kv: &KeyValue, content: Content) -> Change {
    let value = (content == Content::Values).then(|| kv.value().to_vec());
    Change::Put { key: kv.key().into(), revision: kv.mod_revision(), value }
}

async fn get(access: &Access, page: &Page, end: &[u8], revision: i64) -> Result<GetResponse, Setback> {
    let mut options =
        GetOptions::new().with_range(end.to_vec()).with_limit(page.limit).with_revision(revision);
    if page.content == Content::Keys {
        options = options.with_keys_only();
    }
    access
        .ask(Operation::Read, |mut kv| {
            let (from, options) = (page.from.clone(), options.clone());
            async move { kv.get(from, Some(options)).await }
        })
        .await
}

impl Page {
    /// The end of this page's range, and whether that is a slice's and not the whole range's.
    fn end(&self, access: &Access) -> (Vec<u8>, bool) {
        let end = access.prefix().end();
        let Some(slice) = self.slice_ns.and_then(|slice_ns| access.prefix().later(&self.from, slice_ns))
        else {
            return (end, false);
        };
        if slice < end { (slice, true) } else { (end, false) }
    }

    /// Asks for less, if there is less: the keys alone, and fewer of them.
    fn shrink(&mut self) -> bool {
        match self.content {
            Content::Values => (self.content, self.limit) = (Content::Keys, PAGE_KEYS),
            Content::Keys if self.limit > 1 => self.limit /= 2,
            Content::Keys => return false,
        }
        true
    }

    /// On to the next page, as large as the last one lets hope for.
    fn turn(&mut self, access: &Access, answer: &GetResponse, end: Vec<u8>, has_room: bool) {
        let kvs = answer.kvs();
        let bytes: usize = kvs.iter().map(|kv| kv.value().len()).sum();
        if self.content == Content::Values && !kvs.is_empty() {
            let each = (bytes / kvs.len()).max(1);
            let fits = i64::try_from(PAGE_BYTES / each).unwrap_or(PAGE_KEYS);
            self.limit = fits.min(self.limit.saturating_mul(256)).clamp(1, PAGE_KEYS);
            if each > KEPT_VALUE_BYTES || !has_room {
                (self.content, self.limit) = (Content::Keys, PAGE_KEYS);
            }
        }
        self.slice_ns = match (self.slice_ns, kvs.first(), kvs.last()) {
            _ if self.left < SLICED_FROM => None,
            (Some(slice_ns), ..) if answer.more() => Some((slice_ns / 2).max(1)),
            (Some(slice_ns), ..) if 2 * kvs.len() < usize::try_from(self.limit).unwrap_or(0) => {
                Some(slice_ns.saturating_mul(2))
            }
            (None, Some(first), Some(last)) => {
                access.prefix().span_ns(first.key(), last.key()).map(|span_ns| span_ns.max(1))
            }
            (slice_ns, ..) => slice_ns,
        };
        self.from = match kvs.last() {
            Some(last) if answer.more() => [last.key(), &[0]].concat(),
            _ => end,
        };
    }
}

/// What a key held when it was read.
#[derive(Debug)]
pub(crate) enum Read {
    Stored {
        key: Key,
        revision: i64,
        value: Vec<u8>,
    },
    Gone {
        key: Key,
        revision: i64,
    },
    /// Its value is larger than this client takes.
    TooLarge {
        key: Key,
        reason: String,
    },
}

/// Reads keys in one transaction, or in as many as it takes if that is too much for one answer.
pub(crate) async fn read(access: &Access, keys: Vec<Key>) -> Result<Vec<Read>, Setback> {
    let (mut rest, mut reads) = (keys.as_slice(), Vec::new());
    let mut at_once = rest.len().min(access.most_operations());
    while !rest.is_empty() {
        let (some, others) = rest.split_at(at_once.min(rest.len()));
        match (read_at_once(access, some).await, some) {
            (Ok(some), _) => reads.extend(some),
            (Err(Setback::Final(Error::TooLarge { reason, .. })), [one]) => {
                reads.push(Read::TooLarge { key: one.clone(), reason });
            }
            (Err(Setback::Final(Error::TooLarge { .. })), _) => {
                at_once = some.len() / 2;
                continue;
            }
            (Err(setback), _) => return Err(setback),
        }
        rest = others;
    }
    Ok(reads)
}

async fn read_at_once(access: &Access, keys: &[Key]) -> Result<Vec<Read>, Setback> {
    let gets = Txn::reading(keys.iter().cloned().map(Op::Get).collect());
    let answer = answer_reads(access, &gets).await?;
    let pairs = keys.iter().cloned().zip(answer.reads());
    Ok(pairs
        .map(|(key, found)| match found.first() {
            Some(stored) => Read::Stored { key, revision: stored.mod_revision, value: stored.value.clone() },
            // A delete at or before this revision; one above every version that was seen will do.
            None => Read::Gone { key, revision: answer.revision.saturating_add(1) },
        })
        .collect())
}

/// Sends a transaction that reads some keys and does nothing else, in as many parts as etcd takes.
pub(crate) async fn answer_reads(access: &Access, reads: &Txn) -> Result<Answer, Setback> {
    let (mut rest, mut all) = (reads.then.as_slice(), Answer { succeeded: true, ..Answer::default() });
    while !rest.is_empty() {
        let most = access.most_operations();
        let (some, others) = rest.split_at(most.min(rest.len()));
        let answer = match access.transact(Operation::Read, &Txn::reading(some.to_vec())).await {
            // It has just become known that this is more than etcd takes.
            Err(Setback::Unsent(_)) if access.most_operations() < most => continue,
            answer => answer?,
        };
        // What was read first is the oldest.
        all.revision = if all.parts.is_empty() { answer.revision } else { all.revision.min(answer.revision) };
        all.parts.extend(answer.parts);
        rest = others;
    }
    Ok(all)
}

/// How many keys lie in the range.
pub(crate) async fn count(access: &Access, operation: Operation) -> Result<u64, Setback> {
    let counted = GetOptions::new().with_range(access.prefix().end()).with_count_only();
    let answer = access
        .ask(operation, |mut kv| {
            let (from, counted) = (access.prefix().start(), counted.clone());
            async move { kv.get(from, Some(counted)).await }
        })
        .await?;
    Ok(u64::try_from(answer.count()).unwrap_or(0))
}
