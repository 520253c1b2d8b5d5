//! Requests that change something, as the cluster would have to agree on them.
//!
//! There is nobody to agree with here, but the size that etcd refuses is that of the whole proposal.

use prost::{Message, encoding::encoded_len_varint};
use tokio::time::Instant;

use super::Member;
use crate::{
    auth::{Caller, Credential},
    refusal::Refusal,
};

/// The proposal's id and its tag, bytes. The id starts with the member's, so it always takes nine.
const ID_BYTES: usize = 1 + 9;

impl Member {
    /// Says who proposes a change, and refuses it if it is too large. Source: etcd v3.5.5
    /// server/etcdserver/v3_server.go, `processInternalRaftRequestOnce`.
    ///
    /// # Errors
    /// [`Refusal::InvalidAuthToken`] and [`Refusal::RequestTooLarge`].
    pub(crate) fn admit_proposal(
        &mut self,
        credential: &Credential,
        request: &impl Message,
        now: Instant,
    ) -> Result<Option<Caller>, Refusal> {
        let caller = self.authority.identify(credential, now)?;
        if size_bytes(request.encoded_len(), caller.as_ref()) > self.settings.max_request_bytes {
            return Err(Refusal::RequestTooLarge);
        }
        self.proposed(now);
        Ok(caller)
    }

    /// Counts a proposal that is carried out at once. Whether it then changes anything does not matter here.
    pub(super) fn proposed(&mut self, now: Instant) {
        self.raft_index += 1;
        self.authority.written(now);
    }
}

/// The size of the message `InternalRaftRequest` around a request: a header with the id, the user and the revision
/// of the user's rights (its tag takes two bytes), then the request. Source: etcd v3.5.5 raft_internal.proto.
fn size_bytes(request_bytes: usize, caller: Option<&Caller>) -> usize {
    let field = |tag_bytes: usize, bytes: usize| tag_bytes + encoded_len_varint(bytes as u64) + bytes;
    let user =
        caller.map_or(0, |caller| field(1, caller.user.len()) + 1 + encoded_len_varint(caller.revision));
    field(2, ID_BYTES + user) + field(1, request_bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_larger_than_its_request_by_a_header() {
        assert_eq!(size_bytes(100, None), 100 + 2 + 13);
        assert_eq!(size_bytes(1_500_000, None), 1_500_000 + 4 + 13);
        let caller = Caller { user: "root".to_owned(), revision: 300 };
        assert_eq!(size_bytes(100, Some(&caller)), 100 + 2 + 13 + 6 + 3);
    }
}
