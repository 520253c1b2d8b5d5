//! GitHub's workflow commands: a line for each run that somebody has to look at, shown beside the scenario's file.
//!
//! (GitHub's documentation, "Workflow commands for GitHub Actions"; the escapes are those of actions/toolkit,
//! `packages/core/src/command.ts`.)

use std::collections::BTreeMap;

use super::{Case, Source, Standing, words::in_short};

/// The commands, a line each; empty if nobody has to look at anything.
///
/// A difference, something unsafe that nobody has reviewed, and a failure of the harness are errors; a run that proves
/// nothing is a warning. `sources` are known by scenario.
pub fn github(cases: &[Case<'_>], sources: &BTreeMap<String, Source>) -> String {
    cases.iter().filter_map(|case| command(case, sources.get(case.scenario()))).collect()
}

fn command(case: &Case<'_>, source: Option<&Source>) -> Option<String> {
    let level = match case.standing() {
        Standing::Differs | Standing::NewAndUnsafe | Standing::Failed => "error",
        Standing::Inconclusive => "warning",
        Standing::Ignored | Standing::AsExpected | Standing::New => return None,
    };
    // A scenario that is built into the program has no file in whoever's workflow this is.
    let file = source.map_or(String::new(), |source| format!("file={},", property(&source.path)));
    let title = property(&case.name());
    Some(format!("::{level} {file}title={title}::{}\n", data(&text(case))))
}

fn text(case: &Case<'_>) -> String {
    let said = case.standing().said();
    match (case, case.reason()) {
        (_, Some(reason)) => format!("{said}: {reason}"),
        (Case::Ran(run), None) => {
            format!(
                "{said}: {}, {}. {}",
                in_short(run.judgement),
                run.judgement.verdict,
                run.judgement.explanation
            )
        }
        (Case::Ignored(_) | Case::Failed(_), None) => said.to_owned(),
    }
}

/// What stands behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands in `name=value`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
