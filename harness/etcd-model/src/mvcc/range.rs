//! Reading a range: which keys, as of when, filtered, in which order, how many.

use bytes::Bytes;

use super::{Store, span::Span};
use crate::{
    proto::{
        KeyValue, RangeRequest, RangeResponse, ResponseHeader,
        range_request::{SortOrder, SortTarget},
    },
    refusal::Refusal,
    release::Fact,
};

/// How much of a count an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// All keys of the range.
    All,
    /// None past the limit: enough for one message of a stream.
    UpToLimit,
}

impl Store {
    /// Answers a range request. The header holds the revision alone.
    ///
    /// # Errors
    /// [`Refusal::Compacted`] and [`Refusal::FutureRevision`].
    pub fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Refusal> {
        self.range_seen(request, self.revision, Counting::All)
    }

    /// As [`Self::range`], where the newest revision that can be seen is `visible`: the store's own, or the next in
    /// the middle of a transaction. Source: etcd v3.5.5 server/etcdserver/apply.go, `applierV3backend.Range`, and
    /// server/mvcc/kvstore_txn.go, `rangeKeys`.
    pub(super) fn range_seen(
        &self,
        request: &RangeRequest,
        visible: i64,
        counting: Counting,
    ) -> Result<RangeResponse, Refusal> {
        let at = match request.revision {
            revision if revision > visible => return Err(Refusal::FutureRevision),
            ..=0 => visible,
            revision if revision < self.compacted => return Err(Refusal::Compacted),
            revision => revision,
        };
        let view = View { store: self, span: Span::of(&request.key, &request.range_end), at, visible };
        let header = Some(ResponseHeader { revision: visible, ..ResponseHeader::default() });
        if request.count_only {
            let count = i64::try_from(view.count()).unwrap_or(i64::MAX);
            return Ok(RangeResponse { header, count, ..RangeResponse::default() });
        }

        let limit = usize::try_from(request.limit).ok().filter(|limit| *limit > 0);
        let fetch = Fetch::of(request, limit.map(|limit| limit.saturating_add(1)));
        let (mut kvs, count) = view.fetch(fetch, counting);
        kvs.retain(|kv| passes_filters(kv, request));
        sort(&mut kvs, request);
        let more = limit.is_some_and(|limit| kvs.len() > limit);
        kvs.truncate(limit.unwrap_or(usize::MAX));
        let show = Show::of(request, self);
        let kvs = kvs.into_iter().map(|kv| show.shown(kv)).collect();
        Ok(RangeResponse { header, kvs, more, count: i64::try_from(count).unwrap_or(i64::MAX) })
    }
}

/// What is read before filters, sorting and the limit. A limit here includes the one more that says there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fetch {
    /// The first keys.
    First(usize),
    /// The keys longest untouched.
    Oldest(usize),
    /// Everything.
    All,
}

impl Fetch {
    /// etcd lets the store stop at the limit unless there is anything to sort or filter. With no order asked for but
    /// a target other than the key, it stops first and sorts what it has: not the first by that target at all.
    fn of(request: &RangeRequest, limit: Option<usize>) -> Self {
        let Some(limit) = limit else { return Self::All };
        if has_filters(request) {
            return Self::All;
        }
        match (request.sort_order(), request.sort_target()) {
            // An order that does not exist sorts nothing, and yet all is read.
            _ if SortOrder::try_from(request.sort_order).is_err() => Self::All,
            (SortOrder::None, _) | (SortOrder::Ascend, SortTarget::Key) => Self::First(limit),
            (SortOrder::Ascend, SortTarget::Mod) => Self::Oldest(limit),
            _ => Self::All,
        }
    }
}

/// A range at a time.
struct View<'store> {
    store: &'store Store,
    span: Span,
    at: i64,
    visible: i64,
}

impl<'store> View<'store> {
    fn count(&self) -> usize {
        if self.at == self.visible { self.store.live.count(&self.span) } else { self.past().count() }
    }

    fn fetch(&self, fetch: Fetch, counting: Counting) -> (Vec<&'store KeyValue>, usize) {
        let store = self.store;
        if let Some(key) = self.span.single() {
            let kv = if self.at == self.visible { store.get(key) } else { store.kv_at(key, self.at) };
            return (kv.into_iter().collect(), usize::from(kv.is_some()));
        }
        let limit = match fetch {
            Fetch::First(limit) => limit,
            Fetch::Oldest(_) | Fetch::All => usize::MAX,
        };
        let (kvs, total): (Vec<_>, _) = if self.at != self.visible {
            let all: Vec<_> = self.past().collect();
            let total = all.len();
            (all.into_iter().take(limit).collect(), total)
        } else {
            let places = match fetch {
                Fetch::Oldest(limit) => store.live.oldest(&self.span, limit),
                Fetch::First(_) | Fetch::All => {
                    store.live.in_order(&self.span, limit).into_iter().map(|(_, place)| place).collect()
                }
            };
            let kvs = places.into_iter().filter_map(|place| store.kv_of(place)).collect();
            (kvs, store.live.count(&self.span))
        };
        match counting {
            Counting::All => (kvs, total),
            Counting::UpToLimit => (kvs, total.min(limit)),
        }
    }

    /// What the range held at a time that has passed, in order.
    fn past(&self) -> impl Iterator<Item = &'store KeyValue> {
        let store = self.store;
        store
            .histories
            .range::<Bytes, _>(self.span.start()..)
            .take_while(|(key, _)| !self.span.is_before(key))
            .filter_map(|(_, history)| store.kv_in(history, self.at))
    }
}

/// Whether a range is asked for in the order in which it lies in the store. Source: etcd v3.7.3
/// server/etcdserver/txn/range.go, `IsDefaultOrdering`.
pub(crate) fn in_default_order(request: &RangeRequest) -> bool {
    matches!(
        (request.sort_order(), request.sort_target()),
        (SortOrder::None, _) | (SortOrder::Ascend, SortTarget::Key)
    )
}

/// Whether a range leaves out keys by their revisions.
pub(crate) fn has_filters(request: &RangeRequest) -> bool {
    request.min_mod_revision != 0
        || request.max_mod_revision != 0
        || request.min_create_revision != 0
        || request.max_create_revision != 0
}

fn passes_filters(kv: &KeyValue, request: &RangeRequest) -> bool {
    let within =
        |revision: i64, min: i64, max: i64| (min == 0 || revision >= min) && (max == 0 || revision <= max);
    within(kv.mod_revision, request.min_mod_revision, request.max_mod_revision)
        && within(kv.create_revision, request.min_create_revision, request.max_create_revision)
}

/// Puts key-value pairs that are in the order of their keys into the order asked for. Those that are equal in it
/// stay in the order of their keys, descending too: etcd's sort promises nothing about them, and does that for 12
/// or fewer.
fn sort(kvs: &mut [&KeyValue], request: &RangeRequest) {
    let (Ok(order), Ok(target)) =
        (SortOrder::try_from(request.sort_order), SortTarget::try_from(request.sort_target))
    else {
        return;
    };
    let descending = match (order, target) {
        (SortOrder::None | SortOrder::Ascend, SortTarget::Key) => return,
        (SortOrder::None | SortOrder::Ascend, _) => false,
        (SortOrder::Descend, _) => true,
    };
    kvs.sort_by(|a, b| {
        let ascending = match target {
            SortTarget::Key => a.key.cmp(&b.key),
            SortTarget::Version => a.version.cmp(&b.version),
            SortTarget::Create => a.create_revision.cmp(&b.create_revision),
            SortTarget::Mod => a.mod_revision.cmp(&b.mod_revision),
            SortTarget::Value => a.value.cmp(&b.value),
        };
        if descending { ascending.reverse() } else { ascending }
    });
}

/// How much of each key-value pair an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Everything,
    AllButValue,
    AllButValueAndLease,
}

impl Show {
    fn of(request: &RangeRequest, store: &Store) -> Self {
        let sorted_by_value = request.sort_target() == SortTarget::Value;
        if !request.keys_only {
            Self::Everything
        } else if store.release.holds(Fact::KeysOnlyHidesLease) && !sorted_by_value {
            Self::AllButValueAndLease
        } else {
            Self::AllButValue
        }
    }

    fn shown(self, kv: &KeyValue) -> KeyValue {
        let mut kv = kv.clone();
        match self {
            Self::Everything => {}
            Self::AllButValue => kv.value.clear(),
            Self::AllButValueAndLease => {
                kv.value.clear();
                kv.lease = 0;
            }
        }
        kv
    }
}
