//! The tree of live keys against a plain map.

use std::collections::BTreeMap;

use super::*;
use crate::mvcc::{live::LiveKeys, revision::Revision, span::Span};

/// A repeatable source of numbers.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn from_seed(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % bound
    }
}

fn key(number: u64) -> Bytes {
    format!("{number:03}").into()
}

fn check(live: &LiveKeys, plain: &BTreeMap<Bytes, Revision>, span: &Span) {
    let within: Vec<_> =
        plain.iter().filter(|(key, _)| span.covers(key)).map(|(key, at)| (key, *at)).collect();
    assert_eq!(live.count(span), within.len(), "{span:?}");
    assert_eq!(live.in_order(span, usize::MAX), within, "{span:?}");
    let mut by_age = within.clone();
    by_age.sort_by_key(|(key, at)| (at.main, (*key).clone()));
    for limit in [1, 2, 5, usize::MAX] {
        let first: Vec<_> = within.iter().copied().take(limit).collect();
        assert_eq!(live.in_order(span, limit), first, "{span:?}, {limit}");
        let oldest: Vec<_> = by_age.iter().map(|(_, at)| *at).take(limit).collect();
        assert_eq!(live.oldest(span, limit), oldest, "{span:?}, {limit}");
    }
}

#[test]
fn it_counts_orders_and_ages_as_a_plain_map_does() {
    let mut numbers = Numbers::from_seed(5);
    let (mut live, mut plain) = (LiveKeys::default(), BTreeMap::new());
    for step in 0..3_000 {
        let key_put = key(numbers.below(200));
        if numbers.below(3) == 0 {
            live.remove(&key_put);
            plain.remove(&key_put);
        } else {
            let at = Revision { main: step / 3, sub: step % 3 };
            live.put(key_put.clone(), at);
            plain.insert(key_put, at);
        }
        let (start, end) = (key(numbers.below(200)), key(numbers.below(200)));
        let end = match numbers.below(4) {
            0 => Bytes::new(),
            1 => "\0".into(),
            _ => end,
        };
        assert_eq!(live.modified(&start), plain.get(&start).copied());
        check(&live, &plain, &Span::of(&start, &end));
    }
    assert!(plain.len() > 50, "expected a tree of some size, found {}", plain.len());
}
