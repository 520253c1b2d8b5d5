//! Turns what passes on one connection into sightings.

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::frames::{Piece, Side};
use super::grpc::Conversation;
use super::sighting::{Seen, Sighting};

/// Watches one connection of one client, and reports it as connected for as long as it lives.
pub(super) struct Observer {
    client: String,
    sightings: UnboundedSender<Sighting>,
    conversation: Conversation,
}

impl Observer {
    /// For a connection that has just been opened; dropping it says that the connection has ended.
    pub fn new(client: String, sightings: UnboundedSender<Sighting>) -> Self {
        let observer = Self { client, sightings, conversation: Conversation::new() };
        observer.report(Seen::Connected);
        observer
    }

    /// Sees a piece that is about to be forwarded.
    pub fn see(&mut self, from: Side, piece: &Piece) {
        match piece {
            Piece::Preface(_) => {}
            Piece::Frame(frame) => {
                for seen in self.conversation.take(from, frame) {
                    self.report(seen);
                }
            }
            Piece::Opaque(_) => self.conversation.give_up(),
        }
    }

    /// The method of the call whose reply begins with this piece of the server's, which has not been seen yet.
    pub fn begins_reply(&self, piece: &Piece) -> Option<&str> {
        match piece {
            Piece::Frame(frame) => self.conversation.begins_reply(frame),
            Piece::Preface(_) | Piece::Opaque(_) => None,
        }
    }

    /// Sees that the reply to a call of this method gets lost.
    pub fn see_lost(&self, method: String) {
        self.report(Seen::ReplyLost { method });
    }

    fn report(&self, seen: Seen) {
        let sighting = Sighting { client: self.client.clone(), at: Instant::now(), seen };
        // Nobody listening any more is no reason to stop relaying.
        let _ = self.sightings.send(sighting);
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.report(Seen::Disconnected);
    }
}
