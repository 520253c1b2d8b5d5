//! The lanes of tokens: when a client got one, how long it lived, and which refused watch carried it.

use super::{Ink, axis::Axis, glyph::Glyph, lane::Lane};
use crate::{
    history::History,
    verdict::{TokenLife, token_lives},
};

/// So many tokens tell the story; a client that logs in again and again has hundreds.
const SHOWN: usize = 2;

/// The lanes of the tokens that matter: those that refused watches carried, then the latest.
pub(in crate::report) fn lanes(history: &History, axis: &Axis) -> Vec<Lane> {
    let mut lives = token_lives(history);
    lives.sort_by_key(|life| (life.refused.is_empty(), std::cmp::Reverse(life.token)));
    let refused: Vec<_> = lives.iter().filter(|life| !life.refused.is_empty()).take(SHOWN).cloned().collect();
    let latest: Vec<_> = lives.into_iter().filter(|life| life.refused.is_empty()).take(SHOWN).collect();
    let latest_shown = if refused.is_empty() { SHOWN } else { 1 };
    let mut shown: Vec<_> = refused.into_iter().chain(latest.into_iter().take(latest_shown)).collect();
    shown.sort_by_key(|life| life.token);
    shown.iter().map(|life| lane(life, axis)).collect()
}

/// The lane of the first token of this history that a refused watch carried.
pub(in crate::report) fn refused(history: &History, axis: &Axis) -> Option<Lane> {
    token_lives(history).iter().find(|life| !life.refused.is_empty()).map(|life| lane(life, axis))
}

fn lane(life: &TokenLife, axis: &Axis) -> Lane {
    let mut lane = Lane::new(format!("token {}", life.token));
    let end = axis.column(axis.end());
    lane.fill(axis.column(life.issued), axis.column(life.dying_from), Glyph::TokenAlive);
    if life.dying_from < axis.end() {
        lane.fill(axis.column(life.dying_from), axis.column(life.dead_by), Glyph::TokenDying);
    }
    if life.dead_by < axis.end() {
        lane.fill(axis.column(life.dead_by), end, Glyph::TokenDead);
        lane.note(Ink::Faint, format!("dead by {:.1} s", life.dead_by.as_secs_f64()));
    }
    lane.mark(axis.column(life.issued), Glyph::TokenIssued);
    if !life.refused.is_empty() {
        lane.note(Ink::Normal, "the watch stream's");
    }
    for at in &life.refused {
        lane.mark(axis.column(*at), Glyph::Refused);
    }
    lane
}
