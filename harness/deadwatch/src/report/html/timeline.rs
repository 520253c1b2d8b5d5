//! The timeline of a run: a lane of SVG for each of the picture's, so wide as there is room.

use std::{collections::BTreeMap, time::Duration};

use maud::{Markup, html};

use super::class;
use crate::report::{
    RunView,
    picture::{self, Extent, Glyph, Lane, STEPS_S},
};

/// More consumers than this are told by their number.
const LANES: usize = 16;

/// Marks of a lane that are nearer to each other than this many per cent of the whole are drawn as one.
const NEAR: f64 = 1.0;

/// So many things of a lane are told to who can't see it.
const TOLD: usize = 8;

/// A detail is told in so many characters.
const DETAIL: usize = 160;

/// Most labels of an axis.
const LABELS: f64 = 9.0;

/// The lanes of a run over so much time.
pub(super) fn drawn(run: &RunView<'_>, extent: Extent) -> Markup {
    let seconds = extent.end.as_secs_f64();
    let steps = STEPS_S.map(Duration::from_secs);
    let step = steps.into_iter().find(|step| seconds / step.as_secs_f64() <= LABELS).unwrap_or(extent.end);
    let place = |at| percent(at, extent);
    let style = format!("--a:{}%;--s:{}%", place(extent.timeline), place(step));
    html! {
        div.lanes style=(style) {
            (axis(extent, step))
            @for lane in picture::consumers(run.history, run.judgement, LANES) { (row(&lane, extent)) }
            @if let Some(more) = picture::unshown(run.judgement, LANES) { p.more { (more) } }
            @for lane in picture::beside_consumers(run.history) { (row(&lane, extent)) }
        }
    }
}

/// What every sign means.
pub(super) fn legend() -> Markup {
    html! {
        details.legend {
            summary { "What the signs mean" }
            ul { @for glyph in Glyph::ALL {
                li {
                    svg aria-hidden="true" { (sign(glyph)) }
                    " " (glyph.meaning())
                }
            } }
        }
    }
}

fn sign(glyph: Glyph) -> Markup {
    match shape(glyph) {
        Shape::Span(id) => span("0", "100", id),
        Shape::Mark(id) => mark("50", id, glyph, &html! {}),
    }
}

fn axis(extent: Extent, step: Duration) -> Markup {
    let labels = (0..).map(|number| step * number).take_while(|at| *at <= extent.timeline);
    html! {
        div.l.axis aria-hidden="true" {
            b { "s" }
            svg {
                @for at in labels { text x=(format!("{}%", percent(at, extent))) y="14" { (at.as_secs()) } }
                text x=(format!("{}%", percent(extent.timeline, extent))) y="28" { "aftermath" }
            }
        }
    }
}

fn row(lane: &Lane, extent: Extent) -> Markup {
    let (ink, note) = &lane.note;
    let spans = lane.spans.iter().filter(|span| span.from < extent.end);
    html! {
        div.l {
            b { (lane.label) }
            svg role="img" aria-label=(told(lane, extent)) {
                @for one in spans {
                    @if let Shape::Span(id) = shape(one.glyph) {
                        (span(&percent(one.from, extent), &width(one.from, one.to, extent), id))
                    }
                }
                @for near in together(lane, extent) {
                    @if let Shape::Mark(id) = shape(near.glyph) {
                        (mark(&percent(near.from, extent), id, near.glyph, &html! { title { (near.said()) } }))
                    }
                }
            }
            i class=(class(*ink)) { (note) }
        }
    }
}

/// Marks that lie so near to each other that they are drawn as one.
struct Near<'a> {
    from: Duration,
    to: Duration,
    /// Of several the one that is last in the list of all.
    glyph: Glyph,
    detail: &'a str,
    count: usize,
}

impl Near<'_> {
    fn said(&self) -> String {
        let detail: String = self.detail.chars().take(DETAIL).collect();
        let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
        let meaning = self.glyph.meaning();
        match self.count {
            1 => format!("{} s: {meaning}{detail}", seconds(self.from)),
            count => format!(
                "{} s to {} s: {count} signs, among them {meaning}{detail}",
                seconds(self.from),
                seconds(self.to)
            ),
        }
    }
}

fn together<'a>(lane: &'a Lane, extent: Extent) -> Vec<Near<'a>> {
    let mut places: BTreeMap<u64, Near<'a>> = BTreeMap::new();
    for mark in &lane.marks {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = (share(mark.at, extent) / NEAR) as u64;
        places
            .entry(place)
            .and_modify(|near| {
                near.to = mark.at;
                near.count += 1;
                if near.glyph < mark.glyph {
                    near.glyph = mark.glyph;
                    near.detail = &mark.detail;
                }
            })
            .or_insert(Near {
                from: mark.at,
                to: mark.at,
                glyph: mark.glyph,
                detail: &mark.detail,
                count: 1,
            });
    }
    places.into_values().collect()
}

/// A lane in words, for who can't see it.
fn told(lane: &Lane, extent: Extent) -> String {
    let spans = lane.spans.iter().filter(|span| span.from < extent.end).map(|span| {
        let to = span.to.min(extent.end);
        format!("{} from {} s to {} s", span.glyph.meaning(), seconds(span.from), seconds(to))
    });
    let marks = lane.marks.iter().map(|mark| format!("{} at {} s", mark.glyph.meaning(), seconds(mark.at)));
    let told: Vec<_> = spans.chain(marks).take(TOLD).collect();
    let more = match (lane.spans.len() + lane.marks.len()).saturating_sub(told.len()) {
        0 => "",
        _ => ", and more",
    };
    format!("{}: {}{more}", lane.label, told.join(", "))
}

/// What a sign is drawn with: ids in `shapes.svg`.
enum Shape {
    /// A pattern for what goes on.
    Span(&'static str),
    /// A shape for what happens.
    Mark(&'static str),
}

const fn shape(glyph: Glyph) -> Shape {
    match glyph {
        Glyph::Waiting => Shape::Span("waiting"),
        Glyph::Deaf => Shape::Span("deaf"),
        Glyph::Spinning => Shape::Span("spinning"),
        Glyph::Held => Shape::Span("held"),
        Glyph::Delayed => Shape::Span("delayed"),
        Glyph::BlackHole => Shape::Span("hole"),
        Glyph::Isolated => Shape::Span("isolated"),
        Glyph::Paused => Shape::Span("paused"),
        Glyph::Down => Shape::Span("down"),
        Glyph::TokenAlive => Shape::Span("alive"),
        Glyph::TokenDying => Shape::Span("dying"),
        Glyph::TokenDead => Shape::Span("dead"),
        Glyph::TokenIssued => Shape::Mark("issued"),
        Glyph::Enqueued => Shape::Mark("enqueued"),
        Glyph::EnqueueUnknown => Shape::Mark("unknown"),
        Glyph::Probe => Shape::Mark("probe"),
        Glyph::Item => Shape::Mark("item"),
        Glyph::Done => Shape::Mark("done"),
        Glyph::Step => Shape::Mark("step"),
        Glyph::StepRefused => Shape::Mark("step-refused"),
        Glyph::Closed => Shape::Mark("closed"),
        Glyph::Cancelled => Shape::Mark("cancelled"),
        Glyph::Dropped => Shape::Mark("cut"),
        Glyph::ReplyLost => Shape::Mark("lost"),
        Glyph::RequestHeld => Shape::Mark("late"),
        Glyph::RequestReleased => Shape::Mark("let-go"),
        Glyph::Disconnected => Shape::Mark("disconnected"),
        Glyph::Compacted => Shape::Mark("compacted"),
        Glyph::Refused => Shape::Mark("refused"),
        Glyph::Failed => Shape::Mark("failed"),
        Glyph::Died => Shape::Mark("died"),
    }
}

fn span(x: &str, width: &str, id: &str) -> Markup {
    html! {
        rect x={ (x) "%" } y="4" width={ (width) "%" } height="14" fill={ "url(#" (id) ")" } {}
    }
}

fn mark(x: &str, id: &str, glyph: Glyph, title: &Markup) -> Markup {
    html! { use class=(class(glyph.ink())) href={ "#" (id) } x={ (x) "%" } y="11" { (title) } }
}

/// How far to the right, in per cent of the whole; at most all of it.
fn share(at: Duration, extent: Extent) -> f64 {
    (at.as_secs_f64() / extent.end.as_secs_f64().max(f64::MIN_POSITIVE) * 100.0).min(100.0)
}

fn percent(at: Duration, extent: Extent) -> String {
    short(share(at, extent))
}

fn width(from: Duration, to: Duration, extent: Extent) -> String {
    short(share(to, extent) - share(from, extent))
}

/// To a tenth, which is finer than a screen.
fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn seconds(at: Duration) -> String {
    let text = format!("{:.3}", at.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
