//! What has become of an item whose delivery is no longer its holder's.

use std::fmt;

/// Why a delivery is fenced off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fence {
    /// The holder's session ended, and the item was handed out again.
    Redelivered {
        /// The session that it was handed to.
        session: String,
        /// Which of its deliveries that is.
        attempt: u32,
    },
    /// It was given back, and waits to be handed out again.
    Released,
    /// A consumer that does not look at claims has taken it: one of the recipe in etcd's Go client, or a
    /// [`Queue`](crate::Queue).
    Taken,
    /// It is no longer stored: it was acknowledged, put aside or taken after the holder's session had ended.
    Gone,
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fence::Redelivered { session, attempt } => {
                write!(f, "it was handed out again, to session {session} as attempt {attempt}")
            }
            Fence::Released => f.write_str("it was given back and waits to be handed out again"),
            Fence::Taken => f.write_str("a consumer that does not look at claims has taken it"),
            Fence::Gone => f.write_str("it is no longer stored"),
        }
    }
}
