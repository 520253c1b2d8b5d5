//! A step's name, as short as a lane's note has to be; what it does in words is `Action::describe`'s to say.

use crate::scenario::Action;

/// What the file calls it, in a word or two.
pub(super) const fn named(action: &Action) -> &'static str {
    match action {
        Action::Enqueue(_) => "enqueue",
        Action::Put(_) => "put",
        Action::Delete(_) => "delete",
        Action::Compact => "compact",
        Action::Restart(_) => "restart",
        Action::Save => "save",
        Action::Defrag => "defrag",
        Action::Pause => "pause",
        Action::Resume => "resume",
        Action::DropConnections(_) => "drop connections",
        Action::BlackHole(_) => "black hole",
        Action::LoseReplies(_) => "lose replies",
        Action::Delay(_) => "delay",
        Action::HoldRequests(_) => "hold requests",
        Action::ReleaseRequests => "release requests",
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
