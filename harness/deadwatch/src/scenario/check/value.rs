//! Rules that one value obeys on its own, wherever in the file it stands.

use std::{ops::Range, time::Duration};

use super::Check;
use crate::scenario::{
    ClockOffset, ProblemKind, RESERVED_PREFIX, Version,
    file::{DurationText, OffsetText, VersionText},
    parse_duration,
    placed::Placed,
    spell_duration,
};

/// Stands where a value is wrong, so that the rest of the file is still checked. No scenario gets out with it.
const STAND_IN_VERSION: Version = Version::new(0, 0, 0);

impl Check {
    /// A text that says something.
    pub(super) fn some_text(&mut self, key: &'static str, text: &Placed<String>) -> String {
        if text.get().trim().is_empty() {
            self.wrong(text.span(), ProblemKind::Empty(key));
        }
        text.get().clone()
    }

    /// A queue's prefix: some text, apart from the harness's own queues.
    ///
    /// A queue's range is its prefix without a slash (etcd client/v3/experimental/recipes/queue.go), so a
    /// prefix of theirs would hand out their items.
    pub(super) fn prefix(&mut self, prefix: &Placed<String>) -> String {
        let text = prefix.get();
        if text.is_empty() {
            self.wrong(prefix.span(), ProblemKind::Empty("prefix"));
        } else if text.starts_with(RESERVED_PREFIX) || RESERVED_PREFIX.starts_with(text.as_str()) {
            self.wrong(prefix.span(), ProblemKind::ReservedPrefix(text.clone()));
        }
        text.clone()
    }

    /// A key: some text, and none of the harness's own.
    pub(super) fn key(&mut self, key: &'static str, text: &Placed<String>) -> String {
        self.key_in(key, text.get(), text.span())
    }

    /// The same of a text that stands here.
    pub(super) fn key_in(&mut self, key: &'static str, text: &str, span: Range<usize>) -> String {
        if text.trim().is_empty() {
            self.wrong(span, ProblemKind::Empty(key));
        } else if text.starts_with(RESERVED_PREFIX) {
            self.wrong(span, ProblemKind::ReservedKey(text.to_owned()));
        }
        text.to_owned()
    }

    /// A time before the end of the run; zero in place of one that is wrong.
    pub(super) fn time_before_the_end(&mut self, key: &'static str, text: &Placed<DurationText>) -> Duration {
        let time = self.duration(key, text);
        if let (Some(time), Some(length)) = (time, self.length)
            && time >= length
        {
            let (length, length_span) = (spell_duration(length), self.length_span.clone());
            self.wrong(text.span(), ProblemKind::PastTheEnd { key, length, length_span });
        }
        time.unwrap_or_default()
    }

    /// A time above zero; zero in place of one that is wrong.
    pub(super) fn some_time(&mut self, key: &'static str, text: &Placed<DurationText>) -> Duration {
        self.some_time_in(key, text.get(), text.span())
    }

    /// The same of a text that stands here.
    pub(super) fn some_time_in(
        &mut self,
        key: &'static str,
        text: &DurationText,
        span: Range<usize>,
    ) -> Duration {
        match parse_duration(&text.0) {
            Ok(Duration::ZERO) => self.wrong(span, ProblemKind::Zero(key)),
            Ok(time) => return time,
            Err(source) => self.wrong(span, ProblemKind::Duration { key, source }),
        }
        Duration::ZERO
    }

    /// Any time.
    pub(super) fn duration(&mut self, key: &'static str, text: &Placed<DurationText>) -> Option<Duration> {
        match parse_duration(&text.get().0) {
            Ok(duration) => Some(duration),
            Err(source) => {
                self.wrong(text.span(), ProblemKind::Duration { key, source });
                None
            }
        }
    }

    /// How far a clock is off.
    pub(super) fn offset(&mut self, key: &'static str, text: &Placed<OffsetText>) -> ClockOffset {
        text.get().0.parse().unwrap_or_else(|source| {
            self.wrong(text.span(), ProblemKind::Offset { key, source });
            ClockOffset::default()
        })
    }

    /// An exact release.
    pub(super) fn version(&mut self, text: &Placed<VersionText>) -> Version {
        let release = &text.get().0;
        release.parse().unwrap_or_else(|source| {
            // A tag's name, or a package manager's range.
            let nearest = release.trim_start_matches(['v', '^', '~', '=', ' ']).parse().ok();
            self.wrong(text.span(), ProblemKind::Version { source, nearest });
            STAND_IN_VERSION
        })
    }
}

/// A number of things; `shape` has noted one that is out of range, and it must only do no harm here.
pub(super) fn size(number: &Placed<i64>) -> usize {
    usize::try_from(*number.get()).unwrap_or_default()
}
