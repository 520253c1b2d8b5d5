//! What the harness did to a server, a network, a user or a client, told so that the effect can follow in the same
//! sentence. What steps do to items and keys disturbs nobody, and is not here.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    history::{Happening, History, ServerState},
    scenario::{Action, Data, Delay, Ending, Reach, Restart, Scenario, spell_duration},
};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disturbance {
    /// The server ended, to be started again.
    Restarted(Restart),
    /// The server is another from now on: it came back, was frozen, thawed, cut off.
    Server(ServerState),
    /// One member of several is another from now on.
    Member(usize, ServerState),
    /// Connections were cut.
    Dropped(Reach),
    /// Connections carry nothing any more, and new ones nothing for this long.
    BlackHole(Reach, Duration),
    /// What the server sends is held up.
    Delayed(Delay),
    /// This user got another password.
    PasswordChanged(String),
    /// This user was deleted.
    UserDeleted(String),
    /// This user lost its role.
    RoleRevoked(String),
    /// Authentication was switched on.
    AuthEnabled,
    /// Authentication was switched off.
    AuthDisabled,
    /// The owner of this client closed it.
    ClientClosed(String),
    /// The owner of this consumer's call gave it up.
    CallGivenUp(String),
}

/// For how long a disturbance may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stays {
    /// It is over as soon as it is done.
    Shortly,
    /// Until the end, unless it is undone.
    ForGood,
}

impl Disturbance {
    /// What this event is, if it is one.
    pub(super) fn of(history: &History, at: Duration, what: &Happening) -> Option<Self> {
        match what {
            Happening::Server { state: ServerState::Down } => Some(match restart_at(&history.scenario, at) {
                Some(restart) => Self::Restarted(restart),
                None => Self::Server(ServerState::Down),
            }),
            Happening::Server { state } => Some(Self::Server(*state)),
            Happening::Member { member, state } => Some(Self::Member(*member, *state)),
            Happening::Cancelled { consumer, .. } => Some(Self::CallGivenUp(consumer.clone())),
            Happening::Acted { step } => Self::of_step(&history.scenario.steps.get(*step)?.action),
            _ => None,
        }
    }

    fn of_step(action: &Action) -> Option<Self> {
        match action {
            Action::DropConnections(reach) => Some(Self::Dropped(reach.clone())),
            Action::BlackHole(hole) => Some(Self::BlackHole(hole.reach.clone(), hole.length)),
            Action::Delay(delay) => Some(Self::Delayed(delay.clone())),
            Action::ChangePassword(change) => Some(Self::PasswordChanged(change.user.clone())),
            Action::DeleteUser(user) => Some(Self::UserDeleted(user.clone())),
            Action::RevokeRole(user) => Some(Self::RoleRevoked(user.clone())),
            Action::EnableAuth => Some(Self::AuthEnabled),
            Action::DisableAuth => Some(Self::AuthDisabled),
            Action::CloseClient(client) => Some(Self::ClientClosed(client.clone())),
            // The server says itself when it goes and comes, a reply when it is lost, a request when it is held and goes
            // on, a watch when it is compacted, and a call when it is given up.
            Action::Restart(_)
            | Action::Pause
            | Action::Resume
            | Action::Isolate
            | Action::Rejoin
            | Action::LoseReplies(_)
            | Action::HoldRequests(_)
            | Action::ReleaseRequests
            | Action::Compact
            | Action::Save
            | Action::Defrag
            | Action::CancelCall(_) => None,
            Action::Enqueue(_) | Action::Put(_) | Action::Delete(_) | Action::AddUser(_) => None,
            Action::HoldBarrier(_)
            | Action::ReleaseBarrier(_)
            | Action::HoldLock(_)
            | Action::ReleaseLock(_) => None,
        }
    }

    /// Whether it can have anything to do with this client; a server's or a user's affair can with all.
    pub(super) fn concerns(&self, scenario: &Scenario, client: &str) -> bool {
        match self {
            Self::Dropped(reach) | Self::BlackHole(reach, _) | Self::Delayed(Delay { reach, .. }) => {
                match reach {
                    Reach::All => true,
                    Reach::Client(name) => name == client,
                }
            }
            Self::PasswordChanged(user) | Self::UserDeleted(user) | Self::RoleRevoked(user) => {
                scenario.client_user(client).unwrap_or(crate::scenario::ROOT) == user
            }
            Self::ClientClosed(name) => name == client,
            Self::CallGivenUp(name) => {
                let by = scenario.consumers.iter().find(|consumer| consumer.name == *name);
                by.is_some_and(|consumer| consumer.client == client)
            }
            Self::Restarted(_)
            | Self::Server(_)
            | Self::Member(..)
            | Self::AuthEnabled
            | Self::AuthDisabled => true,
        }
    }

    /// For how long it may show.
    pub(super) const fn stays(&self) -> Stays {
        match self {
            Self::BlackHole(..)
            | Self::PasswordChanged(_)
            | Self::UserDeleted(_)
            | Self::RoleRevoked(_)
            | Self::AuthEnabled
            | Self::AuthDisabled
            | Self::ClientClosed(_)
            | Self::Server(ServerState::Paused | ServerState::Isolated | ServerState::Down)
            | Self::Member(_, ServerState::Paused | ServerState::Isolated | ServerState::Down) => {
                Stays::ForGood
            }
            Self::Restarted(_)
            | Self::Server(ServerState::Up | ServerState::Resumed | ServerState::Rejoined)
            | Self::Member(_, ServerState::Up | ServerState::Resumed | ServerState::Rejoined)
            | Self::Dropped(_)
            | Self::Delayed(_)
            | Self::CallGivenUp(_) => Stays::Shortly,
        }
    }

    /// Whether it is the end of another one.
    pub(super) const fn is_an_end(&self) -> bool {
        matches!(
            self,
            Self::Server(ServerState::Up | ServerState::Resumed | ServerState::Rejoined)
                | Self::Member(_, ServerState::Up | ServerState::Resumed | ServerState::Rejoined)
        )
    }

    /// Whether `later` puts an end to it.
    pub(super) const fn ends_with(&self, later: &Self) -> bool {
        if let (Self::Member(one, before), Self::Member(other, after)) = (self, later) {
            return *one == *other
                && matches!(
                    (before, after),
                    (ServerState::Paused, ServerState::Resumed)
                        | (ServerState::Isolated, ServerState::Rejoined)
                        | (ServerState::Down, ServerState::Up)
                );
        }
        matches!(
            (self, later),
            (Self::Server(ServerState::Paused), Self::Server(ServerState::Resumed))
                | (Self::Server(ServerState::Isolated), Self::Server(ServerState::Rejoined))
                | (Self::Server(ServerState::Down), Self::Server(ServerState::Up))
                | (Self::AuthEnabled, Self::AuthDisabled)
                | (Self::AuthDisabled, Self::AuthEnabled)
        )
    }
}

/// The restart that was due last by then.
fn restart_at(scenario: &Scenario, at: Duration) -> Option<Restart> {
    let due = scenario.steps.iter().filter(|step| step.at <= at);
    let restarts = due.filter_map(|step| match &step.action {
        Action::Restart(restart) => Some((step.at, restart)),
        _ => None,
    });
    restarts.max_by_key(|(at, _)| *at).map(|(_, restart)| restart.clone())
}

impl fmt::Display for Disturbance {
    /// A clause in the past that follows its time: `at 3.0 s` …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restarted(Restart { ending, down, data }) => {
                f.write_str(match ending {
                    Ending::Graceful => "the server was shut down and started again",
                    Ending::Kill => "the server was killed and started again",
                })?;
                f.write_str(match data {
                    Data::Kept => "",
                    Data::Wiped => " on nothing",
                    Data::Saved => " on the data that had been saved",
                })?;
                match *down {
                    Duration::ZERO => Ok(()),
                    down => write!(f, " {} later", spell_duration(down)),
                }
            }
            Self::Server(state) => f.write_str(match state {
                ServerState::Down => "the server went down",
                ServerState::Up => "the server was up again",
                ServerState::Paused => "the server was paused",
                ServerState::Resumed => "the server went on after a pause",
                ServerState::Isolated => "the leader was cut off from the other members",
                ServerState::Rejoined => "the leader could talk to the other members again",
            }),
            Self::Member(member, state) => {
                let became = match state {
                    ServerState::Down => "went down",
                    ServerState::Up => "was up again",
                    ServerState::Paused => "was paused",
                    ServerState::Resumed => "went on after a pause",
                    ServerState::Isolated => "was cut off from the others",
                    ServerState::Rejoined => "could talk to the others again",
                };
                write!(f, "member {member} {became}")
            }
            Self::Dropped(Reach::All) => f.write_str("the connections of all clients were cut"),
            Self::Dropped(Reach::Client(client)) => write!(f, "the connections of client {client} were cut"),
            Self::BlackHole(reach, length) => write!(
                f,
                "the connections of {} fell silent, and new ones for {}",
                Whose(reach),
                spell_duration(*length)
            ),
            Self::Delayed(Delay { reach, by, length }) => write!(
                f,
                "what the server sends to {} began to take {} longer, for {}",
                Whose(reach),
                spell_duration(*by),
                spell_duration(*length)
            ),
            Self::PasswordChanged(user) => write!(f, "the password of user {user} was changed"),
            Self::UserDeleted(user) => write!(f, "user {user} was deleted"),
            Self::RoleRevoked(user) => write!(f, "user {user} lost its role"),
            Self::AuthEnabled => f.write_str("authentication was switched on"),
            Self::AuthDisabled => f.write_str("authentication was switched off"),
            Self::ClientClosed(client) => write!(f, "client {client} was closed by its owner"),
            Self::CallGivenUp(consumer) => {
                write!(f, "the call of consumer {consumer} was given up by its owner")
            }
        }
    }
}

struct Whose<'a>(&'a Reach);

impl fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reach::All => f.write_str("all clients"),
            Reach::Client(client) => write!(f, "client {client}"),
        }
    }
}
