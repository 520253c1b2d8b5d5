//! What a step does: the closed list of actions, each with everything it needs, every default filled in.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OnError, User};

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Writes items under the recipe's keys.
    Enqueue(Enqueue),
    /// Writes a key that is no item.
    Put(Put),
    /// Deletes a key, or all that begin with it.
    Delete(Delete),
    /// Compacts the history up to the current revision.
    Compact,
    /// Ends the server and starts it again, on its data or on other data.
    Restart(Restart),
    /// Keeps a copy of the server's data.
    Save,
    /// Gives back what compactions have freed of the database, and clears the alarm that it is full.
    Defrag,
    /// Freezes the server's process: connections stay open, nothing is answered.
    Pause,
    /// Lets a paused server go on.
    Resume,
    /// Cuts connections of the subject's.
    DropConnections(Reach),
    /// Swallows what passes on connections of the subject's.
    BlackHole(BlackHole),
    /// Keeps replies from the subject's clients.
    LoseReplies(LoseReplies),
    /// Holds up what passes on connections of the subject's.
    Delay(Delay),
    /// Holds back requests of the subject's clients.
    HoldRequests(HoldRequests),
    /// Lets all requests go on that are held back.
    ReleaseRequests,
    /// Adds a user with a role of its own.
    AddUser(User),
    /// Gives a user another password.
    ChangePassword(ChangePassword),
    /// Deletes the user of this name.
    DeleteUser(String),
    /// Takes from the user of this name the role it was given.
    RevokeRole(String),
    /// Switches authentication on; makes the user `root` first if there is none.
    EnableAuth,
    /// Switches authentication off.
    DisableAuth,
    /// Has the subject close its client of this name, under the calls that are open on it.
    CloseClient(String),
    /// Has the consumer of this name give its open call up.
    CancelCall(String),
    /// Cuts the member that clients talk to off from the other members.
    Isolate,
    /// Lets a member that was cut off talk to the others again.
    Rejoin,
    /// Makes the key of a barrier, which holds everybody who waits at it.
    HoldBarrier(String),
    /// Deletes the key of a barrier.
    ReleaseBarrier(String),
    /// Takes the lock of this key, as the recipe's would.
    HoldLock(String),
    /// Gives the lock of this key back.
    ReleaseLock(String),
}

impl Action {
    /// Whether the harness asks something of the etcd for it, which the etcd may refuse.
    pub(crate) const fn asks_etcd(&self) -> bool {
        match self {
            Self::Enqueue(enqueue) => matches!(enqueue.by, Producer::Harness),
            Self::Put(_)
            | Self::Delete(_)
            | Self::Compact
            | Self::Defrag
            | Self::AddUser(_)
            | Self::ChangePassword(_)
            | Self::DeleteUser(_)
            | Self::RevokeRole(_)
            | Self::EnableAuth
            | Self::DisableAuth
            | Self::HoldBarrier(_)
            | Self::ReleaseBarrier(_)
            | Self::HoldLock(_)
            | Self::ReleaseLock(_) => true,
            Self::Restart(_)
            | Self::Save
            | Self::Pause
            | Self::Resume
            | Self::DropConnections(_)
            | Self::BlackHole(_)
            | Self::LoseReplies(_)
            | Self::Delay(_)
            | Self::HoldRequests(_)
            | Self::ReleaseRequests
            | Self::CloseClient(_)
            | Self::CancelCall(_)
            | Self::Isolate
            | Self::Rejoin => false,
        }
    }
}

impl Action {
    /// Whether it can be done to one member of several alone.
    pub(crate) const fn can_be_of_one_member(&self) -> bool {
        matches!(
            self,
            Self::Restart(Restart { data: Data::Kept, .. })
                | Self::Pause
                | Self::Resume
                | Self::Isolate
                | Self::Rejoin
                | Self::BlackHole(_)
                | Self::DropConnections(_)
        )
    }
}

/// Items to be written to a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enqueue {
    /// The items' values in order; an item is known by its value (`count = 3` of `a`: `a.1`, `a.2`, `a.3`).
    pub values: Vec<String>,
    /// The queue they are written to; by default the scenario's own.
    pub prefix: String,
    /// Who writes them.
    pub by: Producer,
    /// How long each stored value is at least, bytes: it is filled up with spaces, which are not part of the item.
    #[serde(default)]
    pub bytes: usize,
    /// How many write at once, each its share one after the other; at least one.
    #[serde(default = "one")]
    pub producers: usize,
    /// What a producer does after an error.
    #[serde(default)]
    pub on_error: OnError,
}

const fn one() -> usize {
    1
}

/// Who writes an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Producer {
    /// A client of the harness's own.
    Harness,
    /// The subject's own enqueue, on its client named `producer`.
    Subject,
}

/// A key to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// How long the stored value is at least, bytes: it is filled up with spaces.
    pub bytes: usize,
    /// How many times it is written.
    pub count: usize,
}

/// Keys to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delete {
    /// This key.
    Key(String),
    /// All keys that begin so.
    Prefix(String),
}

/// How a server ends, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// How it ends.
    pub ending: Ending,
    /// How long it is down before it is started again.
    pub down: Duration,
    /// On what it is started again.
    #[serde(default)]
    pub data: Data,
}

/// On what a server is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    /// On what it had.
    #[default]
    Kept,
    /// On nothing: revisions begin anew, and leases and users are gone.
    Wiped,
    /// On what it had at the last `save`: revisions go back.
    Saved,
}

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It is asked to (SIGTERM).
    Graceful,
    /// It is killed (SIGKILL).
    Kill,
}

/// Which of the subject's clients a fault of the network reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Every one; never those of the harness.
    All,
    /// The one of this name.
    Client(String),
}

/// A black hole: connections that are open at that moment carry nothing any more in either direction and are never
/// closed by the harness; new ones are taken and swallowed until the time is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlackHole {
    /// Whose connections.
    pub reach: Reach,
    /// For how long new connections are swallowed.
    pub length: Duration,
}

/// Replies that are lost: the server executes the next calls of a kind, and the client hears nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoseReplies {
    /// Whose calls.
    pub reach: Reach,
    /// The kind of call.
    pub method: Method,
    /// How many calls, of all these clients together.
    pub count: usize,
    /// What the client gets instead.
    pub instead: Instead,
}

/// Requests that wait in the network: the client loses its connection to the next calls of a kind, and what it has sent
/// reaches the server when it is let go, however late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRequests {
    /// Whose calls.
    pub reach: Reach,
    /// The kind of call.
    pub method: Method,
    /// How many calls, of all these clients together.
    pub count: usize,
}

/// What a client gets instead of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instead {
    /// The end of its connection.
    Close,
    /// Nothing: the connection stays open and silent.
    Hang,
}

/// A kind of call, by etcd's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// `KV.Range`: a read.
    Range,
    /// `KV.Put`.
    Put,
    /// `KV.DeleteRange`.
    DeleteRange,
    /// `KV.Txn`: the recipe's enqueue and claim.
    Txn,
    /// `Auth.Authenticate`: a login.
    Authenticate,
    /// `Lease.LeaseGrant`.
    LeaseGrant,
}

impl Method {
    /// The method's path in a gRPC request.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Range => "/etcdserverpb.KV/Range",
            Self::Put => "/etcdserverpb.KV/Put",
            Self::DeleteRange => "/etcdserverpb.KV/DeleteRange",
            Self::Txn => "/etcdserverpb.KV/Txn",
            Self::Authenticate => "/etcdserverpb.Auth/Authenticate",
            Self::LeaseGrant => "/etcdserverpb.Lease/LeaseGrant",
        }
    }
}

/// A network that holds up what passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delay {
    /// Whose connections.
    pub reach: Reach,
    /// How much later everything arrives that the server sends.
    pub by: Duration,
    /// For how long.
    pub length: Duration,
}

/// Another password for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePassword {
    /// The user.
    pub user: String,
    /// The new password.
    pub password: String,
}
