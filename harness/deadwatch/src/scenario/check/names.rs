//! The names that a file gives to clients, consumers and users, gathered first: a step may name a consumer that
//! is written below it.

use super::Check;
use crate::scenario::{
    DEFAULT_CLIENT, PRODUCER_CLIENT, ProblemKind, Producer, ROOT, Reach,
    file::{ConsumerTable, ScenarioFile, StepTable, TextOr},
    nearest::nearest,
    placed::Placed,
    problem::Named,
};

/// What all clients of the subject are called where a fault is to hit them all.
const ALL: &str = "all";

/// All names of a file, in file order.
#[derive(Debug)]
pub(super) struct Names {
    clients: Vec<String>,
    consumers: Vec<String>,
    /// Users that are there from the start.
    logins: Vec<String>,
    /// Users that steps add.
    added: Vec<String>,
}

impl Names {
    /// The names in this file.
    pub fn of(file: &ScenarioFile) -> Self {
        let tables = file.consumer.get();
        let produces = file.step.iter().any(|step| by_the_subject(step.get()));
        let mut clients: Vec<String> = Vec::new();
        for client in tables.iter().map(client_of).chain(produces.then(|| PRODUCER_CLIENT.to_owned())) {
            if !clients.contains(&client) {
                clients.push(client);
            }
        }
        let users = file.etcd.user.iter().map(|user| user.name.get().clone());
        Self {
            clients,
            consumers: tables.iter().enumerate().flat_map(|(place, table)| names_of(place, table)).collect(),
            logins: std::iter::once(ROOT.to_owned()).chain(users).collect(),
            added: file.step.iter().filter_map(|step| added_by(step.get())).collect(),
        }
    }

    fn all(&self, what: Named) -> Vec<&String> {
        match what {
            Named::Client => self.clients.iter().collect(),
            Named::Consumer => self.consumers.iter().collect(),
            Named::Login => self.logins.iter().collect(),
            Named::User => self.logins.iter().chain(&self.added).collect(),
        }
    }
}

/// The client that a consumer's table names.
pub(super) fn client_of(table: &ConsumerTable) -> String {
    table.client.as_ref().map_or_else(|| DEFAULT_CLIENT.to_owned(), |client| client.get().clone())
}

/// The names of the consumers that a table stands for; `place` is counted from 0.
pub(super) fn names_of(place: usize, table: &ConsumerTable) -> Vec<String> {
    let name = table.name.as_ref().map_or_else(|| (place + 1).to_string(), |name| name.get().clone());
    match table.numbers() {
        None => vec![name],
        Some(numbers) => numbers.map(|number| format!("{name}.{number}")).collect(),
    }
}

fn by_the_subject(step: &StepTable) -> bool {
    match step.enqueue.as_ref().map(Placed::get) {
        Some(TextOr::Table(table)) => table.by.as_ref().is_some_and(|by| *by.get() == Producer::Subject),
        _ => false,
    }
}

fn added_by(step: &StepTable) -> Option<String> {
    match step.add_user.as_ref()?.get() {
        TextOr::Text(name) => Some(name.clone()),
        TextOr::Table(table) => Some(table.name.get().clone()),
    }
}

impl Check {
    /// A name that something in the file must have.
    pub(super) fn name(&mut self, what: Named, text: &Placed<String>) -> String {
        let name = text.get();
        let known = self.names.all(what);
        if !known.contains(&name) {
            let nearest = nearest(name, known.iter().map(|name| name.as_str())).map(str::to_owned);
            let known = known.into_iter().cloned().collect();
            let kind = ProblemKind::UnknownName { what, name: name.clone(), known, nearest };
            self.wrong(text.span(), kind);
        }
        name.clone()
    }

    /// Whom a fault hits: all clients where none is named.
    pub(super) fn reach(&mut self, client: Option<&Placed<String>>) -> Reach {
        match client {
            Some(client) if client.get() != ALL => Reach::Client(self.name(Named::Client, client)),
            _ => Reach::All,
        }
    }

    /// The name that a consumer gives to its client.
    pub(super) fn new_client(&mut self, client: &Placed<String>) {
        let name = self.some_text("client", client);
        if name.starts_with(crate::scenario::RESERVED_CLIENT) {
            self.wrong(client.span(), ProblemKind::ReservedClient(name));
        } else if name == ALL {
            self.wrong(client.span(), ProblemKind::ClientNamedAll);
        }
    }
}
