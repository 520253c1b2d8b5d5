//! One call of any service, made with some login or none, and what came of it.

use std::collections::BTreeMap;

use etcd_model::proto::*;
use tonic::{Request, Status, transport::Channel};

/// One request.
#[derive(Clone, Debug)]
pub enum Deed {
    Authenticate(AuthenticateRequest),
    Enable(AuthEnableRequest),
    Disable(AuthDisableRequest),
    Status(AuthStatusRequest),
    UserAdd(AuthUserAddRequest),
    UserGet(AuthUserGetRequest),
    UserList(AuthUserListRequest),
    UserDelete(AuthUserDeleteRequest),
    ChangePassword(AuthUserChangePasswordRequest),
    GrantRole(AuthUserGrantRoleRequest),
    RevokeRole(AuthUserRevokeRoleRequest),
    RoleAdd(AuthRoleAddRequest),
    RoleGet(AuthRoleGetRequest),
    RoleList(AuthRoleListRequest),
    RoleDelete(AuthRoleDeleteRequest),
    GrantPermission(AuthRoleGrantPermissionRequest),
    RevokePermission(AuthRoleRevokePermissionRequest),
    LeaseGrant(LeaseGrantRequest),
    LeaseRevoke(LeaseRevokeRequest),
    KeepAlive(LeaseKeepAliveRequest),
    TimeToLive(LeaseTimeToLiveRequest),
    Leases(LeaseLeasesRequest),
    Range(RangeRequest),
    Put(PutRequest),
    Delete(DeleteRangeRequest),
    Txn(TxnRequest),
    Compact(CompactionRequest),
}

/// How a call shows who makes it.
#[derive(Clone, Debug)]
pub enum Login {
    /// Not at all.
    None,
    /// With the token that the last good login into this slot was given, if there was one.
    Slot(&'static str),
    /// With this text, in this header.
    Text(&'static str, String),
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The whole response, without what no two etcds have in common.
    Given(String),
    /// The code and the text.
    Refused(String),
}

/// Ids of leases above this were chosen by the server.
const MOST_ASKED_FOR: i64 = 1000;

/// One etcd, and the tokens that it gave.
pub struct Side {
    channel: Channel,
    tokens: BTreeMap<&'static str, String>,
}

impl Side {
    pub fn new(channel: Channel) -> Self {
        Self { channel, tokens: BTreeMap::new() }
    }

    /// Makes a call; a good login goes into the slot `into`.
    pub async fn make(&mut self, deed: &Deed, login: &Login, into: &'static str) -> Answer {
        match self.given(deed, login, into).await {
            Ok(text) => Answer::Given(text),
            Err(status) => Answer::Refused(format!("{:?}: {}", status.code(), status.message())),
        }
    }

    /// The token in a slot.
    #[allow(dead_code)]
    pub fn token(&self, slot: &str) -> Option<&String> {
        self.tokens.get(slot)
    }

    fn request<T>(&self, message: T, login: &Login) -> Request<T> {
        let mut request = Request::new(message);
        let token = match login {
            Login::None => None,
            Login::Slot(slot) => self.tokens.get(slot).map(|token| ("token", token.clone())),
            Login::Text(header, text) => Some((*header, text.clone())),
        };
        if let Some((header, token)) = token {
            request.metadata_mut().insert(header, token.parse().unwrap());
        }
        request
    }

    async fn given(&mut self, deed: &Deed, login: &Login, into: &'static str) -> Result<String, Status> {
        let mut auth = auth_client::AuthClient::new(self.channel.clone());
        let mut lease = lease_client::LeaseClient::new(self.channel.clone());
        let mut kv = kv_client::KvClient::new(self.channel.clone());
        macro_rules! told {
            ($client:ident.$call:ident($message:expr)) => {
                Ok(format!("{:#?}", $client.$call(self.request($message.clone(), login)).await?.into_inner()))
            };
        }
        match deed {
            Deed::Authenticate(message) => {
                let mut answer = auth.authenticate(self.request(message.clone(), login)).await?.into_inner();
                self.tokens.insert(into, std::mem::take(&mut answer.token));
                Ok(format!("{answer:#?}"))
            }
            Deed::Enable(message) => told!(auth.auth_enable(message)),
            Deed::Disable(message) => told!(auth.auth_disable(message)),
            Deed::Status(message) => told!(auth.auth_status(message)),
            Deed::UserAdd(message) => told!(auth.user_add(message)),
            Deed::UserGet(message) => told!(auth.user_get(message)),
            Deed::UserList(message) => told!(auth.user_list(message)),
            Deed::UserDelete(message) => told!(auth.user_delete(message)),
            Deed::ChangePassword(message) => told!(auth.user_change_password(message)),
            Deed::GrantRole(message) => told!(auth.user_grant_role(message)),
            Deed::RevokeRole(message) => told!(auth.user_revoke_role(message)),
            Deed::RoleAdd(message) => told!(auth.role_add(message)),
            Deed::RoleGet(message) => told!(auth.role_get(message)),
            Deed::RoleList(message) => told!(auth.role_list(message)),
            Deed::RoleDelete(message) => told!(auth.role_delete(message)),
            Deed::GrantPermission(message) => told!(auth.role_grant_permission(message)),
            Deed::RevokePermission(message) => told!(auth.role_revoke_permission(message)),
            Deed::LeaseRevoke(message) => told!(lease.lease_revoke(message)),
            Deed::Range(message) => told!(kv.range(message)),
            Deed::Put(message) => told!(kv.put(message)),
            Deed::Delete(message) => told!(kv.delete_range(message)),
            Deed::Txn(message) => told!(kv.txn(message)),
            Deed::Compact(message) => told!(kv.compact(message)),
            Deed::LeaseGrant(message) => {
                let mut answer = lease.lease_grant(self.request(*message, login)).await?.into_inner();
                if message.id == 0 {
                    assert!(answer.id > 0);
                    answer.id = 0;
                }
                Ok(format!("{answer:#?}"))
            }
            Deed::Leases(message) => {
                let mut answer = lease.lease_leases(self.request(*message, login)).await?.into_inner();
                for status in &mut answer.leases {
                    status.id = if status.id > MOST_ASKED_FOR { 0 } else { status.id };
                }
                Ok(format!("{answer:#?}"))
            }
            Deed::TimeToLive(message) => {
                let mut answer = lease.lease_time_to_live(self.request(*message, login)).await?.into_inner();
                // A second may end between the one and the other; the order of keys is free.
                if answer.ttl > 0 {
                    assert!((0..=100).contains(&(answer.granted_ttl - answer.ttl)), "{answer:?}");
                    answer.ttl = answer.granted_ttl;
                }
                answer.keys.sort();
                Ok(format!("{answer:#?}"))
            }
            Deed::KeepAlive(message) => {
                let requests = tokio_stream::iter([*message]);
                let mut stream = lease.lease_keep_alive(self.request(requests, login)).await?.into_inner();
                Ok(format!("{:#?}", stream.message().await?))
            }
        }
    }
}
