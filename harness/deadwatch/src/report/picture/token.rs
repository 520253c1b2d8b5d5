//! The lanes of tokens: when a client got one, how long it lived, and which refused watch carried it.

use std::time::Duration;

use super::{Extent, Glyph, Lane};
use crate::{
    history::History,
    report::Ink,
    verdict::{TokenLife, token_lives},
};

/// So many tokens tell the story; a client that logs in again and again has hundreds.
const SHOWN: usize = 2;

/// The lanes of the tokens that matter: those that refused watches carried, then the latest.
pub(super) fn lanes(history: &History) -> Vec<Lane> {
    let mut lives = token_lives(history);
    lives.sort_by_key(|life| (life.refused.is_empty(), std::cmp::Reverse(life.token)));
    let refused: Vec<_> = lives.iter().filter(|life| !life.refused.is_empty()).take(SHOWN).cloned().collect();
    let latest: Vec<_> = lives.into_iter().filter(|life| life.refused.is_empty()).take(SHOWN).collect();
    let latest_shown = if refused.is_empty() { SHOWN } else { 1 };
    let mut shown: Vec<_> = refused.into_iter().chain(latest.into_iter().take(latest_shown)).collect();
    shown.sort_by_key(|life| life.token);
    shown.iter().map(|life| lane(life, history)).collect()
}

/// The lane of the first token of this history that a refused watch carried.
pub(in crate::report) fn refused(history: &History) -> Option<Lane> {
    token_lives(history).iter().find(|life| !life.refused.is_empty()).map(|life| lane(life, history))
}

fn lane(life: &TokenLife, history: &History) -> Lane {
    let mut lane = Lane::new(format!("token {}", life.token));
    lane.span(life.issued, life.dying_from, Glyph::TokenAlive);
    lane.span(life.dying_from, life.dead_by, Glyph::TokenDying);
    lane.span(life.dead_by, Duration::MAX, Glyph::TokenDead);
    lane.mark(life.issued, Glyph::TokenIssued, format!("client {}", life.client));
    for at in &life.refused {
        lane.mark(*at, Glyph::Refused, "");
    }
    let end = Extent::of([history]).map_or(Duration::ZERO, |extent| extent.end);
    if !life.refused.is_empty() {
        lane.note(Ink::Normal, "the watch stream's");
    } else if life.dead_by < end {
        lane.note(Ink::Faint, format!("dead by {:.1} s", life.dead_by.as_secs_f64()));
    }
    lane
}
