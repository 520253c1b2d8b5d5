//! From a file's text to a scenario: the one way in.

use std::sync::Arc;

use serde::Deserialize;
use toml::de::{DeTable, Deserializer};

use super::{
    Diagnosis, Problem, ProblemKind, Scenario, Warning,
    check::{Checked, check},
    diagnosis::Source,
    edge::{Edge, starts_at_the_edge},
    file::ScenarioFile,
    schema, shape, spell_duration,
};

/// A scenario file that is right.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What it says.
    pub scenario: Scenario,
    /// What its author should think over; it runs all the same.
    pub warnings: Vec<Warning>,
}

/// Parses and checks the text of a scenario file.
///
/// `name` is what the scenario is called, `file` how the file is named in messages.
///
/// Errors: all problems that could be found at once, each with its place. What is no TOML is not looked
/// into further.
pub fn parse(name: &str, file: &str, text: &str) -> Result<Parsed, Diagnosis> {
    let source = Source::new(file, Arc::from(text)).with_language("toml");
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut problems: Vec<Problem> =
        errors.iter().map(|error| place(error, text, syntax(error.message()))).collect();
    if let Some(problem) = problems.pop() {
        return Err(Diagnosis::new(source, problem, problems));
    }
    problems = shape::compare(text, table.get_ref(), schema::value());
    // Unknown keys do not stop serde: then all else that is wrong is shown along with them.
    let file = match ScenarioFile::deserialize(Deserializer::from(table)) {
        Ok(file) => file,
        Err(error) => {
            let unusable = || place(&error, text, ProblemKind::Unusable(error.message().to_owned()));
            let problem = problems.pop().unwrap_or_else(unusable);
            return Err(Diagnosis::new(source, problem, problems));
        }
    };
    let checked = check(name, &file);
    problems.extend(checked.problems.iter().cloned());
    if let Some(problem) = problems.pop() {
        return Err(Diagnosis::new(source, problem, problems));
    }
    let edges = starts_at_the_edge(&checked.scenario).into_iter();
    let warnings = edges.map(|edge| warning(&source, &checked, edge)).collect();
    Ok(Parsed { scenario: checked.scenario, warnings })
}

/// What the parser says, taken apart: it says what it expected last.
fn syntax(says: &str) -> ProblemKind {
    let (message, expected) = match says.split_once(", expected ") {
        Some((message, expected)) => (message, Some(expected)),
        None if says == "duplicate key" => (says, Some("each key once")),
        None => (says, None),
    };
    ProblemKind::Syntax { message: message.to_owned(), expected: expected.map(str::to_owned) }
}

fn place(error: &toml::de::Error, text: &str, kind: ProblemKind) -> Problem {
    Problem { span: error.span().unwrap_or(text.len()..text.len()), kind }
}

fn warning(source: &Source, Checked { scenario, starts, .. }: &Checked, edge: Edge) -> Warning {
    let consumer = &scenario.consumers[edge.follower];
    let ttl = scenario.etcd.token_ttl.map(spell_duration).unwrap_or_default();
    // A start that is not written is at 0 s, and has none before it.
    let safe = consumer.start - edge.gap + edge.safe_gap;
    Warning {
        source_code: source.clone(),
        consumer: consumer.name.clone(),
        span: starts[edge.follower].clone().unwrap_or_default(),
        says: format!(
            "{} after the previous start on client {:?}",
            spell_duration(edge.gap),
            consumer.client
        ),
        advice: format!(
            "a token with a life of {ttl} dies within the second after that: here the scenario may come out \
             either way. Start at {:?} or later for a dead token, within {ttl} of \
             the previous start for a live one",
            spell_duration(safe)
        ),
    }
}

#[cfg(test)]
mod tests;
