//! The lane of the server: when it was down, frozen, or cut off from the other members.

use super::{Glyph, Lane, lane::spelt, last};
use crate::{
    history::{Happening, History, ServerState},
    report::Ink,
};

/// None if it served from the beginning to the end.
pub(super) fn lane(history: &History) -> Option<Lane> {
    let mut lane = Lane::new("server");
    let states: Vec<_> = history
        .events
        .iter()
        .filter_map(|event| match event.what {
            Happening::Server { state } => Some((event.at(), state)),
            _ => None,
        })
        .collect();
    let mut told = Vec::new();
    for (place, (from, state)) in states.iter().enumerate() {
        // A frozen server that is ended is not frozen any more.
        let (glyph, ends, word): (_, &[ServerState], _) = match state {
            ServerState::Down => (Glyph::Down, &[ServerState::Up], "down"),
            ServerState::Paused => (Glyph::Paused, &[ServerState::Resumed, ServerState::Down], "paused"),
            ServerState::Isolated => (Glyph::Isolated, &[ServerState::Rejoined], "cut off"),
            ServerState::Up | ServerState::Resumed | ServerState::Rejoined => continue,
        };
        let mut later = states.iter().skip(place + 1);
        let ended = later.find(|(_, state)| ends.contains(state));
        let to = ended.map_or_else(|| last(history), |(at, _)| *at);
        lane.span(*from, to, glyph);
        told.push(format!("{word} {}", spelt(to.saturating_sub(*from))));
    }
    lane.note(Ink::Normal, told.join(", "));
    lane.unless_empty()
}
