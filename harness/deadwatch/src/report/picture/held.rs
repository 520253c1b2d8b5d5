//! The lane of the barriers and locks that the harness holds, so that nobody may pass.

use super::{Glyph, Lane, last};
use crate::{
    history::{Happening, History},
    report::Ink,
};

/// None if it held nothing.
pub(super) fn lane(history: &History) -> Option<Lane> {
    let mut lane = Lane::new("held");
    let mut keys: Vec<&str> = Vec::new();
    for (place, event) in history.events.iter().enumerate() {
        let Happening::Held { key } = &event.what else { continue };
        let mut later = history.events.iter().skip(place + 1);
        let released =
            later.find(|event| matches!(&event.what, Happening::Released { key: freed } if freed == key));
        lane.span(event.at(), released.map_or_else(|| last(history), |event| event.at()), Glyph::Held);
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    lane.note(Ink::Normal, keys.join(", "));
    lane.unless_empty()
}
