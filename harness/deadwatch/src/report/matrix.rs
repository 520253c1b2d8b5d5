//! One scenario on several servers with several generations of clients, as a table: which of them is safe with which.

use std::{collections::BTreeSet, fmt::Write};

use unicode_width::UnicodeWidthStr;

use super::{
    Ink,
    terminal::{
        Paint, WIDTH,
        prose::{fitted, padded, wrapped},
    },
};
use crate::{
    scenario::{Scenario, Version},
    verdict::{Aftermath, Judgement, Outcome},
};

/// A subject's name is cut here, if it is a long command.
const SUBJECT: usize = 24;

/// What one subject came to on one server with one client.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The server's release.
    pub server: Version,
    /// The client's; none: the subject does not depend on it.
    pub client: Option<Version>,
    /// The subject.
    pub subject: &'a str,
    /// What ran the server.
    pub backend: &'a str,
    /// What it came to.
    pub came_to: CameTo<'a>,
}

/// What a cell of the table came to.
#[derive(Clone, Copy, Debug)]
pub enum CameTo<'a> {
    /// It ran.
    Judged(&'a Judgement),
    /// It was not made; this is why.
    Unmade(&'a str),
}

/// The table: a row for each server and client, a column for each subject, each in the order of its first cell; then what
/// its words mean, and why what is missing is missing. Ends with a line end.
pub fn matrix(scenario: &Scenario, cells: &[Cell<'_>], paint: Paint) -> String {
    let servers = each_once(cells.iter().map(|cell| cell.server));
    let clients = each_once(cells.iter().filter_map(|cell| cell.client));
    let subjects = each_once(cells.iter().map(|cell| cell.subject));
    let clients: Vec<_> =
        if clients.is_empty() { vec![None] } else { clients.into_iter().map(Some).collect() };
    let mut rows = vec![head(&subjects)];
    for server in servers {
        for (place, client) in clients.iter().enumerate() {
            let first = place == 0;
            let texts = subjects.iter().map(|subject| {
                let found = cells.iter().find(|cell| {
                    let of_client = cell.client.is_none() || cell.client == *client;
                    cell.server == server && cell.subject == *subject && of_client
                });
                match found {
                    Some(Cell { client: None, .. }) if !first => (Ink::Faint, AS_ABOVE.to_owned()),
                    Some(cell) => cell.text(),
                    None => (Ink::Faint, String::new()),
                }
            });
            let server = if first { server.to_string() } else { String::new() };
            let client = client.map_or("any".to_owned(), |client| client.to_string());
            rows.push([(Ink::Strong, server), (Ink::Normal, client)].into_iter().chain(texts).collect());
        }
    }
    let title = fitted(&format!("{}: {}", scenario.name, scenario.title), WIDTH);
    let blocks = [
        vec![paint.text(Ink::Strong, &title)],
        aligned(&rows, paint),
        backends(cells, &subjects),
        legend(cells, clients.len()),
        reasons(cells),
    ];
    let blocks = blocks.into_iter().filter(|block| !block.is_empty());
    blocks.map(|block| block.join("\n") + "\n").collect::<Vec<_>>().join("\n")
}

/// Stands below what does not depend on the client.
const AS_ABOVE: &str = "″";

/// Stands for what was not run.
const UNMADE: &str = "-";

/// Stands for what proves nothing.
const INCONCLUSIVE: &str = "?";

impl Cell<'_> {
    fn text(&self) -> (Ink, String) {
        match self.came_to {
            CameTo::Unmade(_) => (Ink::Faint, UNMADE.to_owned()),
            CameTo::Judged(judgement) => (judgement.verdict.into(), in_short(judgement)),
        }
    }
}

/// `survives`, `crash`, `error, deaf (1)`: outcome and aftermath, what goes without saying left out.
fn in_short(judgement: &Judgement) -> String {
    match (judgement.outcome, &judgement.aftermath) {
        (Some(Outcome::Healthy), Some(Aftermath::Healthy)) => SURVIVES.0.to_owned(),
        (Some(Outcome::Healthy), Some(aftermath)) => aftermath.to_string(),
        (Some(outcome), Some(Aftermath::Healthy))
        | (Some(outcome @ Outcome::Crash), Some(Aftermath::Dead)) => outcome.to_string(),
        (Some(outcome), Some(aftermath)) => format!("{outcome}, {aftermath}"),
        (_, _) => INCONCLUSIVE.to_owned(),
    }
}

fn head(subjects: &[&str]) -> Vec<(Ink, String)> {
    let names = subjects.iter().map(|subject| fitted(subject, SUBJECT));
    ["server".to_owned(), "client".to_owned()]
        .into_iter()
        .chain(names)
        .map(|name| (Ink::Faint, name))
        .collect()
}

/// Rows in columns, each as wide as it needs to be; where there is no room for that, the subjects share what there is.
fn aligned(rows: &[Vec<(Ink, String)>], paint: Paint) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|(_, text)| text.width()).max().unwrap_or(0)
    };
    let names = widest(0) + widest(1) + 2 * GAP;
    let share = (WIDTH - names) / columns.saturating_sub(2).max(1) - GAP;
    let widths: Vec<_> = (0..columns)
        .map(|column| if column < 2 { widest(column) } else { widest(column).min(share) })
        .collect();
    let lines = rows.iter().map(|row| {
        let mut line = String::new();
        for ((ink, text), width) in row.iter().zip(&widths) {
            let text = fitted(text, *width);
            let gap = width + GAP - 1 - text.width();
            // Writing to a string does not fail.
            let _ = write!(line, " {}{:gap$}", paint.text(*ink, &text), "");
        }
        line.trim_end().to_owned()
    });
    lines.collect()
}

/// What is before and after a column, together.
const GAP: usize = 2;

/// Which subject ran on what.
fn backends(cells: &[Cell<'_>], subjects: &[&str]) -> Vec<String> {
    let mut told: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for subject in subjects {
        let ran = cells.iter().filter(|cell| matches!(cell.came_to, CameTo::Judged(_)));
        let on = each_once(ran.filter(|cell| cell.subject == *subject).map(|cell| cell.backend));
        match told.iter_mut().find(|(known, _)| *known == on) {
            _ if on.is_empty() => {}
            Some((_, of)) => of.push(subject),
            None => told.push((on, vec![subject])),
        }
    }
    let named = |on: &str| match on {
        "embedded" => "the embedded etcd".to_owned(),
        real => format!("a real etcd ({real})"),
    };
    let lines = told.iter().flat_map(|(on, of)| {
        let on: Vec<_> = on.iter().map(|on| named(on)).collect();
        wrapped(&format!("{} on {}", of.join(", "), on.join(" and ")), " ")
    });
    lines.collect()
}

const SURVIVES: (&str, &str) = ("survives", "healthy, and healthy afterwards");

/// What the words in the table mean, those that are in it.
fn legend(cells: &[Cell<'_>], clients: usize) -> Vec<String> {
    let judgements = || {
        cells.iter().filter_map(|cell| match cell.came_to {
            CameTo::Judged(judgement) => Some(judgement),
            CameTo::Unmade(_) => None,
        })
    };
    let survives = judgements().any(|judgement| in_short(judgement) == SURVIVES.0);
    let outcomes: BTreeSet<_> = judgements().filter_map(|judgement| judgement.outcome).collect();
    let outcomes =
        outcomes.into_iter().filter_map(|outcome| Some((outcome.to_string(), meaning(outcome)?.to_owned())));
    let deaf = judgements().any(|judgement| matches!(judgement.aftermath, Some(Aftermath::Deaf(_))));
    let dead = judgements().any(|judgement| in_short(judgement).ends_with("dead"));
    let proves_nothing = judgements().any(|judgement| judgement.inconclusive.is_some());
    let unmade = cells.iter().any(|cell| matches!(cell.came_to, CameTo::Unmade(_)));
    let alike = clients > 1 && cells.iter().any(|cell| cell.client.is_none());
    let others = [
        (deaf, "deaf (N)", "so many consumers take no item afterwards, and say nothing"),
        (dead, "dead", "afterwards no consumer is left"),
        (alike, AS_ABOVE, "as above: it does not depend on the client"),
        (proves_nothing, INCONCLUSIVE, "proves nothing; see below"),
        (unmade, UNMADE, "did not run; see below"),
    ];
    let others = others.into_iter().filter(|(there, ..)| *there).map(|(_, word, said)| (word, said));
    let mut entries: Vec<(String, String)> = Vec::new();
    entries.extend(survives.then(|| (SURVIVES.0.to_owned(), SURVIVES.1.to_owned())));
    entries.extend(outcomes);
    entries.extend(others.map(|(word, said)| (word.to_owned(), said.to_owned())));
    let widest = entries.iter().map(|(word, _)| word.width()).max().unwrap_or(0);
    entries.iter().map(|(word, said)| format!(" {}  {said}", padded(word, widest))).collect()
}

const fn meaning(outcome: Outcome) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Crash => "the process died, and every consumer in it",
        Outcome::Lost => "an acknowledged item is gone, and was handed to nobody",
        Outcome::Duplicated => "an item was handed out twice",
        Outcome::Reordered => "items came against their order",
        Outcome::FalseSuccess => "a call succeeded though what it waits for did not happen",
        Outcome::Spin => "failing calls, or requests, by the hundred a second",
        Outcome::Error => "a call returned an error; alone, it fails safely",
        Outcome::Healthy => return None,
    })
}

/// Why what is missing is missing, and what proves nothing does so; each reason once.
fn reasons(cells: &[Cell<'_>]) -> Vec<String> {
    let reasons = cells.iter().filter_map(|cell| {
        let Cell { server, client, subject, .. } = cell;
        match cell.came_to {
            CameTo::Unmade(why) => Some(format!("{subject}: {why}")),
            CameTo::Judged(judgement) => {
                let why = judgement.inconclusive.as_ref()?;
                let client = client.map_or(String::new(), |client| format!(" with client {client}"));
                Some(format!("{subject} on {server}{client}: {why}"))
            }
        }
    });
    each_once(reasons).iter().flat_map(|reason| wrapped(reason, " ")).collect()
}

fn each_once<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for value in values {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once
}
