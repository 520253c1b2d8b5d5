//! Scenarios of any size, made up.

use std::fmt::Write;

use deadwatch::scenario::{Diagnosis, Scenario, parse};

/// The story with so many consumers in place of two: all but the last wait from 0 s on, and the last starts when the
/// token of their stream has died.
///
/// # Errors
/// None that is known: what is made up here is a scenario.
pub fn crowd(consumers: usize) -> Result<Scenario, Diagnosis> {
    let mut text = String::from(
        "title = 'The story, crowded'\n[etcd]\nversion = '3.5.5'\ntoken-ttl = '5s'\n[run]\nlength = '16s'\n",
    );
    for number in 1..=consumers {
        let start = if number == consumers { "7s" } else { "0s" };
        let _ = writeln!(text, "[[consumer]]\nstart = '{start}'");
    }
    scenario("made-up/crowd", &text)
}

/// So many items lie there, written in one go, when the one consumer starts; the timeline is long enough for a
/// consumer that needs 3 ms for each.
///
/// # Errors
/// None that is known: what is made up here is a scenario.
pub fn backlog(items: usize) -> Result<Scenario, Diagnosis> {
    // The producer takes 1 ms for each, a request's time.
    let start_ms = items + 1_000;
    let length_ms = start_ms + items * 4 + 1_000;
    let text = format!(
        "title = 'A backlog'\n[etcd]\nversion = '3.5.5'\n[[consumer]]\nstart = '{start_ms}ms'\n\
         [[step]]\nat = '0s'\nenqueue = {{ value = 'item', count = {items} }}\n[run]\nlength = '{length_ms}ms'\n"
    );
    scenario("made-up/backlog", &text)
}

fn scenario(name: &str, text: &str) -> Result<Scenario, Diagnosis> {
    Ok(parse(name, name, text)?.scenario)
}
