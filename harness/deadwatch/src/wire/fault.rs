//! What can be done to the network: the closed list that a stage chooses from.

use crate::scenario::{Action, BlackHole, Delay, HoldRequests, LoseReplies, Reach};

/// What is done to the connections of the subject's clients.
///
/// Clients whose names begin with [`RESERVED_CLIENT`](crate::scenario::RESERVED_CLIENT) are never reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connections that are open now are reset, those in a black hole too; new ones are served as ever.
    DropConnections(Reach),
    /// The connections that are open now carry nothing any more, in either direction and for good; new ones are
    /// taken, and carry nothing either, for good, until the time is over.
    BlackHole(BlackHole),
    /// The next replies to a kind of call are lost, together with what would follow them on their connections.
    ///
    /// A call counts when its reply begins, so that it has been executed. A call that the server refused was not:
    /// its refusal arrives, and does not count.
    LoseReplies(LoseReplies),
    /// The next requests of a kind are held back, together with what follows them on their connections. The client's
    /// side of such a connection is reset, the server's side stays open, and gets the rest once it is let go
    /// ([`Wire::release_requests`](super::Wire::release_requests)).
    HoldRequests(HoldRequests),
    /// What the server sends arrives later, in the order in which it was sent. Several delays add up.
    Delay(Delay),
}

impl From<Fault> for Action {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::DropConnections(reach) => Self::DropConnections(reach),
            Fault::BlackHole(hole) => Self::BlackHole(hole),
            Fault::LoseReplies(loss) => Self::LoseReplies(loss),
            Fault::HoldRequests(hold) => Self::HoldRequests(hold),
            Fault::Delay(delay) => Self::Delay(delay),
        }
    }
}
