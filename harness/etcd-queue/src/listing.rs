//! What is stored: the keys of the whole range at one revision, and the values of those next in line.

use etcd_client::{GetOptions, TxnOp, TxnOpResponse};

use crate::access::{Access, Setback};
use crate::cache::{Cache, Change};
use crate::error::Operation;

/// Keys only, so that a page stays small whatever the items weigh.
const PAGE_KEYS: i64 = 5_000;

/// The range as it was at one revision.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) cache: Cache,
    pub(crate) revision: i64,
}

/// Lists the range, page by page at the first page's revision. A compaction between two pages is a setback
/// that passes: the next attempt lists at a later revision.
pub(crate) async fn list(access: &Access) -> Result<Listing, Setback> {
    let mut listing = Listing { cache: Cache::default(), revision: 0 };
    let mut from = access.prefix().start();
    loop {
        let options = GetOptions::new()
            .with_range(access.prefix().end())
            .with_keys_only()
            .with_limit(PAGE_KEYS)
            .with_revision(listing.revision);
        let page = access
            .ask(Operation::Read, |mut kv| {
                let (from, options) = (from.clone(), options.clone());
                async move { kv.get(from, Some(options)).await }
            })
            .await?;
        let Some(header) = page.header() else {
            return Err(Setback::Unsent("a listing came without its revision".to_owned()));
        };
        if listing.revision == 0 {
            listing.revision = header.revision();
        }
        for kv in page.kvs() {
            if access.prefix().owns(kv.key()) {
                let (key, revision) = (kv.key().to_vec(), kv.mod_revision());
                listing.cache.apply(Change::Put { key, revision, value: None });
            }
        }
        match page.kvs().last() {
            Some(last) if page.more() => from = [last.key(), &[0]].concat(),
            _ => return Ok(listing),
        }
    }
}

/// What a key held when it was read.
#[derive(Debug)]
pub(crate) enum Read {
    Stored { key: Vec<u8>, revision: i64, value: Vec<u8> },
    Gone { key: Vec<u8>, revision: i64 },
}

/// Reads keys in one transaction.
pub(crate) async fn read(access: &Access, keys: Vec<Vec<u8>>) -> Result<Vec<Read>, Setback> {
    let gets: Vec<TxnOp> = keys.iter().map(|key| TxnOp::get(key.clone(), None)).collect();
    let answer = access
        .ask(Operation::Read, |mut kv| {
            let txn = etcd_client::Txn::new().and_then(gets.clone());
            async move { kv.txn(txn).await }
        })
        .await?;
    let now = answer.header().map_or(0, etcd_client::ResponseHeader::revision);
    let answers = answer.op_responses();
    let pairs = keys.into_iter().zip(&answers);
    Ok(pairs
        .filter_map(|(key, answer)| match answer {
            TxnOpResponse::Get(get) => Some(match get.kvs().first() {
                Some(kv) => Read::Stored { key, revision: kv.mod_revision(), value: kv.value().to_vec() },
                // A delete at or before this revision; one above every version that was seen will do.
                None => Read::Gone { key, revision: now.saturating_add(1) },
            }),
            _ => None,
        })
        .collect())
}
