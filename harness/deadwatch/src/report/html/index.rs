//! The table of all runs: what matters most first, each row leading to its run.

use maud::{Markup, html};

use super::{class, page::Entry};
use crate::report::{Case, Ink, words::in_short};

/// The table, and the field that filters it; without script the field is not there.
pub(super) fn table(entries: &[Entry<'_>]) -> Markup {
    html! {
        form #search role="search" hidden {
            label for="find" { "Show only runs that mention" }
            " " input #find type="search" autocomplete="off" placeholder="resilient crash";
            " " output #found for="find" {}
        }
        table {
            caption.unseen { "All runs, those to look at first" }
            thead { tr { @for name in ["Run", "Etcd", "On", "Subject", "Outcome", "Verdict", "Snapshot"] {
                th scope="col" { (name) }
            } } }
            tbody { @for entry in entries { (row(entry)) } }
        }
    }
}

fn row(entry: &Entry<'_>) -> Markup {
    let case = entry.case;
    let standing = case.standing();
    let (scenario, backend, subject) = case.parts();
    let link = format!("#r{}", entry.number);
    html! {
        tr {
            th scope="row" { a href=(link) { (scenario) } }
            @match case {
                Case::Ran(run) => {
                    @let ink = run.judgement.outcome.map_or(Ink::Normal, Ink::from);
                    td { (run.history.scenario.etcd.version) }
                    td { (backend) }
                    td { (subject) }
                    td class=(class(ink)) { (in_short(run.judgement)) }
                    td class=(class(run.judgement.verdict.into())) { (run.judgement.verdict) }
                },
                Case::Ignored(_) | Case::Failed(_) => {
                    td {}
                    td { (backend) }
                    td { (subject) }
                    td { "-" }
                    td { "-" }
                }
            }
            td class=(class(standing.ink())) { (standing.sign()) " " (standing.said()) }
        }
    }
}
