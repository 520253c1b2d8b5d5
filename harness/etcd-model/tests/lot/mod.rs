//! Deeds drawn at random, from few enough users, roles, keys and leases that they meet, odd ones included.

use etcd_model::proto::*;

use crate::deed::{Deed, Login};

/// The source of deeds: the same seed draws the same ones.
pub struct Lot {
    state: u64,
}

pub const SLOTS: [&str; 4] = ["one", "two", "three", "four"];
const USERS: [&str; 5] = ["root", "a", "b", "c", ""];
const ROLES: [&str; 5] = ["root", "r", "s", "t", ""];
const PASSWORDS: [&str; 3] = ["x", "y", ""];
const KEYS: [&str; 6] = ["k", "k/1", "k/2", "m", "n", "\0"];
const ENDS: [&str; 9] = ["", "", "", "\0", "k/2", "k0", "m", "n", "z"];
const LEASES: [i64; 5] = [1, 2, 3, -4, 0];

impl Lot {
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) % bound
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    fn name(&mut self, names: &[&str; 5]) -> String {
        // The last, which is none, now and then.
        if self.one_in(30) { names[4].to_owned() } else { self.of(&names[..4]).to_owned() }
    }

    fn password(&mut self) -> String {
        match self.below(40) {
            0 => "long ".repeat(16),
            1 => "long ".repeat(15),
            _ => self.of(&PASSWORDS).to_owned(),
        }
    }

    /// How the next call shows who makes it.
    pub fn login(&mut self) -> Login {
        match self.below(24) {
            0 => Login::None,
            1 => Login::Text("token", self.of(&["", "bad", "abcdefghijklmnop.1", "a.b", "a.1.1"]).to_owned()),
            2 => Login::Text("authorization", "bad".to_owned()),
            3..=9 => Login::Slot(self.of(&SLOTS)),
            _ => Login::Slot("root"),
        }
    }

    /// Some call.
    pub fn deed(&mut self) -> Deed {
        match self.below(64) {
            0..=7 => {
                Deed::Authenticate(AuthenticateRequest { name: self.name(&USERS), password: self.password() })
            }
            8 if self.one_in(3) => Deed::Enable(AuthEnableRequest {}),
            9 if self.one_in(5) => Deed::Disable(AuthDisableRequest {}),
            8..=9 => Deed::Status(AuthStatusRequest {}),
            10..=12 => {
                let options = match self.below(6) {
                    0 => Some(UserAddOptions { no_password: true }),
                    1 => Some(UserAddOptions { no_password: false }),
                    _ => None,
                };
                let hashed_password = if self.one_in(8) { "aGFzaA==".to_owned() } else { String::new() };
                let (name, password) = (self.name(&USERS), self.password());
                Deed::UserAdd(AuthUserAddRequest { name, password, options, hashed_password })
            }
            13 => Deed::UserGet(AuthUserGetRequest { name: self.name(&USERS) }),
            14 => Deed::UserList(AuthUserListRequest {}),
            15 => Deed::UserDelete(AuthUserDeleteRequest { name: self.name(&USERS) }),
            16 => {
                let hashed_password = match self.below(6) {
                    0 => "aGFzaA==".to_owned(),
                    1 => "not base64".to_owned(),
                    _ => String::new(),
                };
                let name = self.of(&USERS[1..]).to_owned();
                Deed::ChangePassword(AuthUserChangePasswordRequest {
                    name,
                    password: self.password(),
                    hashed_password,
                })
            }
            17..=20 => {
                Deed::GrantRole(AuthUserGrantRoleRequest { user: self.name(&USERS), role: self.name(&ROLES) })
            }
            21 => Deed::RevokeRole(AuthUserRevokeRoleRequest {
                name: self.name(&USERS),
                role: self.name(&ROLES),
            }),
            22..=23 => Deed::RoleAdd(AuthRoleAddRequest { name: self.name(&ROLES) }),
            24 => Deed::RoleGet(AuthRoleGetRequest { role: self.name(&ROLES) }),
            25 => Deed::RoleList(AuthRoleListRequest {}),
            26..=27 => Deed::RoleDelete(AuthRoleDeleteRequest { role: self.name(&ROLES) }),
            28..=31 => {
                let perm_type = if self.one_in(20) { 7 } else { i32::try_from(self.below(3)).unwrap() };
                let (key, range_end) = self.range();
                let perm = Permission { perm_type, key, range_end };
                let perm = (!self.one_in(30)).then_some(perm);
                // Not to the role root, which hardly anything empties: the order within one key is only certain among
                // twelve.
                let name = if self.one_in(30) { String::new() } else { self.of(&ROLES[1..4]).to_owned() };
                Deed::GrantPermission(AuthRoleGrantPermissionRequest { name, perm })
            }
            32 => {
                let (key, range_end) = self.range();
                let role = self.name(&ROLES);
                Deed::RevokePermission(AuthRoleRevokePermissionRequest { role, key, range_end })
            }
            33..=35 => {
                let ttl = match self.below(10) {
                    0 => 9_000_000_001,
                    1 => 9_000_000_000,
                    _ => 1000 + 100 * i64::try_from(self.below(20)).unwrap(),
                };
                Deed::LeaseGrant(LeaseGrantRequest { ttl, id: self.of(&LEASES) })
            }
            36 => Deed::LeaseRevoke(LeaseRevokeRequest { id: self.of(&LEASES) }),
            37..=38 => Deed::KeepAlive(LeaseKeepAliveRequest { id: self.of(&LEASES) }),
            39..=40 => {
                let keys = self.one_in(2);
                Deed::TimeToLive(LeaseTimeToLiveRequest { id: self.of(&LEASES), keys })
            }
            41 => Deed::Leases(LeaseLeasesRequest {}),
            42..=47 => Deed::Range(self.range_request()),
            48..=53 => Deed::Put(self.put()),
            54..=55 => Deed::Delete(self.delete()),
            56 => Deed::Compact(CompactionRequest { revision: 1, physical: false }),
            _ => Deed::Txn(self.txn()),
        }
    }

    fn key(&mut self) -> bytes::Bytes {
        self.of(&KEYS).into()
    }

    fn range(&mut self) -> (bytes::Bytes, bytes::Bytes) {
        let key = if self.one_in(40) { "" } else { self.of(&KEYS) };
        (key.into(), self.of(&ENDS).into())
    }

    /// A range that does not end before it starts. Whether somebody may read one that does depends on the shape of
    /// etcd's tree of permissions.
    fn upright(&mut self) -> (bytes::Bytes, bytes::Bytes) {
        let (key, end) = (self.of(&KEYS), self.of(&ENDS));
        let end = if end > key || end == "\0" { end } else { "" };
        (key.into(), end.into())
    }

    fn range_request(&mut self) -> RangeRequest {
        let (key, range_end) = self.upright();
        RangeRequest { key, range_end, ..RangeRequest::default() }
    }

    fn put(&mut self) -> PutRequest {
        let lease = if self.one_in(3) { self.of(&LEASES) } else { 0 };
        let prev_kv = self.one_in(4);
        PutRequest { key: self.key(), value: "v".into(), lease, prev_kv, ..PutRequest::default() }
    }

    fn delete(&mut self) -> DeleteRangeRequest {
        let prev_kv = self.one_in(4);
        let (key, range_end) = self.upright();
        DeleteRangeRequest { key, range_end, prev_kv }
    }

    fn txn(&mut self) -> TxnRequest {
        let compare = (0..self.below(2)).map(|_| self.compare()).collect();
        let success = (0..self.below(3)).map(|_| self.operation()).collect();
        let failure = (0..self.below(3)).map(|_| self.operation()).collect();
        TxnRequest { compare, success, failure }
    }

    fn compare(&mut self) -> Compare {
        let (key, range_end) = self.upright();
        Compare { key, range_end, ..Compare::default() }
    }

    fn operation(&mut self) -> RequestOp {
        use request_op::Request;
        let request = match self.below(7) {
            0..=1 => Request::RequestRange(self.range_request()),
            2..=3 => Request::RequestPut(self.put()),
            4 => Request::RequestDeleteRange(self.delete()),
            _ => {
                let inner = match self.below(2) {
                    0 => Request::RequestPut(self.put()),
                    _ => Request::RequestRange(self.range_request()),
                };
                let success = vec![RequestOp { request: Some(inner) }];
                Request::RequestTxn(TxnRequest { success, ..TxnRequest::default() })
            }
        };
        RequestOp { request: Some(request) }
    }
}
