//! The lane of the items that were enqueued.

use super::{Glyph, Lane, lane::counted};
use crate::{
    history::{Acceptance, Happening, History},
    report::Ink,
};

/// None if there were none.
pub(super) fn lane(history: &History) -> Option<Lane> {
    let mut lane = Lane::new("enqueued");
    let mut items = 0_usize;
    for event in &history.events {
        match &event.what {
            Happening::EnqueueBegan { .. } => items += 1,
            Happening::EnqueueEnded { item, acceptance } => match acceptance {
                Acceptance::Acknowledged => lane.mark(event.at(), Glyph::Enqueued, item),
                Acceptance::Unknown(error) => {
                    lane.mark(event.at(), Glyph::EnqueueUnknown, format!("{item}: {error}"));
                }
            },
            _ => {}
        }
    }
    lane.note(Ink::Normal, counted(items, "item", "items")?);
    Some(lane)
}
