//! Every way this etcd says no, with the code and the text that etcd gives it.
//!
//! The core returns these; the services turn them into a [`tonic::Status`], the watch room into a cancel reason.

use tonic::{Code, Status};

/// Why a request was refused.
///
/// Codes and texts: etcd v3.5.5 and v3.7.3, api/v3rpc/rpctypes/error.go; which of the server's own errors becomes
/// which: server/etcdserver/api/v3rpc/util.go, `toGRPCErrorMap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// A key is empty.
    EmptyKey,
    /// `ignore_value` or `ignore_lease` on a key that is not there, or an operation in a transaction that is none.
    KeyNotFound,
    /// `ignore_value` together with a value.
    ValueProvided,
    /// `ignore_lease` together with a lease.
    LeaseProvided,
    /// More operations in one level of a transaction than the server takes.
    TooManyOperations,
    /// A transaction that writes one key twice.
    DuplicateKey,
    /// A sort order or target that does not exist. Since 3.7; [`crate::release::Fact::UnknownSortRefused`].
    InvalidSortOption,
    /// A revision below the last compaction.
    Compacted,
    /// A revision that the store has not reached.
    FutureRevision,
    /// The database is at its quota.
    NoSpace,
    /// No such lease.
    LeaseNotFound,
    /// A lease with that id exists.
    LeaseExists,
    /// A time to live above 9,000,000,000 s.
    LeaseTtlTooLarge,
    /// More than 1.5 MiB.
    RequestTooLarge,
    /// More requests at once than the server takes.
    TooManyRequests,
    /// Authentication cannot be switched on without a user `root`.
    RootUserNotExist,
    /// Authentication cannot be switched on unless `root` has the role `root`.
    RootRoleNotExist,
    /// A user of that name exists.
    UserAlreadyExists,
    /// No user name, or, with authentication on, no token.
    UserEmpty,
    /// No such user.
    UserNotFound,
    /// A role of that name exists.
    RoleAlreadyExists,
    /// No such role.
    RoleNotFound,
    /// No role name.
    RoleEmpty,
    /// Wrong password, or a user that does not exist.
    AuthFailed,
    /// A grant without a permission.
    PermissionNotGiven,
    /// The caller may not do that.
    PermissionDenied,
    /// The user does not have that role.
    RoleNotGranted,
    /// The role does not have that permission.
    PermissionNotGranted,
    /// Authentication is off.
    AuthNotEnabled,
    /// A token that the server does not know, or no longer.
    InvalidAuthToken,
    /// What would lock everybody out: deleting `root`, or taking its role, while authentication is on.
    InvalidAuthManagement,
    /// A token from before the last change of users or roles.
    AuthOldRevision,
    /// The same, as releases without [`crate::release::Fact::OldRevisionHasCode`] say it.
    AuthOldRevisionUnmapped,
    /// A login by name of a user that was made without a password, or a hash that is none.
    NoPasswordUser,
    /// A password of more than 72 bytes.
    PasswordTooLong,
    /// The cluster has no leader.
    NoLeader,
    /// The member is going down.
    Stopped,
    /// The request took too long.
    Timeout,
    /// A member with that id exists.
    MemberExists,
    /// No such member.
    MemberNotFound,
    /// Removing the last member.
    NotEnoughStartedMembers,
    /// Promoting a member that votes already.
    MemberNotLearner,
    /// Handing the leadership to a member that is not there.
    BadLeaderTransferee,
}

impl Refusal {
    /// The status code that goes with it on the wire.
    pub const fn code(self) -> Code {
        match self {
            Self::EmptyKey
            | Self::KeyNotFound
            | Self::ValueProvided
            | Self::LeaseProvided
            | Self::TooManyOperations
            | Self::DuplicateKey
            | Self::InvalidSortOption
            | Self::RequestTooLarge
            | Self::UserEmpty
            | Self::RoleEmpty
            | Self::AuthFailed
            | Self::PermissionNotGiven
            | Self::InvalidAuthManagement
            | Self::AuthOldRevision => Code::InvalidArgument,
            Self::Compacted | Self::FutureRevision | Self::LeaseTtlTooLarge => Code::OutOfRange,
            Self::NoSpace | Self::TooManyRequests => Code::ResourceExhausted,
            Self::LeaseNotFound | Self::MemberNotFound => Code::NotFound,
            Self::LeaseExists
            | Self::RootUserNotExist
            | Self::RootRoleNotExist
            | Self::UserAlreadyExists
            | Self::UserNotFound
            | Self::RoleAlreadyExists
            | Self::RoleNotFound
            | Self::RoleNotGranted
            | Self::PermissionNotGranted
            | Self::AuthNotEnabled
            | Self::MemberExists
            | Self::MemberNotLearner
            | Self::BadLeaderTransferee => Code::FailedPrecondition,
            // The server's own errors that have no words for clients go out as they are.
            Self::AuthOldRevisionUnmapped
            | Self::NoPasswordUser
            | Self::PasswordTooLong
            | Self::NotEnoughStartedMembers => Code::Unknown,
            Self::PermissionDenied => Code::PermissionDenied,
            Self::InvalidAuthToken => Code::Unauthenticated,
            Self::NoLeader | Self::Stopped | Self::Timeout => Code::Unavailable,
        }
    }

    /// The text that goes with it on the wire.
    pub const fn text(self) -> &'static str {
        match self {
            Self::EmptyKey => "etcdserver: key is not provided",
            Self::KeyNotFound => "etcdserver: key not found",
            Self::ValueProvided => "etcdserver: value is provided",
            Self::LeaseProvided => "etcdserver: lease is provided",
            Self::TooManyOperations => "etcdserver: too many operations in txn request",
            Self::DuplicateKey => "etcdserver: duplicate key given in txn request",
            Self::InvalidSortOption => "etcdserver: invalid sort option",
            Self::Compacted => "etcdserver: mvcc: required revision has been compacted",
            Self::FutureRevision => "etcdserver: mvcc: required revision is a future revision",
            Self::NoSpace => "etcdserver: mvcc: database space exceeded",
            Self::LeaseNotFound => "etcdserver: requested lease not found",
            Self::LeaseExists => "etcdserver: lease already exists",
            Self::LeaseTtlTooLarge => "etcdserver: too large lease TTL",
            Self::RequestTooLarge => "etcdserver: request is too large",
            Self::TooManyRequests => "etcdserver: too many requests",
            Self::RootUserNotExist => "etcdserver: root user does not exist",
            Self::RootRoleNotExist => "etcdserver: root user does not have root role",
            Self::UserAlreadyExists => "etcdserver: user name already exists",
            Self::UserEmpty => "etcdserver: user name is empty",
            Self::UserNotFound => "etcdserver: user name not found",
            Self::RoleAlreadyExists => "etcdserver: role name already exists",
            Self::RoleNotFound => "etcdserver: role name not found",
            Self::RoleEmpty => "etcdserver: role name is empty",
            Self::AuthFailed => "etcdserver: authentication failed, invalid user ID or password",
            Self::PermissionNotGiven => "etcdserver: permission not given",
            Self::PermissionDenied => "etcdserver: permission denied",
            Self::RoleNotGranted => "etcdserver: role is not granted to the user",
            Self::PermissionNotGranted => "etcdserver: permission is not granted to the role",
            Self::AuthNotEnabled => "etcdserver: authentication is not enabled",
            Self::InvalidAuthToken => "etcdserver: invalid auth token",
            Self::InvalidAuthManagement => "etcdserver: invalid auth management",
            Self::AuthOldRevision => "etcdserver: revision of auth store is old",
            Self::AuthOldRevisionUnmapped => "auth: revision in header is old",
            Self::NoPasswordUser => "auth: authentication failed, password was given for no password user",
            Self::PasswordTooLong => "bcrypt: password length exceeds 72 bytes",
            Self::NoLeader => "etcdserver: no leader",
            Self::Stopped => "etcdserver: server stopped",
            Self::Timeout => "etcdserver: request timed out",
            Self::MemberExists => "etcdserver: member ID already exist",
            Self::MemberNotFound => "etcdserver: member not found",
            Self::NotEnoughStartedMembers => {
                "etcdserver: re-configuration failed due to not enough started members"
            }
            Self::MemberNotLearner => "etcdserver: can only promote a learner member",
            Self::BadLeaderTransferee => "etcdserver: bad leader transferee",
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code(), refusal.text())
    }
}
