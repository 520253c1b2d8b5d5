//! The calls that get one answer, all of them.

use std::fmt::Debug;

use etcd_model::proto::*;
use tonic::{Response, Status, transport::Channel};

use super::Line;

macro_rules! calls {
    ($($client:path { $($name:ident $method:ident $request:ty,)* })*) => {
        /// A call that gets one answer.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Call {
            $($($name($request),)*)*
        }

        $($(impl From<$request> for Call {
            fn from(request: $request) -> Self {
                Self::$name(request)
            }
        })*)*

        impl Call {
            /// The request as its derived `Debug` shows it.
            pub fn text(&self) -> String {
                match self { $($(Self::$name(request) => format!("{request:?}"),)*)* }
            }

            /// Makes the call; the answer is the response as its derived `Debug` shows it.
            pub async fn make(&self, line: &Line, token: Option<&str>) -> Result<String, Status> {
                match self {
                    $($(Self::$name(request) => {
                        let mut client = <$client>::new(line.channel.clone())
                            .max_decoding_message_size(usize::MAX);
                        text(client.$method(line.request(request.clone(), token)?).await)
                    })*)*
                }
            }
        }
    };
}

fn text<T: Debug>(response: Result<Response<T>, Status>) -> Result<String, Status> {
    response.map(|response| format!("{:?}", response.into_inner()))
}

calls! {
    kv_client::KvClient<Channel> {
        Range range RangeRequest,
        Put put PutRequest,
        DeleteRange delete_range DeleteRangeRequest,
        Txn txn TxnRequest,
        Compact compact CompactionRequest,
    }
    lease_client::LeaseClient<Channel> {
        LeaseGrant lease_grant LeaseGrantRequest,
        LeaseRevoke lease_revoke LeaseRevokeRequest,
        LeaseTimeToLive lease_time_to_live LeaseTimeToLiveRequest,
        LeaseLeases lease_leases LeaseLeasesRequest,
    }
    auth_client::AuthClient<Channel> {
        AuthEnable auth_enable AuthEnableRequest,
        AuthDisable auth_disable AuthDisableRequest,
        AuthStatus auth_status AuthStatusRequest,
        Authenticate authenticate AuthenticateRequest,
        UserAdd user_add AuthUserAddRequest,
        UserGet user_get AuthUserGetRequest,
        UserList user_list AuthUserListRequest,
        UserDelete user_delete AuthUserDeleteRequest,
        UserChangePassword user_change_password AuthUserChangePasswordRequest,
        UserGrantRole user_grant_role AuthUserGrantRoleRequest,
        UserRevokeRole user_revoke_role AuthUserRevokeRoleRequest,
        RoleAdd role_add AuthRoleAddRequest,
        RoleGet role_get AuthRoleGetRequest,
        RoleList role_list AuthRoleListRequest,
        RoleDelete role_delete AuthRoleDeleteRequest,
        RoleGrantPermission role_grant_permission AuthRoleGrantPermissionRequest,
        RoleRevokePermission role_revoke_permission AuthRoleRevokePermissionRequest,
    }
    cluster_client::ClusterClient<Channel> {
        MemberAdd member_add MemberAddRequest,
        MemberRemove member_remove MemberRemoveRequest,
        MemberUpdate member_update MemberUpdateRequest,
        MemberList member_list MemberListRequest,
        MemberPromote member_promote MemberPromoteRequest,
    }
    maintenance_client::MaintenanceClient<Channel> {
        Alarm alarm AlarmRequest,
        Status status StatusRequest,
        Defragment defragment DefragmentRequest,
        Hash hash HashRequest,
        HashKv hash_kv HashKvRequest,
        MoveLeader move_leader MoveLeaderRequest,
        Downgrade downgrade DowngradeRequest,
    }
}
