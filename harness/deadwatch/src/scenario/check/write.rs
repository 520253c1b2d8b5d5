//! Steps that write and delete: items, and keys that are none.

use std::ops::Range;

use super::{Check, step::Steps, value::size};
use crate::scenario::{
    Delete, Enqueue, OnError, PROBE_PREFIX, ProblemKind, Producer, Put,
    file::{DeleteTable, EnqueueTable, MOST_WRITES, PutTable, TextOr},
    placed::Placed,
};

/// The value of a put that names none.
const SOME_VALUE: &str = "1";

impl Steps {
    /// Items, by their value or by a table.
    pub(super) fn enqueue(
        &mut self,
        check: &mut Check,
        written: &Placed<TextOr<String, EnqueueTable>>,
    ) -> Enqueue {
        match written.get() {
            TextOr::Text(value) => {
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
            TextOr::Table(table) => self.items(check, table),
        }
    }

    fn items(&mut self, check: &mut Check, table: &EnqueueTable) -> Enqueue {
        let EnqueueTable { value, count, prefix, by, bytes, producers, on_error } = table;
        let values: Vec<String> = match count {
            None => vec![value.get().clone()],
            // A count out of range is noted by `shape`; here it must only do no harm.
            Some(count) => {
                let numbers = 1..=(*count.get()).min(MOST_WRITES);
                numbers.map(|number| format!("{}.{number}", value.get())).collect()
            }
        };
        for value_of_many in &values {
            self.value(check, value_of_many.clone(), value.span());
        }
        let by = by.as_ref().map_or(Producer::Harness, |by| *by.get());
        if let (Some(on_error), Producer::Harness) = (on_error, by) {
            check.wrong(on_error.span(), ProblemKind::OnErrorOfTheHarness);
        }
        if let Some(producers) = producers
            && size(producers) > values.len()
        {
            check.wrong(producers.span(), ProblemKind::IdleProducers { items: values.len() });
        }
        let longest = values.iter().map(String::len).max().unwrap_or_default();
        Enqueue {
            bytes: check.bytes(bytes.as_ref(), longest),
            prefix: prefix.as_ref().map_or_else(|| self.prefix.clone(), |prefix| check.prefix(prefix)),
            by,
            producers: producers.as_ref().map_or(1, size),
            on_error: on_error.as_ref().map_or(OnError::Stop, |on_error| *on_error.get()),
            values,
        }
    }

    fn value(&mut self, check: &mut Check, value: String, span: Range<usize>) {
        if value.starts_with(PROBE_PREFIX) {
            check.wrong_once(span.clone(), ProblemKind::ReservedValue(value.clone()));
        }
        if value.ends_with(' ') {
            check.wrong_once(span.clone(), ProblemKind::EndsInSpace(value.clone()));
        }
        match self.values.get(&value) {
            Some(first) => check.wrong_once(span, ProblemKind::SameValue { value, first: first.clone() }),
            None => drop(self.values.insert(value, span)),
        }
    }
}

impl Check {
    /// A key that is no item, and its value.
    pub(super) fn put(&mut self, PutTable { key, value, bytes, count }: &PutTable) -> Put {
        let value = value.as_ref().map_or_else(|| SOME_VALUE.to_owned(), |value| value.get().clone());
        Put {
            key: self.key("key", key),
            bytes: self.bytes(bytes.as_ref(), value.len()),
            value,
            count: count.as_ref().map_or(1, size),
        }
    }

    /// Keys to be deleted.
    pub(super) fn delete(&mut self, written: &Placed<TextOr<String, DeleteTable>>) -> Delete {
        match written.get() {
            TextOr::Table(DeleteTable { prefix }) => Delete::Prefix(self.prefix(prefix)),
            TextOr::Text(key) => Delete::Key(self.key_in("delete", key, written.span())),
        }
    }

    /// How long a stored value is; 0, which is no length of its own, where the file says nothing.
    fn bytes(&mut self, bytes: Option<&Placed<i64>>, least: usize) -> usize {
        let Some(bytes) = bytes else { return 0 };
        // One below 1 is noted by `shape`.
        if size(bytes) < least && *bytes.get() > 0 {
            self.wrong(bytes.span(), ProblemKind::TooShort { least });
        }
        size(bytes)
    }
}
