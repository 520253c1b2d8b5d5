//! What there is to draw of a run: lanes over time, each with what went on and what happened in it.
//!
//! The facts are worked out here, once; the terminal draws them in columns, the page of HTML in SVG. A [`Glyph`] stands
//! for each kind of fact in all of them.

mod consumer;
mod etcd;
mod glyph;
mod held;
mod lane;
mod network;
mod producer;
mod server;
mod step;
mod token;

use std::time::Duration;

pub(super) use consumer::{consumers, unshown};
pub(super) use glyph::Glyph;
pub(super) use lane::Lane;
pub(super) use token::refused;

use crate::history::History;

/// The lanes of what the consumers did not do.
pub(super) fn beside_consumers(history: &History) -> Vec<Lane> {
    let single = [
        producer::lane(history),
        etcd::lane(history),
        server::lane(history),
        network::lane(history),
        step::lane(history),
        held::lane(history),
    ];
    let members = server::members(history);
    single.into_iter().flatten().chain(members).chain(token::lanes(history)).collect()
}

/// How long an aftermath is at most, from the control on; a picture has room for it also where the run ended early, so
/// that runs of the same scenario are drawn alike.
const AFTERMATH: Duration = Duration::from_secs(3);

/// The distances of an axis's labels that read well, in seconds.
pub(super) const STEPS_S: [u64; 11] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];

/// How much time a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// How long the timeline is; after it comes the aftermath.
    pub(super) timeline: Duration,
    /// The end of it all.
    pub(super) end: Duration,
}

impl Extent {
    /// Of all these runs together; none if there is no run.
    pub(super) fn of<'a>(histories: impl IntoIterator<Item = &'a History>) -> Option<Self> {
        let extents = histories.into_iter().map(|history| {
            let timeline = history.scenario.length;
            Self { timeline, end: last(history).max(timeline + AFTERMATH) }
        });
        extents.reduce(|one, other| Self {
            timeline: one.timeline.max(other.timeline),
            end: one.end.max(other.end),
        })
    }
}

/// When the last thing happened.
fn last(history: &History) -> Duration {
    history.events.iter().map(|event| event.at()).max().unwrap_or_default()
}
