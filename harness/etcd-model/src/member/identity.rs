//! Who the member says it is, in the header of every answer.

use super::Member;
use crate::proto::ResponseHeader;

/// The id of the cluster that `etcd --name default` forms alone on http://localhost:2380; seen on 3.4.23 to 3.7.3.
pub const CLUSTER_ID: u64 = 0xcdf8_1819_4e3a_8c32;

/// The id of that cluster's member.
pub const MEMBER_ID: u64 = 0x8e9e_05c5_2164_694d;

/// The header of an answer given at `revision` in the term `raft_term`.
pub(crate) const fn header(raft_term: u64, revision: i64) -> ResponseHeader {
    ResponseHeader { cluster_id: CLUSTER_ID, member_id: MEMBER_ID, revision, raft_term }
}

impl Member {
    /// The header of an answer given at `revision`.
    pub fn header_at(&self, revision: i64) -> ResponseHeader {
        header(self.raft_term, revision)
    }

    /// The header of an answer given now.
    pub fn header(&self) -> ResponseHeader {
        self.header_at(self.store.revision())
    }
}
