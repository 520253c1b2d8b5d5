//! The text of a snapshot.

use std::fmt::Write;

use crate::{
    report::numbered,
    verdict::{Aftermath, CallResult, ConsumerJudgement, HandedOut, Judgement, natural_order},
};

/// A list of items is broken into lines of about this width.
const WIDTH: usize = 100;

/// The snapshot of a judgement: per consumer in file order its outcome and the distinct results of its calls; then the
/// aftermath, the verdict, and the items handed out. Nothing else.
///
/// A run that proves nothing has no snapshot worth keeping; its text is the verdict and the reason.
pub fn text(judgement: &Judgement) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_text(&mut text, judgement);
    text
}

fn write_text(text: &mut String, judgement: &Judgement) -> std::fmt::Result {
    if let Some(why) = &judgement.inconclusive {
        return writeln!(text, "verdict: {}\n  {why}", judgement.verdict);
    }
    for consumer in &judgement.consumers {
        writeln!(text, "consumer {}: {}", consumer.name, consumer.outcome)?;
        for result in results(consumer) {
            writeln!(text, "  {}", in_one_line(&result))?;
        }
    }
    if let Some(aftermath) = &judgement.aftermath {
        write!(text, "aftermath: {aftermath}")?;
        match aftermath {
            Aftermath::Deaf(names) => {
                let noun = if names.len() == 1 { "consumer" } else { "consumers" };
                writeln!(text, ": {noun} {}", numbered::shortened(&references(names)).join(", "))?;
            }
            Aftermath::Healthy | Aftermath::Dead => writeln!(text)?,
        }
    }
    writeln!(text, "verdict: {}", judgement.verdict)?;
    let how = match judgement.handed_out {
        HandedOut::Set(_) => "in any order",
        HandedOut::Sequence(_) => "in this order",
    };
    match &numbered::shortened(&judgement.handed_out.items())[..] {
        [] => writeln!(text, "handed out: nothing"),
        items => writeln!(text, "handed out, {how}:\n{}", in_lines(items)),
    }
}

/// The results as texts: items first, in natural order.
fn results(consumer: &ConsumerJudgement) -> Vec<String> {
    let mut items = Vec::new();
    let mut others = Vec::new();
    for result in &consumer.results {
        match result {
            CallResult::Item(item) => items.push(item.as_str()),
            CallResult::Nothing
            | CallResult::Passed
            | CallResult::GivenUp
            | CallResult::Error(_)
            | CallResult::Died(_) => others.push(result.to_string()),
        }
    }
    items.sort_by(|a, b| natural_order(a, b));
    let items = numbered::shortened(&items).into_iter().map(|item| CallResult::Item(item).to_string());
    items.chain(others).collect()
}

fn in_lines(items: &[String]) -> String {
    let mut lines = vec![String::new()];
    for item in items {
        let item = if item.is_empty() { "\"\"".to_owned() } else { in_one_line(item) };
        match lines.last_mut() {
            Some(line) if line.is_empty() => *line = format!("  {item}"),
            Some(line) if line.chars().count() + item.chars().count() + 2 <= WIDTH => {
                line.push_str(", ");
                line.push_str(&item);
            }
            _ => lines.push(format!("  {item}")),
        }
    }
    lines.join("\n")
}

/// A text with what would break its line written out.
fn in_one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}

fn references(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
