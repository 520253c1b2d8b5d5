//! The lanes of the server and of single members: when they were down, frozen, or cut off from the others.

use std::{collections::BTreeSet, time::Duration};

use super::{Glyph, Lane, lane::spelt, last};
use crate::{
    history::{Happening, History, ServerState},
    report::Ink,
};

/// None if it served from the beginning to the end.
pub(super) fn lane(history: &History) -> Option<Lane> {
    let states = history.events.iter().filter_map(|event| match event.what {
        Happening::Server { state } => Some((event.at(), state)),
        _ => None,
    });
    of(history, "server".to_owned(), states.collect())
}

/// One for each member that did not serve all the time.
pub(super) fn members(history: &History) -> Vec<Lane> {
    let states = history.events.iter().filter_map(|event| match event.what {
        Happening::Member { member, state } => Some((member, (event.at(), state))),
        _ => None,
    });
    let states: Vec<_> = states.collect();
    let numbers: BTreeSet<usize> = states.iter().map(|(member, _)| *member).collect();
    let lane = |number: usize| {
        let own = states.iter().filter(|(member, _)| *member == number);
        of(history, format!("member {number}"), own.map(|(_, state)| *state).collect())
    };
    numbers.into_iter().filter_map(lane).collect()
}

fn of(history: &History, label: String, states: Vec<(Duration, ServerState)>) -> Option<Lane> {
    let mut lane = Lane::new(label);
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
