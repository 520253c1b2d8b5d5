//! What is drawn: bytes, tokens, and messages whose every field may be the smallest or the largest there is.

use bytes::Bytes;
use etcd_model::{
    proto::{
        AuthRoleAddRequest, AuthRoleGrantPermissionRequest, AuthUserAddRequest, AuthUserGrantRoleRequest,
        AuthenticateRequest, CompactionRequest, Compare, DeleteRangeRequest, LeaseGrantRequest,
        LeaseKeepAliveRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest, Permission, PutRequest,
        RangeRequest, RequestOp, TxnRequest, WatchCancelRequest, WatchCreateRequest, WatchProgressRequest,
        WatchRequest, compare::TargetUnion, request_op::Request, watch_request::RequestUnion,
    },
    time::{Choice, Draws, Seed},
};
use prost::Message;

use crate::methods;

/// A sequence of draws.
pub struct Draw(Draws);

impl Draw {
    /// The draws of one batch of a seed.
    pub fn of(seed: u64, batch: u64) -> Self {
        Self(Seed(seed.wrapping_mul(1_000_003).wrapping_add(batch)).draws(Choice::Phases))
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.0.below(limit as u64)).unwrap()
    }

    pub fn byte(&mut self) -> u8 {
        self.0.next().to_le_bytes()[0]
    }

    /// Fewer than `limit` bytes.
    pub fn bytes(&mut self, limit: usize) -> Vec<u8> {
        (0..self.below(limit)).map(|_| self.byte()).collect()
    }

    /// A token that is none, if any.
    pub fn metadata(&mut self) -> Option<Vec<u8>> {
        match self.below(8) {
            0 => Some(Vec::new()),
            1 => Some(self.bytes(100)),
            2 => Some(b"Bearer Bearer ".to_vec()),
            3 => Some(b"aaaaaaaaaaaaaaaa.18446744073709551616".to_vec()),
            4 => Some(b"eyJhbGciOiJub25lIn0.eyJ1c2VybmFtZSI6InJvb3QifQ.".to_vec()),
            5 => Some(vec![b'x'; 20_000]),
            _ => None,
        }
    }

    /// A message that makes sense to protobuf, and the method it is for.
    pub fn message(&mut self) -> (&'static str, Vec<u8>) {
        match self.below(15) {
            0 => (methods::RANGE, self.range().encode_to_vec()),
            1 => (methods::PUT, self.put().encode_to_vec()),
            2 => (methods::DELETE_RANGE, self.delete().encode_to_vec()),
            3 => (methods::TXN, self.txn(4).encode_to_vec()),
            4 => {
                let request = CompactionRequest { revision: self.number(), physical: self.coin() };
                (methods::COMPACT, request.encode_to_vec())
            }
            5 | 6 => (methods::WATCH, self.watch().encode_to_vec()),
            7 => {
                let request = LeaseGrantRequest { ttl: self.number(), id: self.number() };
                (methods::LEASE_GRANT, request.encode_to_vec())
            }
            8 => (methods::LEASE_REVOKE, LeaseRevokeRequest { id: self.number() }.encode_to_vec()),
            9 => (methods::LEASE_KEEP_ALIVE, LeaseKeepAliveRequest { id: self.number() }.encode_to_vec()),
            10 => {
                let request = LeaseTimeToLiveRequest { id: self.number(), keys: self.coin() };
                (methods::LEASE_TIME_TO_LIVE, request.encode_to_vec())
            }
            11 => {
                let request =
                    AuthUserAddRequest { name: self.name(), password: self.name(), ..Default::default() };
                (methods::USER_ADD, request.encode_to_vec())
            }
            12 => {
                let (user, role) = (self.name(), self.name());
                (methods::USER_GRANT_ROLE, AuthUserGrantRoleRequest { user, role }.encode_to_vec())
            }
            13 => (methods::ROLE_ADD, AuthRoleAddRequest { name: self.name() }.encode_to_vec()),
            _ if self.coin() => {
                let (name, password) = (self.name(), self.name());
                (methods::AUTHENTICATE, AuthenticateRequest { name, password }.encode_to_vec())
            }
            _ => {
                let perm = Permission { perm_type: self.kind(), key: self.key(), range_end: self.key() };
                let perm = self.coin().then_some(perm);
                let request = AuthRoleGrantPermissionRequest { name: self.name(), perm };
                (methods::ROLE_GRANT_PERMISSION, request.encode_to_vec())
            }
        }
    }

    fn range(&mut self) -> RangeRequest {
        RangeRequest {
            key: self.key(),
            range_end: self.key(),
            limit: self.number(),
            revision: self.number(),
            sort_order: self.kind(),
            sort_target: self.kind(),
            serializable: self.coin(),
            keys_only: self.coin(),
            count_only: self.coin(),
            min_mod_revision: self.number(),
            max_mod_revision: self.number(),
            min_create_revision: self.number(),
            max_create_revision: self.number(),
        }
    }

    fn put(&mut self) -> PutRequest {
        PutRequest {
            key: self.key(),
            value: self.key(),
            lease: self.number(),
            prev_kv: self.coin(),
            ignore_value: self.coin(),
            ignore_lease: self.coin(),
        }
    }

    fn delete(&mut self) -> DeleteRangeRequest {
        DeleteRangeRequest { key: self.key(), range_end: self.key(), prev_kv: self.coin() }
    }

    /// A transaction with others in it, so deep at most.
    fn txn(&mut self, depth: usize) -> TxnRequest {
        let compare = (0..self.below(3)).map(|_| self.compare()).collect();
        let mut branch = || (0..self.below(4)).map(|_| self.operation(depth)).collect();
        TxnRequest { compare, success: branch(), failure: branch() }
    }

    fn operation(&mut self, depth: usize) -> RequestOp {
        let request = match self.below(5) {
            0 => Some(Request::RequestRange(self.range())),
            1 => Some(Request::RequestPut(self.put())),
            2 => Some(Request::RequestDeleteRange(self.delete())),
            3 if depth > 0 => Some(Request::RequestTxn(self.txn(depth - 1))),
            _ => None,
        };
        RequestOp { request }
    }

    fn compare(&mut self) -> Compare {
        let target_union = match self.below(6) {
            0 => Some(TargetUnion::Version(self.number())),
            1 => Some(TargetUnion::CreateRevision(self.number())),
            2 => Some(TargetUnion::ModRevision(self.number())),
            3 => Some(TargetUnion::Value(self.key())),
            4 => Some(TargetUnion::Lease(self.number())),
            _ => None,
        };
        let (result, target) = (self.kind(), self.kind());
        Compare { result, target, key: self.key(), range_end: self.key(), target_union }
    }

    fn watch(&mut self) -> WatchRequest {
        let request_union = match self.below(6) {
            0 => Some(RequestUnion::CancelRequest(WatchCancelRequest { watch_id: self.number() })),
            1 => Some(RequestUnion::ProgressRequest(WatchProgressRequest {})),
            2 => None,
            _ => Some(RequestUnion::CreateRequest(WatchCreateRequest {
                key: self.key(),
                range_end: self.key(),
                start_revision: self.number(),
                progress_notify: self.coin(),
                filters: (0..self.below(4)).map(|_| self.kind()).collect(),
                prev_kv: self.coin(),
                watch_id: self.number(),
                fragment: self.coin(),
            })),
        };
        WatchRequest { request_union }
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn number(&mut self) -> i64 {
        match self.below(8) {
            0 => i64::MIN,
            1 => i64::MAX,
            2 => -1,
            3 => i64::MAX - 1,
            4 => 9_000_000_000,
            // Anything at all, and what is likely to be there.
            5 => i64::from_le_bytes(self.0.next().to_le_bytes()),
            _ => i64::try_from(self.below(20)).unwrap(),
        }
    }

    /// A value of an enum that may not have it.
    fn kind(&mut self) -> i32 {
        match self.below(4) {
            0 => i32::MIN,
            1 => i32::MAX,
            _ => i32::try_from(self.below(6)).unwrap(),
        }
    }

    fn key(&mut self) -> Bytes {
        match self.below(6) {
            0 => Bytes::new(),
            1 => Bytes::from_static(&[0]),
            2 => Bytes::from_static(&[0xff; 40]),
            3 => Bytes::from(vec![b'k'; 70_000]),
            _ => Bytes::from(vec![b'a' + self.byte() % 4]),
        }
    }

    /// The name of a user or a role; never `root`, with whom authentication could be switched on.
    fn name(&mut self) -> String {
        match self.below(4) {
            0 => String::new(),
            1 => "n".repeat(5_000),
            2 => "\0\u{fffd}%\n".to_owned(),
            _ => char::from(b'a' + self.byte() % 4).to_string(),
        }
    }
}
