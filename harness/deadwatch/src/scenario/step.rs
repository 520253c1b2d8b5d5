//! A step: when, and its one action. A new action is a field of `StepTable`, a variant of [`Action`], and its
//! meaning here; the compiler names the places.

use std::{collections::BTreeMap, ops::Range};

use super::{
    Action, Enqueue, OnError, PROBE_PREFIX, ProblemKind, Producer, Step,
    check::Check,
    file::{EnqueueFile, EnqueueTable, MOST_ITEMS, StepTable},
    placed::Placed,
};

/// The steps of a file, and what they have in common.
#[derive(Debug)]
pub(super) struct Steps {
    /// The queue that steps write to where they name none.
    pub prefix: String,
    /// The values so far, and where each was written.
    values: BTreeMap<String, Range<usize>>,
}

impl Steps {
    /// No step yet, on a queue of this prefix.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), values: BTreeMap::new() }
    }

    /// A step; none if it has no action.
    pub fn step(&mut self, check: &mut Check, table: &Placed<StepTable>) -> Option<Step> {
        // Every key by its name, so that a new one must be dealt with here.
        let StepTable { at, enqueue } = table.get();
        let at = check.time_before_the_end("at", at);
        // `shape` has noted a step with no action, or with two.
        let action = Action::Enqueue(self.enqueue(check, enqueue.as_ref()?));
        Some(Step { at, action })
    }

    fn enqueue(&mut self, check: &mut Check, written: &Placed<EnqueueFile>) -> Enqueue {
        match written.get() {
            EnqueueFile::Value(value) => {
                self.value(check, value.clone(), written.span());
                Enqueue {
                    values: vec![value.clone()],
                    prefix: self.prefix.clone(),
                    by: Producer::Harness,
                    bytes: 0,
                    producers: 1,
                    on_error: OnError::Stop,
                }
            }
            EnqueueFile::Table(EnqueueTable { value, count, prefix, by }) => {
                let values: Vec<String> = match count {
                    None => vec![value.get().clone()],
                    // A count out of range is noted by `shape`; here it must only do no harm.
                    Some(count) => {
                        let numbers = 1..=(*count.get()).min(MOST_ITEMS);
                        numbers.map(|number| format!("{}.{number}", value.get())).collect()
                    }
                };
                for value_of_many in &values {
                    self.value(check, value_of_many.clone(), value.span());
                }
                let prefix = prefix.as_ref().map(|prefix| check.prefix(prefix));
                Enqueue {
                    values,
                    prefix: prefix.unwrap_or_else(|| self.prefix.clone()),
                    by: by.as_ref().map_or(Producer::Harness, |by| *by.get()),
                    bytes: 0,
                    producers: 1,
                    on_error: OnError::Stop,
                }
            }
        }
    }

    fn value(&mut self, check: &mut Check, value: String, span: Range<usize>) {
        if value.starts_with(PROBE_PREFIX) {
            check.wrong_once(span.clone(), ProblemKind::ReservedValue(value.clone()));
        }
        match self.values.get(&value) {
            Some(first) => check.wrong_once(span, ProblemKind::SameValue { value, first: first.clone() }),
            None => drop(self.values.insert(value, span)),
        }
    }
}
