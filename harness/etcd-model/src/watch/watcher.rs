//! One watch.

use crate::{
    mvcc::{Span, Store},
    proto::{Event, KeyValue, WatchCreateRequest, event::EventType, watch_create_request::FilterType},
};

/// One watch of a stream.
#[derive(Debug)]
pub(super) struct Watcher {
    span: Span,
    asked: WatchCreateRequest,
    /// The first revision that it has not been told of yet.
    pub(super) next_revision: i64,
    pub(super) standing: Standing,
    pub(super) notice: Notice,
}

/// How a watch stands to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has been told of everything, and hears of each revision as it is applied.
    Synced,
    /// It has to be told of revisions that are in the past, in the next round.
    Behind,
    /// What it was to be told of is compacted away, and that it has been told. It can still be cancelled.
    Compacted,
}

/// Whether a watch is told how far it is when the stream's notices next fall due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// It never asked for that.
    Never,
    /// Not this time: it has had an event since the last one.
    Elided,
    /// Yes.
    Due,
}

impl Watcher {
    /// A watch as it was asked for, at a store that has reached `revision`.
    pub(super) fn new(asked: WatchCreateRequest, revision: i64) -> Self {
        let span = Span::of(&asked.key, &asked.range_end);
        let start = asked.start_revision;
        let (standing, next_revision) = match start {
            0 => (Standing::Synced, revision + 1),
            start if start > revision => (Standing::Synced, start),
            start => (Standing::Behind, start),
        };
        let notice = if asked.progress_notify { Notice::Due } else { Notice::Never };
        Self { span, asked, next_revision, standing, notice }
    }

    /// The revision that it was asked to start at; 0 is the one after the present.
    pub(super) const fn start_revision(&self) -> i64 {
        self.asked.start_revision
    }

    /// Whether its answers may be sent in parts.
    pub(super) const fn fragments(&self) -> bool {
        self.asked.fragment
    }

    /// Whether an event is in its range and not in its past. Those that it filters out are among them.
    pub(super) fn covers(&self, event: &Event) -> bool {
        event.kv.as_ref().is_some_and(|kv| kv.mod_revision >= self.next_revision && self.span.covers(&kv.key))
    }

    /// What it is told of events in its range, with the values they replaced if it asked for those.
    pub(super) fn told(&self, events: impl IntoIterator<Item = Event>, store: &Store) -> Vec<Event> {
        let wanted = events.into_iter().filter(|event| !self.leaves_out(event.r#type()));
        wanted.map(|event| self.with_previous(event, store)).collect()
    }

    fn leaves_out(&self, kind: EventType) -> bool {
        self.asked.filters().any(|filter| match filter {
            FilterType::Noput => kind == EventType::Put,
            FilterType::Nodelete => kind == EventType::Delete,
        })
    }

    fn with_previous(&self, event: Event, store: &Store) -> Event {
        match &event.kv {
            Some(kv) if self.asked.prev_kv && !creates(event.r#type(), kv) => {
                Event { prev_kv: store.before(&kv.key, kv.mod_revision), ..event }
            }
            _ => event,
        }
    }
}

/// Whether an event brought its key into being. A deletion has no create revision, so it never did.
fn creates(kind: EventType, kv: &KeyValue) -> bool {
    kind == EventType::Put && kv.create_revision == kv.mod_revision
}
