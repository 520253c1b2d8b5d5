//! One run: what it came to, in one sentence what happened, the timeline, and how it differs from its snapshot.

use maud::{Markup, html};

use super::{class, timeline};
use crate::report::{
    RunView, Standing,
    difference::{self, Line},
    picture::Extent,
    words::{circumstances, in_short},
};

/// The run, drawn over so much time. What somebody has to look at is open from the start.
pub(super) fn article(number: usize, run: &RunView<'_>, extent: Extent) -> Markup {
    let standing = Standing::of(run);
    let judgement = run.judgement;
    let open = standing.is_worth_a_look();
    let difference = difference::of(run);
    html! {
        details data-is=(class(standing.ink())) open[open] {
            summary {
                span class={ "sign " (class(standing.ink())) } { (standing.sign()) }
                " " strong { (run.history.subject) }
                @if let Some(outcome) = judgement.outcome {
                    " " span class=(class(outcome.into())) { (in_short(judgement)) }
                }
                " · " span class=(class(judgement.verdict.into())) { (judgement.verdict) }
                " · " (standing.said())
            }
            p.on #{ "r" (number) } {
                "on " (circumstances(&run.history.scenario, &run.history.backend))
                @if let Some(seed) = run.seed_worth_naming() { ", seed " (seed) }
            }
            p { (judgement.explanation) }
            @if run.was_played() && standing != Standing::Ignored {
                (timeline::drawn(run, extent))
            }
            @if !difference.is_empty() {
                h4 { "What the snapshot says (-), and what was found (+)" }
                pre tabindex="0" { @for line in &difference { (changed(line)) "\n" } }
            }
        }
    }
}

fn changed(line: &Line) -> Markup {
    let text = format!("{} {}", line.sign(), line.text());
    match line {
        Line::Expected(_) => html! { del { (text) } },
        Line::Found(_) => html! { ins { (text) } },
        Line::Same(_) => html! { (text) },
    }
}
