//! The consumers: one for each table, or as many as it counts.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use super::{
    Check,
    names::{client_of, names_of},
};
use crate::scenario::{
    Consumer, ConsumerCall, OnError, ProblemKind, ROOT, file::ConsumerTable, placed::Placed, problem::Named,
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
        }
    }

    /// The consumers, and where the start of each is written.
    pub fn finish(self) -> (Vec<Consumer>, Vec<Option<Range<usize>>>) {
        (self.consumers, self.starts)
    }

    /// Those of one more table, the one at this place, counted from 0.
    pub fn add(&mut self, check: &mut Check, place: usize, table: &'f ConsumerTable) {
        // Every key by its name, so that a new one must be dealt with here.
        let ConsumerTable { start, name, count: _, client, user, call, prefix, on_error } = table;
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
        let like = Consumer {
            name: String::new(),
            start: start.as_ref().map_or(Duration::ZERO, |start| check.time_before_the_end("start", start)),
            client: client_of(table),
            on_error: on_error.as_ref().map_or(OnError::Stop, |on_error| *on_error.get()),
            call: call.as_ref().map_or(ConsumerCall::Dequeue, |call| *call.get()),
            prefix: prefix.as_ref().map_or_else(|| self.queue.to_owned(), |prefix| check.prefix(prefix)),
            user: user.as_ref().map(|user| user.get().clone()),
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
