//! The lane of the faults that steps made between client and server.

use super::{
    Glyph, Lane,
    lane::{counted, spelt},
};
use crate::{
    history::{Happening, History},
    report::Ink,
    scenario::Action,
};

/// None if no step made any.
pub(super) fn lane(history: &History) -> Option<Lane> {
    let mut lane = Lane::new("network");
    let mut told = Vec::new();
    for event in &history.events {
        let at = event.at();
        match &event.what {
            Happening::Acted { step } => match history.scenario.steps.get(*step).map(|step| &step.action) {
                Some(Action::BlackHole(hole)) => {
                    lane.span(at, at + hole.length, Glyph::BlackHole);
                    told.push(format!("black hole {}", spelt(hole.length)));
                }
                Some(Action::Delay(delay)) => {
                    lane.span(at, at + delay.length, Glyph::Delayed);
                    told.push(format!("{} late", spelt(delay.by)));
                }
                Some(action @ Action::DropConnections(_)) => {
                    lane.mark(at, Glyph::Dropped, action.describe());
                }
                _ => {}
            },
            Happening::ReplyLost { client, method } => {
                lane.mark(at, Glyph::ReplyLost, format!("client {client}: {method}"));
            }
            _ => {}
        }
    }
    told.extend(counted(lane.count(Glyph::Dropped), "cut", "cuts"));
    told.extend(counted(lane.count(Glyph::ReplyLost), "reply lost", "replies lost"));
    lane.note(Ink::Normal, told.join(", "));
    lane.unless_empty()
}
