//! The lane of all that steps did which shows in no other lane.

use super::{Glyph, Lane};
use crate::{
    history::{Happening, History},
    report::{Ink, action},
    scenario::Action,
};

/// None if they did nothing of the kind.
pub(super) fn lane(history: &History) -> Option<Lane> {
    let mut lane = Lane::new("steps");
    let mut told = Vec::new();
    for event in &history.events {
        let at = event.at();
        match &event.what {
            Happening::Acted { step } => {
                let action = history.scenario.steps.get(*step).map(|step| &step.action);
                if let Some(action) = action.filter(|action| shows_nowhere_else(action)) {
                    lane.mark(at, Glyph::Step, action.describe());
                    told.push(action::named(action).to_owned());
                }
            }
            Happening::StepRefused { step, reason } => {
                let action = history.scenario.steps.get(*step).map(|step| action::named(&step.action));
                lane.mark(at, Glyph::StepRefused, reason.as_str());
                told.push(format!("{} refused", action.unwrap_or("step")));
            }
            Happening::Closed { client } => {
                lane.mark(at, Glyph::Closed, format!("client {client}"));
                told.push("closed".to_owned());
            }
            Happening::Cancelled { consumer, .. } => {
                lane.mark(at, Glyph::Cancelled, format!("consumer {consumer}"));
                told.push("given up".to_owned());
            }
            _ => {}
        }
    }
    // What is done many times, as putting keys, is told once.
    told.dedup();
    lane.note(Ink::Normal, told.join(", "));
    lane.unless_empty()
}

fn shows_nowhere_else(action: &Action) -> bool {
    match action {
        Action::Put(_)
        | Action::Delete(_)
        | Action::Compact
        | Action::Save
        | Action::Defrag
        | Action::LoseReplies(_)
        | Action::HoldRequests(_)
        | Action::AddUser(_)
        | Action::ChangePassword(_)
        | Action::DeleteUser(_)
        | Action::RevokeRole(_)
        | Action::EnableAuth
        | Action::DisableAuth => true,
        // The lanes of producers, the server, the network, and of what is held; and the events in this one.
        Action::Enqueue(_)
        | Action::Restart(_)
        | Action::Pause
        | Action::Resume
        | Action::Isolate
        | Action::Rejoin
        | Action::DropConnections(_)
        | Action::BlackHole(_)
        | Action::Delay(_)
        | Action::ReleaseRequests
        | Action::HoldBarrier(_)
        | Action::ReleaseBarrier(_)
        | Action::HoldLock(_)
        | Action::ReleaseLock(_)
        | Action::CloseClient(_)
        | Action::CancelCall(_) => false,
    }
}
