//! The page as a whole: its head, how many runs came to what, the table, the legend, and a section for each scenario.

use std::{cmp::Reverse, collections::BTreeMap};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    class, index,
    run::{self, Drawn},
    scenario, timeline,
};
use crate::report::{Case, Source, Standing, picture::Extent};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const SHAPES: &str = include_str!("shapes.svg");

/// Nothing is fetched from anywhere, whatever stands in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// A case, and its number on the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) number: usize,
}

/// A page is no longer than this, bytes, as far as leaving out timelines can help.
const MOST_BYTES: usize = 1_000_000;

/// The page. `sources` are known by scenario; a scenario without one is shown in words.
///
/// Where it would be longer than 1 MB, it says so and leaves out timelines: first of runs that survived as expected,
/// then of all that came out as expected.
pub fn page(cases: &[Case<'_>], sources: &BTreeMap<String, Source>) -> String {
    let mut page = String::new();
    for drawn in Drawn::ALL {
        page = drawing(cases, sources, drawn);
        if page.len() < MOST_BYTES {
            break;
        }
    }
    page
}

fn drawing(cases: &[Case<'_>], sources: &BTreeMap<String, Source>, drawn: Drawn) -> String {
    let mut entries: Vec<_> =
        cases.iter().enumerate().map(|(index, case)| Entry { case, number: index + 1 }).collect();
    // Sorting keeps the order of what stands alike.
    entries.sort_by_key(|entry| Reverse(entry.case.standing()));
    let totals = totals(cases);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "deadwatch: " (totals) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#runs" { "Skip to the runs" }
                (PreEscaped(SHAPES))
                header {
                    h1 { "deadwatch" }
                    p { (totals) }
                }
                main {
                    (index::table(&entries))
                    (timeline::legend())
                    h2 #runs tabindex="-1" { "Runs" }
                    @if let Some(left_out) = drawn.left_out() { p { (left_out) } }
                    @for group in groups(&entries) { (section(&group, sources, drawn)) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

/// `12 runs: 2 different from the snapshot, 10 as the snapshot says`.
fn totals(cases: &[Case<'_>]) -> String {
    let kinds = [
        Standing::Failed,
        Standing::Differs,
        Standing::NewAndUnsafe,
        Standing::Inconclusive,
        Standing::New,
        Standing::AsExpected,
        Standing::Ignored,
    ];
    let told: Vec<_> = kinds
        .into_iter()
        .map(|kind| (kind, cases.iter().filter(|case| case.standing() == kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {}", kind.counted()))
        .collect();
    match cases.len() {
        0 => "nothing was asked for".to_owned(),
        1 => format!("1 run: {}", told.join(", ")),
        many => format!("{many} runs: {}", told.join(", ")),
    }
}

/// The entries by scenario, each group where its first is.
fn groups<'a>(entries: &[Entry<'a>]) -> Vec<Vec<Entry<'a>>> {
    let mut groups: Vec<Vec<Entry<'a>>> = Vec::new();
    for entry in entries {
        let same = |group: &&mut Vec<Entry<'a>>| {
            group.first().is_some_and(|first| first.case.scenario() == entry.case.scenario())
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(*entry),
            None => groups.push(vec![*entry]),
        }
    }
    groups
}

/// A scenario: its runs, over one axis of time, and what the file says.
fn section(group: &[Entry<'_>], sources: &BTreeMap<String, Source>, drawn: Drawn) -> Markup {
    let Some(name) = group.first().map(|entry| entry.case.scenario()) else { return html! {} };
    let ran = || {
        group.iter().filter_map(|entry| match entry.case {
            Case::Ran(view) => Some(view.history),
            Case::Ignored(_) | Case::Failed(_) => None,
        })
    };
    let standing = group.first().map_or(Standing::Ignored, |entry| entry.case.standing());
    let told = ran().next().map(|history| &history.scenario);
    html! {
        section {
            h3 { (name) }
            @if let Some(told) = told { p.title { (told.title) } }
            div.beside {
                div {
                    @for entry in group {
                        @match (entry.case, Extent::of(ran())) {
                            (Case::Ran(view), Some(extent)) => (run::article(entry.number, view, extent, drawn)),
                            (case, _) => (unmade(entry.number, case)),
                        }
                    }
                }
                (scenario::text(told, sources.get(name), standing))
            }
        }
    }
}

/// A run that was not made.
fn unmade(number: usize, case: &Case<'_>) -> Markup {
    let standing = case.standing();
    let (_, backend, subject) = case.parts();
    html! {
        p.unmade #{ "r" (number) } {
            span class=(class(standing.ink())) { (standing.sign()) }
            " " strong { (subject) } " on " (backend) ": " (standing.said())
            @if let Some(reason) = case.reason() { ": " (reason) }
        }
    }
}
