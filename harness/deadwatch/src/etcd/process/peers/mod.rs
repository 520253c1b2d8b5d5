//! What the members of a cluster say to each other: it passes through here, so that one can be cut off.
//!
//! Each member tells the others the address of a relay of ours instead of its own. So the receiver of a connection is
//! known; the sender names itself in the first request that matters ([`sender::Sniffer`]).

mod board;
mod relay;
mod sender;

pub(super) use board::MemberId;
pub(super) use relay::Relays;
