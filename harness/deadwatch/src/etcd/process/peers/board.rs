//! Who may speak to whom.

use std::{fmt, net::SocketAddr, str::FromStr};

/// A member as etcd knows it; written in hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::etcd::process) struct MemberId(u64);

impl FromStr for MemberId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// What all connections between members have to heed.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    /// Where each member listens, by its place in the cluster; none: nowhere yet.
    pub(super) members: Vec<Option<SocketAddr>>,
    /// Who is cut off.
    pub(super) cut_off: Vec<CutOff>,
}

/// A member that is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CutOff {
    /// Its place in the cluster.
    pub(super) place: usize,
    pub(super) id: MemberId,
}

impl Board {
    /// Whether a connection to the member at this place must not be; `from` is none as long as its sender has not
    /// named itself.
    pub(super) fn severs(&self, to: usize, from: Option<MemberId>) -> bool {
        self.cut_off.iter().any(|cut_off| to == cut_off.place || from == Some(cut_off.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_cut_off_is_neither_heard_nor_spoken_to() {
        let (cut_off, other) = (MemberId(0xa), MemberId(0xb));
        let board = Board { members: vec![None; 3], cut_off: vec![CutOff { place: 1, id: cut_off }] };
        for from in [None, Some(cut_off), Some(other)] {
            assert!(board.severs(1, from), "{from:?}");
        }
        assert!(board.severs(0, Some(cut_off)));
        assert!(!board.severs(0, Some(other)) && !board.severs(2, Some(other)));
        assert!(!Board::default().severs(1, Some(cut_off)));
    }
}
