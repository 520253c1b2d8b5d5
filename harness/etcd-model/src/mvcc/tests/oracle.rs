//! The store against a plain copy of every revision.

use std::collections::BTreeMap;

use super::{live::Numbers, *};

/// Every revision as it was, whole.
#[derive(Default)]
struct Album {
    pages: BTreeMap<i64, BTreeMap<Bytes, KeyValue>>,
}

impl Album {
    fn keep(&mut self, store: &Store) {
        let kvs = store.range(&from("\0")).unwrap().kvs;
        let page = kvs.into_iter().map(|kv| (kv.key.clone(), kv)).collect();
        self.pages.insert(store.revision(), page);
    }
}

#[test]
fn every_revision_since_the_last_compaction_stays_as_it_was() {
    let mut numbers = Numbers::from_seed(9);
    let mut store = Store::new(NEW);
    let mut album = Album::default();
    album.keep(&store);
    for _ in 0..1_500 {
        let key = format!("{}", numbers.below(30));
        match numbers.below(12) {
            0..=7 => {
                put(&mut store, &key, &format!("{}", numbers.below(5)));
            }
            8..=9 => {
                delete(&mut store, &key);
            }
            10 => {
                store.delete_range(&deletion(&key, "\0"));
            }
            _ => {
                let behind = i64::try_from(numbers.below(40)).unwrap();
                let _ = store.compact(store.revision() - behind);
            }
        }
        album.keep(&store);
        let (at, page) = album.pages.iter().nth_back(usize::try_from(numbers.below(60)).unwrap()).unwrap_or(
            // The first page, while there are few.
            album.pages.iter().next().unwrap(),
        );
        let found = store.range(&RangeRequest { revision: *at, ..from("\0") });
        if *at < store.compacted() {
            assert_eq!(found, Err(Refusal::Compacted));
        } else {
            let found = found.unwrap();
            assert_eq!(found.kvs, page.values().cloned().collect::<Vec<_>>(), "revision {at}");
            assert_eq!(found.count, i64::try_from(page.len()).unwrap());
        }
    }
}
