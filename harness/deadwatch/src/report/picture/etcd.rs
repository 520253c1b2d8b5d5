//! The lane of what etcd and the network did to the clients while the subject lived.

use super::{Glyph, Lane, lane::counted};
use crate::{
    history::{Happening, History},
    report::Ink,
};

/// None if they did nothing.
pub(super) fn lane(history: &History) -> Option<Lane> {
    let mut lane = Lane::new("etcd");
    for event in &history.events {
        let (glyph, detail) = match &event.what {
            Happening::WatchRefused { client, reason, .. } => {
                (Glyph::Refused, format!("client {client}: {reason}"))
            }
            Happening::WatchCompacted { client } => (Glyph::Compacted, format!("client {client}")),
            Happening::Disconnected { client } => (Glyph::Disconnected, format!("client {client}")),
            Happening::Died { .. } => break,
            _ => continue,
        };
        lane.mark(event.at(), glyph, detail);
    }
    let told: Vec<_> = [
        counted(lane.count(Glyph::Refused), "watch refused", "watches refused"),
        counted(lane.count(Glyph::Compacted), "watch compacted", "watches compacted"),
        counted(lane.count(Glyph::Disconnected), "connection lost", "connections lost"),
    ]
    .into_iter()
    .flatten()
    .collect();
    lane.note(Ink::Normal, told.join(", "));
    lane.unless_empty()
}
