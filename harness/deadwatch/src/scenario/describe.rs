//! What a step does, in words: one line that reads well after "3s", or after "the harness".

use std::time::Duration;

use super::{
    Action, BlackHole, Data, Delete, Ending, Enqueue, HoldRequests, Instead, LoseReplies, Method, OnError,
    Producer, Put, Reach, Restart, Step, User, spell_duration,
};

impl Step {
    /// What is done, in words and without its time, such as `restarts the server (kill), down for 2s`.
    pub fn describe(&self) -> String {
        match self.member {
            None => self.action.describe(),
            Some(member) => self.action.describe_at(member),
        }
    }
}

impl Action {
    /// What is done, in words, such as `restarts the server (kill), down for 2s`.
    pub fn describe(&self) -> String {
        match self {
            Self::Enqueue(enqueue) => enqueue.describe(),
            Self::Put(put) => put.describe(),
            Self::Delete(Delete::Key(key)) => format!("deletes {key}"),
            Self::Delete(Delete::Prefix(prefix)) => format!("deletes all that begins with {prefix}"),
            Self::Compact => "compacts the history".to_owned(),
            Self::Restart(restart) => restart.describe_of("the server"),
            Self::Save => "saves the server's data".to_owned(),
            Self::Defrag => "defragments the server and clears its alarm".to_owned(),
            Self::Pause => "pauses the server".to_owned(),
            Self::Resume => "lets the server go on".to_owned(),
            Self::DropConnections(reach) => format!("drops the connections of {}", reach.describe()),
            Self::BlackHole(BlackHole { reach, length }) => {
                format!(
                    "swallows what {} and the server send for {}",
                    reach.describe(),
                    spell_duration(*length)
                )
            }
            Self::LoseReplies(lose) => lose.describe(),
            Self::Delay(delay) => format!(
                "delays what the server sends to {} by {} for {}",
                delay.reach.describe(),
                spell_duration(delay.by),
                spell_duration(delay.length)
            ),
            Self::HoldRequests(hold) => hold.describe(),
            Self::ReleaseRequests => "lets the requests go on that are held back".to_owned(),
            Self::AddUser(user) => user.describe(),
            Self::ChangePassword(change) => format!("changes the password of {}", change.user),
            Self::DeleteUser(user) => format!("deletes the user {user}"),
            Self::RevokeRole(user) => format!("revokes the role of {user}"),
            Self::EnableAuth => "enables authentication".to_owned(),
            Self::DisableAuth => "disables authentication".to_owned(),
            Self::CloseClient(client) => format!("closes client {client}"),
            Self::CancelCall(consumer) => format!("gives up the call of consumer {consumer}"),
            Self::Isolate => "cuts the leader off from the other members".to_owned(),
            Self::Rejoin => "lets the leader talk to the other members again".to_owned(),
            Self::HoldBarrier(key) => format!("holds the barrier {key}"),
            Self::ReleaseBarrier(key) => format!("releases the barrier {key}"),
            Self::HoldLock(key) => format!("holds the lock {key}"),
            Self::ReleaseLock(key) => format!("releases the lock {key}"),
        }
    }
}

impl Action {
    /// The same where it is done to this member alone.
    fn describe_at(&self, member: usize) -> String {
        match self {
            Self::Restart(restart) => restart.describe_of(&format!("member {member}")),
            Self::Pause => format!("pauses member {member}"),
            Self::Resume => format!("lets member {member} go on"),
            Self::Isolate => format!("cuts member {member} off from the others"),
            Self::Rejoin => format!("lets member {member} talk to the others again"),
            Self::DropConnections(reach) => {
                format!("drops the connections of {} to member {member}", reach.describe())
            }
            Self::BlackHole(BlackHole { reach, length }) => {
                let (reach, length) = (reach.describe(), spell_duration(*length));
                format!("swallows what {reach} and member {member} send for {length}")
            }
            other => other.describe(),
        }
    }
}

impl Enqueue {
    fn describe(&self) -> String {
        let items = match self.values.as_slice() {
            [] => "nothing".to_owned(),
            [only] => only.clone(),
            [first, .., last] => format!("{} items, {first} to {last},", self.values.len()),
        };
        let who = match (self.by, self.producers) {
            (Producer::Harness, 1) => String::new(),
            (Producer::Harness, producers) => format!(" by {producers} at once"),
            (Producer::Subject, 1) => " by the subject".to_owned(),
            (Producer::Subject, producers) => format!(" by the subject, {producers} at once"),
        };
        let retries = match self.on_error {
            OnError::Stop => "",
            OnError::Retry => ", which retries",
        };
        format!("enqueues {items} to {}{who}{retries}{}", self.prefix, filled_to(self.bytes))
    }
}

impl Put {
    fn describe(&self) -> String {
        let times = match self.count {
            1 => String::new(),
            count => format!(" {count} times"),
        };
        format!("puts {}{times}{}", self.key, filled_to(self.bytes))
    }
}

/// How long a value is made; nothing where it keeps its own length.
fn filled_to(bytes: usize) -> String {
    match bytes {
        0 => String::new(),
        bytes => format!(", {bytes} bytes long"),
    }
}

impl Restart {
    fn describe_of(&self, server: &str) -> String {
        let how = match self.ending {
            Ending::Graceful => "graceful",
            Ending::Kill => "kill",
        };
        let on = match self.data {
            Data::Kept => "",
            Data::Wiped => " on nothing",
            Data::Saved => " on the data that were saved",
        };
        match self.down {
            Duration::ZERO => format!("restarts {server} ({how}){on}"),
            down => format!("restarts {server} ({how}){on}, down for {}", spell_duration(down)),
        }
    }
}

impl Reach {
    fn describe(&self) -> String {
        match self {
            Self::All => "all clients".to_owned(),
            Self::Client(client) => format!("client {client}"),
        }
    }
}

impl LoseReplies {
    fn describe(&self) -> String {
        let replies = match self.count {
            1 => format!("the reply to the next {}", self.method.name()),
            count => format!("the replies to the next {count} {}", self.method.name()),
        };
        let instead = match self.instead {
            Instead::Close => "",
            Instead::Hang => ", which hangs",
        };
        format!("loses {replies} of {}{instead}", self.reach.describe())
    }
}

impl HoldRequests {
    fn describe(&self) -> String {
        let (reach, method) = (self.reach.describe(), self.method.name());
        match self.count {
            1 => format!("holds back the next {method} of {reach}"),
            count => format!("holds back the next {count} {method} of {reach}"),
        }
    }
}

impl Method {
    /// Its name in a scenario file, such as `delete-range`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Put => "put",
            Self::DeleteRange => "delete-range",
            Self::Txn => "txn",
            Self::Authenticate => "authenticate",
            Self::LeaseGrant => "lease-grant",
        }
    }
}

impl User {
    fn describe(&self) -> String {
        match self.prefixes.as_slice() {
            [] => format!("adds the user {} without rights", self.name),
            prefixes => format!("adds the user {} with rights to {}", self.name, prefixes.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
