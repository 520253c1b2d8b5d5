//! From a file's text to a scenario: the one way in.

use std::sync::Arc;

use serde::Deserialize;
use toml::de::{DeTable, Deserializer};

use super::{
    Diagnosis, Problem, ProblemKind, Scenario, Warning, check::check, diagnosis::Source, file::ScenarioFile,
    schema, shape, warning::warnings,
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
    let warnings = warnings(&source, &checked);
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

#[cfg(test)]
mod tests;
