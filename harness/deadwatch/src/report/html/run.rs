//! One run: what it came to, in one sentence what happened, the timeline, and how it differs from its snapshot.

use maud::{Markup, html};

use super::{class, timeline};
use crate::{
    report::{
        RunView, Standing,
        difference::{self, Line},
        picture::Extent,
        words::{circumstances, in_short},
    },
    verdict::Verdict,
};

/// Of which runs the page has timelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    /// Of all.
    Every,
    /// Of those that did not survive, or not as expected.
    NotOfSurvivors,
    /// Of those that came out other than expected.
    Unexpected,
}

impl Drawn {
    /// From the longest page to the shortest.
    pub(super) const ALL: [Self; 3] = [Self::Every, Self::NotOfSurvivors, Self::Unexpected];

    /// What is to be said about the timelines that are not there.
    pub(super) const fn left_out(self) -> Option<&'static str> {
        match self {
            Self::Every => None,
            Self::NotOfSurvivors => Some(
                "To keep this page short, runs that survived as expected are without their timelines; a page of fewer \
                 scenarios has them.",
            ),
            Self::Unexpected => Some(
                "To keep this page short, runs that came out as expected are without their timelines; a page of fewer \
                 scenarios has them.",
            ),
        }
    }

    fn holds(self, standing: Standing, verdict: Verdict) -> bool {
        match self {
            Self::Every => true,
            Self::NotOfSurvivors => standing != Standing::AsExpected || verdict != Verdict::Survives,
            Self::Unexpected => standing != Standing::AsExpected,
        }
    }
}

/// The run, drawn over so much time. What somebody has to look at is open from the start.
pub(super) fn article(number: usize, run: &RunView<'_>, extent: Extent, drawn: Drawn) -> Markup {
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
            @if run.was_played() && standing != Standing::Ignored && drawn.holds(standing, judgement.verdict) {
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
