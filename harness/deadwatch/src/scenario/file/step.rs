//! The `[[step]]` table: a time, and one action out of all there are.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    BlackHoleTable, ChangePasswordTable, DelayTable, DeleteTable, DurationText, EnqueueTable,
    HoldRequestsTable, LoseRepliesTable, PutTable, RestartTable, TextOr, UserTable,
    word::{As, HeldBack, Isolated, Paused, Served, UpTo},
};
use crate::scenario::{Ending, placed::Placed, schema};

/// Something that happens at a time: `at`, and exactly one action.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, transform = schema::demand_one_action)]
pub(in crate::scenario) struct StepTable {
    /// When it is issued. It does not hold up the next step.
    pub at: Placed<DurationText>,
    /// The etcd may refuse what the step asks of it, as the file wants; else a refusal makes the run inconclusive.
    /// Only for what the harness asks of the etcd. Default `false`.
    #[schemars(extend("default" = false))]
    pub refused: Option<Placed<bool>>,
    /// Which of several members a fault is done to, counted from 1: the one that clients talk to who know one. Only for
    /// what can be done to one alone. Default: all of them; for `isolate` and `rejoin` the first.
    #[schemars(range(min = 1, max = 5))]
    pub member: Option<Placed<i64>>,
    /// Writes an item, or several: an item's value, or a table.
    pub enqueue: Option<Placed<TextOr<String, EnqueueTable>>>,
    /// Writes a key that is no item.
    pub put: Option<Placed<PutTable>>,
    /// Deletes a key, or with a table all keys that begin with a prefix.
    pub delete: Option<Placed<TextOr<String, DeleteTable>>>,
    /// Compacts the history: what was before can't be watched any more.
    pub compact: Option<Placed<UpTo>>,
    /// Ends the server and starts it again on its data: how it ends, or a table.
    pub restart: Option<Placed<TextOr<Ending, RestartTable>>>,
    /// Keeps a copy of the server's data, for a later `restart` with `data = "saved"`. Needs a `[not-on]` that says why
    /// not `docker`.
    pub save: Option<Placed<Served>>,
    /// Gives back what compactions have freed of the database, and clears the alarm that it is full.
    pub defrag: Option<Placed<Served>>,
    /// Freezes the server's process: connections stay open, nothing is answered.
    pub pause: Option<Placed<Paused>>,
    /// Lets a paused server go on.
    pub resume: Option<Placed<Paused>>,
    /// Cuts the connections of a client, or of `all` clients of the subject. They may connect again at once.
    #[schemars(length(min = 1), extend("examples" = ["all"]))]
    pub drop_connections: Option<Placed<String>>,
    /// Swallows what passes: connections that are open carry nothing any more, in either direction, and are
    /// never closed; new ones are swallowed for this time.
    pub black_hole: Option<Placed<TextOr<DurationText, BlackHoleTable>>>,
    /// Loses the replies to the next calls of a kind: the server executes them, and the client's connection is
    /// closed instead of the reply.
    pub lose_replies: Option<Placed<LoseRepliesTable>>,
    /// Holds up for a time what the server sends.
    pub delay: Option<Placed<DelayTable>>,
    /// Holds the next requests of a kind back: the client's connection is reset, and what it has sent on it from such
    /// a request on reaches the server when it is released.
    pub hold_requests: Option<Placed<HoldRequestsTable>>,
    /// Lets the requests go on that are held back by then.
    pub release_requests: Option<Placed<HeldBack>>,
    /// Adds a user with a role of its name: its name, or a table.
    pub add_user: Option<Placed<TextOr<String, UserTable>>>,
    /// Gives a user another password.
    pub change_password: Option<Placed<ChangePasswordTable>>,
    /// Deletes a user.
    #[schemars(length(min = 1), extend("examples" = ["worker"]))]
    pub delete_user: Option<Placed<String>>,
    /// Takes from a user the role of its name.
    #[schemars(length(min = 1), extend("examples" = ["worker"]))]
    pub revoke_role: Option<Placed<String>>,
    /// Switches authentication on; makes the user `root` first if there is none.
    pub enable_auth: Option<Placed<As>>,
    /// Switches authentication off.
    pub disable_auth: Option<Placed<As>>,
    /// Has the subject close a client, under the calls that are open on it.
    #[schemars(length(min = 1), extend("examples" = ["shared"]))]
    pub close_client: Option<Placed<String>>,
    /// Has the consumer of this name give its open call up, which ends the consumer.
    #[schemars(length(min = 1), extend("examples" = ["1"]))]
    pub cancel_call: Option<Placed<String>>,
    /// Cuts the member that clients talk to, the leader, off from the other members.
    pub isolate: Option<Placed<Isolated>>,
    /// Lets the member that was cut off talk to the others again.
    pub rejoin: Option<Placed<Isolated>>,
    /// Makes the key of a barrier, which holds everybody who waits at it.
    #[schemars(length(min = 1), extend("examples" = ["/test"]))]
    pub hold_barrier: Option<Placed<String>>,
    /// Deletes the key of a barrier.
    #[schemars(length(min = 1), extend("examples" = ["/test"]))]
    pub release_barrier: Option<Placed<String>>,
    /// Takes the lock of this key, as the recipe's would.
    #[schemars(length(min = 1), extend("examples" = ["/test"]))]
    pub hold_lock: Option<Placed<String>>,
    /// Gives the lock of this key back.
    #[schemars(length(min = 1), extend("examples" = ["/test"]))]
    pub release_lock: Option<Placed<String>>,
}
