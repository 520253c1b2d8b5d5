//! Turns what passes on one connection into sightings.

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::frames::{Piece, Side};
use super::grpc::Conversation;
use super::sighting::{Seen, Sighting};

/// Watches one connection of one client, and reports it as connected for as long as it lives.
pub(super) struct Observer {
    reporter: Reporter,
    conversation: Conversation,
}

/// Reports what one client's connections show.
#[derive(Clone, Debug)]
pub(super) struct Reporter {
    client: String,
    sightings: UnboundedSender<Sighting>,
}

impl Reporter {
    /// Reports that this was seen, now.
    pub fn report(&self, seen: Seen) {
        let sighting = Sighting { client: self.client.clone(), at: Instant::now(), seen };
        // Nobody listening any more is no reason to stop relaying.
        let _ = self.sightings.send(sighting);
    }
}

impl Observer {
    /// For a connection that has just been opened; dropping it says that the connection has ended.
    pub fn new(client: String, sightings: UnboundedSender<Sighting>) -> Self {
        let reporter = Reporter { client, sightings };
        let observer = Self { reporter, conversation: Conversation::new() };
        observer.reporter.report(Seen::Connected);
        observer
    }

    /// Sees a piece that is about to be forwarded.
    pub fn see(&mut self, from: Side, piece: &Piece) {
        match piece {
            Piece::Preface(_) => {}
            Piece::Frame(frame) => {
                for seen in self.conversation.take(from, frame) {
                    self.reporter.report(seen);
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

    /// The method of the call that this piece of the client's has opened, which has just been seen.
    pub fn opened_call(&self, piece: &Piece) -> Option<&str> {
        match piece {
            Piece::Frame(frame) => self.conversation.opened_call(frame),
            Piece::Preface(_) | Piece::Opaque(_) => None,
        }
    }

    /// Sees that the reply to a call of this method gets lost.
    pub fn see_lost(&self, method: String) {
        self.reporter.report(Seen::ReplyLost { method });
    }

    /// Reports in its stead, also when the connection has ended.
    pub fn reporter(&self) -> Reporter {
        self.reporter.clone()
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.reporter.report(Seen::Disconnected);
    }
}
