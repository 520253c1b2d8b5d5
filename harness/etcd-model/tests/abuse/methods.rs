//! The methods that etcd has, and two that it has not.

pub const RANGE: &str = "/etcdserverpb.KV/Range";
pub const PUT: &str = "/etcdserverpb.KV/Put";
pub const DELETE_RANGE: &str = "/etcdserverpb.KV/DeleteRange";
pub const TXN: &str = "/etcdserverpb.KV/Txn";
pub const COMPACT: &str = "/etcdserverpb.KV/Compact";
pub const WATCH: &str = "/etcdserverpb.Watch/Watch";
pub const LEASE_GRANT: &str = "/etcdserverpb.Lease/LeaseGrant";
pub const LEASE_REVOKE: &str = "/etcdserverpb.Lease/LeaseRevoke";
pub const LEASE_KEEP_ALIVE: &str = "/etcdserverpb.Lease/LeaseKeepAlive";
pub const LEASE_TIME_TO_LIVE: &str = "/etcdserverpb.Lease/LeaseTimeToLive";
pub const USER_ADD: &str = "/etcdserverpb.Auth/UserAdd";
pub const USER_GRANT_ROLE: &str = "/etcdserverpb.Auth/UserGrantRole";
pub const ROLE_ADD: &str = "/etcdserverpb.Auth/RoleAdd";
pub const ROLE_GRANT_PERMISSION: &str = "/etcdserverpb.Auth/RoleGrantPermission";
pub const AUTHENTICATE: &str = "/etcdserverpb.Auth/Authenticate";

/// All of them.
pub const ALL: [&str; 39] = [
    RANGE,
    "/etcdserverpb.KV/RangeStream",
    PUT,
    DELETE_RANGE,
    TXN,
    COMPACT,
    WATCH,
    LEASE_GRANT,
    LEASE_REVOKE,
    LEASE_KEEP_ALIVE,
    LEASE_TIME_TO_LIVE,
    "/etcdserverpb.Lease/LeaseLeases",
    "/etcdserverpb.Auth/AuthEnable",
    "/etcdserverpb.Auth/AuthDisable",
    "/etcdserverpb.Auth/AuthStatus",
    AUTHENTICATE,
    USER_ADD,
    "/etcdserverpb.Auth/UserGet",
    "/etcdserverpb.Auth/UserList",
    "/etcdserverpb.Auth/UserDelete",
    "/etcdserverpb.Auth/UserChangePassword",
    USER_GRANT_ROLE,
    "/etcdserverpb.Auth/UserRevokeRole",
    ROLE_ADD,
    "/etcdserverpb.Auth/RoleGet",
    "/etcdserverpb.Auth/RoleList",
    "/etcdserverpb.Auth/RoleDelete",
    ROLE_GRANT_PERMISSION,
    "/etcdserverpb.Auth/RoleRevokePermission",
    "/etcdserverpb.Cluster/MemberAdd",
    "/etcdserverpb.Cluster/MemberRemove",
    "/etcdserverpb.Cluster/MemberUpdate",
    "/etcdserverpb.Cluster/MemberList",
    "/etcdserverpb.Maintenance/Alarm",
    "/etcdserverpb.Maintenance/Status",
    "/etcdserverpb.Maintenance/HashKV",
    "/etcdserverpb.Maintenance/Snapshot",
    "/etcdserverpb.KV/Nothing",
    "/nothing.Nothing/Nothing",
];
