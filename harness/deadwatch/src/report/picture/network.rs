//! The lane of the faults that steps made between client and server.

use super::{
    Glyph, Lane,
    lane::{counted, spelt},
};
use crate::{
    history::{Happening, History},
    report::{Ink, action},
    scenario::Action,
};

/// None if no step made any, or nothing came of one.
pub(super) fn lane(history: &History) -> Option<Lane> {
    let mut lane = Lane::new("network");
    let mut told = Vec::new();
    let mut dropped = 0;
    let mut unspent = Vec::new();
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
            Happening::RequestHeld { client, method } => {
                lane.mark(at, Glyph::RequestHeld, format!("client {client}: {method}"));
            }
            Happening::RequestReleased { client, method } => {
                lane.mark(at, Glyph::RequestReleased, format!("client {client}: {method}"));
            }
            Happening::RequestDropped { .. } => dropped += 1,
            Happening::Unspent { fault } => unspent.push(format!("not hit: {}", action::named(fault))),
            _ => {}
        }
    }
    told.extend(counted(lane.count(Glyph::Dropped), "cut", "cuts"));
    told.extend(counted(lane.count(Glyph::ReplyLost), "reply lost", "replies lost"));
    told.extend(counted(lane.count(Glyph::RequestHeld), "held back", "held back"));
    told.extend(counted(dropped, "never arrived", "never arrived"));
    told.extend(unspent);
    // Also where all that is to be told is that nothing was hit.
    if told.is_empty() {
        return None;
    }
    lane.note(Ink::Normal, told.join(", "));
    Some(lane)
}
