//! The consumers: one for each table, or as many as it counts.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use super::{
    Check,
    names::{client_of, names_of},
};
use crate::scenario::{
    ClockOffset, Consumer, ConsumerCall, OnError, ProblemKind, ROOT, file::ConsumerTable, placed::Placed,
    problem::Named,
};

/// The consumers of a file, and what they have in common.
#[derive(Debug)]
pub(super) struct Consumers<'f> {
    /// The queue that they call on where they name none.
    queue: &'f str,
    consumers: Vec<Consumer>,
    /// Where each consumer's start is written.
    starts: Vec<Option<Range<usize>>>,
    /// The names so far, and where each is written.
    names: BTreeMap<String, Option<Range<usize>>>,
    /// The user of each client, and where it is written.
    users: BTreeMap<String, Option<&'f Placed<String>>>,
    /// How far the clock of each client is off, and where that is written.
    clocks: BTreeMap<String, (ClockOffset, Option<Range<usize>>)>,
}

impl<'f> Consumers<'f> {
    /// No consumer yet, on a queue of this prefix.
    pub fn new(queue: &'f str) -> Self {
        Self {
            queue,
            consumers: Vec::new(),
            starts: Vec::new(),
            names: BTreeMap::new(),
            users: BTreeMap::new(),
            clocks: BTreeMap::new(),
        }
    }

    /// The consumers, and where the start of each is written.
    pub fn finish(self) -> (Vec<Consumer>, Vec<Option<Range<usize>>>) {
        (self.consumers, self.starts)
    }

    /// Those of one more table, the one at this place, counted from 0.
    pub fn add(&mut self, check: &mut Check, place: usize, table: &'f ConsumerTable) {
        // Every key by its name, so that a new one must be dealt with here.
        let ConsumerTable { start, name, count: _, client, user, call, prefix, on_error, clock } = table;
        if let Some(name) = name {
            check.some_text("name", name);
        }
        if let Some(client) = client {
            check.new_client(client);
        }
        if let Some(user) = user {
            check.name(Named::Login, user);
        }
        self.one_user(check, client_of(table), user.as_ref());
        let offset = clock.as_ref().map(|clock| check.offset("clock", clock)).unwrap_or_default();
        self.one_clock(check, client_of(table), offset, clock.as_ref().map(Placed::span));
        let like = Consumer {
            name: String::new(),
            start: start.as_ref().map_or(Duration::ZERO, |start| check.time_before_the_end("start", start)),
            client: client_of(table),
            on_error: on_error.as_ref().map_or(OnError::Stop, |on_error| *on_error.get()),
            call: call.as_ref().map_or(ConsumerCall::Dequeue, |call| *call.get()),
            prefix: prefix.as_ref().map_or_else(|| self.queue.to_owned(), |prefix| check.prefix(prefix)),
            user: user.as_ref().map(|user| user.get().clone()),
            clock: offset,
        };
        for of_many in names_of(place, table) {
            self.unique(check, &of_many, name.as_ref().map(Placed::span));
            self.consumers.push(Consumer { name: of_many, ..like.clone() });
            self.starts.push(start.as_ref().map(Placed::span));
        }
    }

    /// Notes a name that is not the first of its kind.
    fn unique(&mut self, check: &mut Check, name: &str, span: Option<Range<usize>>) {
        match self.names.get(name) {
            // One of the two is written: two numbers never are the same.
            Some(first) => {
                let (here, first) = match span {
                    Some(here) => (here, first.clone()),
                    None => (first.clone().unwrap_or_default(), None),
                };
                check.wrong_once(here, ProblemKind::SameName { name: name.to_owned(), first });
            }
            None => drop(self.names.insert(name.to_owned(), span)),
        }
    }

    /// Notes a clock that is off otherwise than that of others on the client.
    fn one_clock(
        &mut self,
        check: &mut Check,
        client: String,
        offset: ClockOffset,
        span: Option<Range<usize>>,
    ) {
        let Some((other, there)) = self.clocks.get(&client).cloned() else {
            self.clocks.insert(client, (offset, span));
            return;
        };
        if other != offset {
            // One of the two is written: two that are not are both right.
            let (here, clock, other, first) = match span {
                Some(here) => (here, offset, other, there),
                None => (there.unwrap_or_default(), other, offset, None),
            };
            check.wrong_once(here, ProblemKind::TwoClocks { client, clock, other, first });
        }
    }

    /// Notes a user that is not the one that others on the client have.
    fn one_user(&mut self, check: &mut Check, client: String, user: Option<&'f Placed<String>>) {
        let known = |user: Option<&Placed<String>>| user.map_or(ROOT, |user| user.get().as_str()).to_owned();
        let Some(first) = self.users.get(&client).copied() else {
            self.users.insert(client, user);
            return;
        };
        if known(first) != known(user) {
            // One of the two is written: what is not is `root` on both sides.
            let (here, there) = if user.is_some() { (user, first) } else { (first, user) };
            let first = there.map(Placed::span);
            let kind = ProblemKind::TwoUsers { client, user: known(here), other: known(there), first };
            check.wrong_once(here.map(Placed::span).unwrap_or_default(), kind);
        }
    }
}
