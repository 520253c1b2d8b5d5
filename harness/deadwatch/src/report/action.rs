//! A step of a scenario in words.

use super::numbered;
use crate::scenario::{
    Action, Delete, Ending, Enqueue, Instead, OnError, Producer, Put, Reach, spell_duration,
};

/// What the file calls it, in a word or two.
pub(super) const fn named(action: &Action) -> &'static str {
    match action {
        Action::Enqueue(_) => "enqueue",
        Action::Put(_) => "put",
        Action::Delete(_) => "delete",
        Action::Compact => "compact",
        Action::Restart(_) => "restart",
        Action::Pause => "pause",
        Action::Resume => "resume",
        Action::DropConnections(_) => "drop connections",
        Action::BlackHole(_) => "black hole",
        Action::LoseReplies(_) => "lose replies",
        Action::Delay(_) => "delay",
        Action::AddUser(_) => "add user",
        Action::ChangePassword(_) => "change password",
        Action::DeleteUser(_) => "delete user",
        Action::RevokeRole(_) => "revoke role",
        Action::EnableAuth => "enable auth",
        Action::DisableAuth => "disable auth",
        Action::CloseClient(_) => "close client",
        Action::CancelCall(_) => "cancel call",
        Action::Isolate => "isolate",
        Action::Rejoin => "rejoin",
        Action::HoldBarrier(_) => "hold barrier",
        Action::ReleaseBarrier(_) => "release barrier",
        Action::HoldLock(_) => "hold lock",
        Action::ReleaseLock(_) => "release lock",
    }
}

/// What it does, with all that the file says of it.
pub(super) fn described(action: &Action) -> String {
    let name = named(action);
    match action {
        Action::Enqueue(enqueue) => enqueued(enqueue),
        Action::Put(Put { key, bytes, count, .. }) => {
            let times = if *count == 1 { String::new() } else { format!(", {count} times") };
            let size = if *bytes == 0 { String::new() } else { format!(", {bytes} bytes") };
            format!("{name} {key}{size}{times}")
        }
        Action::Delete(Delete::Key(key)) => format!("{name} {key}"),
        Action::Delete(Delete::Prefix(prefix)) => format!("{name} all keys that begin with {prefix}"),
        Action::Restart(restart) => {
            let how = match restart.ending {
                Ending::Graceful => "restart the server in good order",
                Ending::Kill => "kill the server and start it again",
            };
            match restart.down.is_zero() {
                true => how.to_owned(),
                false => format!("{how}, down for {}", spell_duration(restart.down)),
            }
        }
        Action::Pause | Action::Resume => format!("{name} the server"),
        Action::Isolate | Action::Rejoin => format!("{name} the member that clients talk to"),
        Action::DropConnections(reach) => format!("drop the connections of {}", whose(reach)),
        Action::BlackHole(hole) => {
            format!("{name} for {}, {}", spell_duration(hole.length), whose(&hole.reach))
        }
        Action::Delay(delay) => format!(
            "{name} replies by {} for {}, {}",
            spell_duration(delay.by),
            spell_duration(delay.length),
            whose(&delay.reach)
        ),
        Action::LoseReplies(lose) => {
            let instead = match lose.instead {
                Instead::Close => "the connection ends",
                Instead::Hang => "the connection hangs",
            };
            let method = lose.method.path().rsplit('/').next().unwrap_or_default();
            format!("lose the reply to {} {method}, {}; {instead}", lose.count, whose(&lose.reach))
        }
        Action::AddUser(user) => format!("{name} {}, for {}", user.name, user.prefixes.join(", ")),
        Action::ChangePassword(change) => format!("{name} of {}", change.user),
        Action::Compact | Action::EnableAuth | Action::DisableAuth => name.to_owned(),
        Action::DeleteUser(what)
        | Action::RevokeRole(what)
        | Action::CloseClient(what)
        | Action::CancelCall(what)
        | Action::HoldBarrier(what)
        | Action::ReleaseBarrier(what)
        | Action::HoldLock(what)
        | Action::ReleaseLock(what) => format!("{name} {what}"),
    }
}

fn enqueued(enqueue: &Enqueue) -> String {
    let values: Vec<&str> = enqueue.values.iter().map(String::as_str).collect();
    let mut parts =
        vec![format!("enqueue {} to {}", numbered::shortened(&values).join(", "), enqueue.prefix)];
    match enqueue.by {
        Producer::Harness => {}
        Producer::Subject => parts.push("by the subject".to_owned()),
    }
    if enqueue.bytes > 0 {
        parts.push(format!("{} bytes each", enqueue.bytes));
    }
    if enqueue.producers > 1 {
        parts.push(format!("{} producers at once", enqueue.producers));
    }
    match enqueue.on_error {
        OnError::Stop => {}
        OnError::Retry => parts.push("again after an error".to_owned()),
    }
    parts.join(", ")
}

fn whose(reach: &Reach) -> String {
    match reach {
        Reach::All => "all clients".to_owned(),
        Reach::Client(client) => format!("client {client}"),
    }
}
