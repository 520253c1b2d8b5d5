//! Takes out of an answer what differs from one real run to the next.

use super::Tree;

/// Server-chosen leases are random and large; those that cases choose are small.
const LEAST_CHOSEN: i64 = 1_000_000_000_000;

/// What answers are rid of, and what that has to know.
#[derive(Debug, Default)]
pub struct Redact {
    pub release: String,
    /// Leases that the server chose, in order.
    pub chosen: Vec<i64>,
}

impl Redact {
    /// Replaces what varies in `tree`.
    pub fn tree(&self, tree: &mut Tree) {
        match tree {
            Tree::Record(name, fields) => {
                // Go walks a lease's keys in an order of its own each time.
                if name == "LeaseTimeToLiveResponse" {
                    remaining(fields);
                }
                for (field, value) in fields {
                    match self.stand_in(name, field, value) {
                        Some(text) => *value = Tree::Atom(text),
                        None => self.tree(value),
                    }
                }
            }
            Tree::List(items) => items.iter_mut().for_each(|item| self.tree(item)),
            Tree::Wrapped(_, inner) => self.tree(inner),
            Tree::Atom(_) | Tree::Text(_) => {}
        }
    }

    /// What stands for a field that varies. A field that has its default never varies: it is missing.
    fn stand_in(&self, record: &str, field: &str, value: &Tree) -> Option<String> {
        match (record, field, value) {
            ("AuthenticateResponse", "token", Tree::Text(token)) if !token.is_empty() => {
                Some(token_shape(token))
            }
            ("StatusResponse", "db_size" | "db_size_in_use" | "raft_index" | "raft_applied_index", value)
            | ("HashKvResponse" | "HashResponse", "hash", value)
                if !is_zero(value) =>
            {
                Some(format!("<{}>", field.replace('_', " ")))
            }
            ("StatusResponse", "version", Tree::Text(version)) if *version == self.release => {
                Some("<the release>".to_owned())
            }
            (_, "id" | "lease", Tree::Atom(number)) => {
                let id = number.parse().ok().filter(|id| *id >= LEAST_CHOSEN)?;
                let position = self.chosen.iter().position(|chosen| *chosen == id)?;
                Some(format!("<lease {}>", position + 1))
            }
            _ => None,
        }
    }
}

fn is_zero(value: &Tree) -> bool {
    matches!(value, Tree::Atom(number) if number == "0")
}

/// A simple token is 16 letters, a dot and raft's index; a signed one has three parts.
fn token_shape(token: &str) -> String {
    if token.split('.').count() == 3 {
        return "<signed>".to_owned();
    }
    match token.split_once('.') {
        Some((letters, index))
            if letters.len() == 16
                && letters.chars().all(|letter| letter.is_ascii_alphabetic())
                && index.parse::<u64>().is_ok() =>
        {
            "<16 letters>.<index>".to_owned()
        }
        _ => format!("{token:?}"),
    }
}

/// What is left of a lease, within some seconds of its whole, is told as such.
fn remaining(fields: &mut [(String, Tree)]) {
    let number = |name: &str| {
        fields.iter().find_map(|(field, value)| match value {
            Tree::Atom(number) if field == name => number.parse::<i64>().ok(),
            _ => None,
        })
    };
    let (left, granted) = (number("ttl").unwrap_or(0), number("granted_ttl").unwrap_or(0));
    // A case lasts some seconds in all; one that lets a short lease run out does not ask how long it has.
    let least = if granted < 1000 { granted - 2 } else { granted - 30 };
    for (field, value) in fields {
        match value {
            Tree::Atom(_) if field == "ttl" && granted > 0 && (least..=granted).contains(&left) => {
                *value = Tree::Atom("<nearly all>".to_owned());
            }
            Tree::List(keys) => keys.sort_by_key(|key| format!("{key:?}")),
            _ => {}
        }
    }
}
