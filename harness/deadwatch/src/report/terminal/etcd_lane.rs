//! The lanes of what the consumers did not do: items that were enqueued, and what etcd and the network did.

use std::time::Duration;

use super::{Ink, axis::Axis, glyph::Glyph, lane::Lane};
use crate::history::{Acceptance, Happening, History};

/// The lane of enqueued items; none if there were none.
pub(in crate::report) fn producer(history: &History, axis: &Axis) -> Option<Lane> {
    let mut lane = Lane::new("enqueued");
    let mut items = 0_usize;
    for event in &history.events {
        match &event.what {
            Happening::EnqueueBegan { .. } => items += 1,
            Happening::EnqueueEnded { acceptance, .. } => {
                let glyph = match acceptance {
                    Acceptance::Acknowledged => Glyph::Enqueued,
                    Acceptance::Unknown(_) => Glyph::EnqueueUnknown,
                };
                lane.mark(axis.column(event.at()), glyph);
            }
            _ => {}
        }
    }
    match items {
        0 => return None,
        1 => lane.note(Ink::Normal, "1 item"),
        _ => lane.note(Ink::Normal, format!("{items} items")),
    }
    Some(lane)
}

/// The lane of what etcd and the network did to the clients while the subject lived; none if they did nothing.
pub(in crate::report) fn etcd(history: &History, axis: &Axis) -> Option<Lane> {
    let mut lane = Lane::new("etcd");
    let mut marks: Vec<(Duration, Glyph)> = Vec::new();
    for event in &history.events {
        let glyph = match &event.what {
            Happening::WatchRefused { .. } => Glyph::Refused,
            Happening::WatchCompacted { .. } => Glyph::Compacted,
            Happening::Disconnected { .. } => Glyph::Disconnected,
            Happening::Died { .. } => break,
            _ => continue,
        };
        marks.push((event.at(), glyph));
    }
    for (at, glyph) in &marks {
        lane.mark(axis.column(*at), *glyph);
    }
    let count = |glyph: Glyph| marks.iter().filter(|(_, there)| *there == glyph).count();
    let told: Vec<_> = [
        (count(Glyph::Refused), "watch refused", "watches refused"),
        (count(Glyph::Compacted), "watch compacted", "watches compacted"),
        (count(Glyph::Disconnected), "connection lost", "connections lost"),
    ]
    .into_iter()
    .filter_map(|(count, one, many)| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    })
    .collect();
    lane.note(Ink::Normal, told.join(", "));
    (!marks.is_empty()).then_some(lane)
}
