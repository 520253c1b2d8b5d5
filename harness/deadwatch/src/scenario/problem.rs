//! What can be wrong with a scenario file, as a closed list, each with its place.

use std::{fmt, ops::Range};

use miette::{Diagnostic, LabeledSpan};

use super::{ClockOffset, DurationError, OffsetError, Version, VersionError};

mod advice;
mod listing;

/// Something wrong with a scenario file, and where.
///
/// It shows its place only below a [`Diagnosis`](super::Diagnosis), which holds the file's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Problem {
    /// The bytes of the file that are wrong.
    pub span: Range<usize>,
    /// What is wrong with them.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// It is no TOML.
    #[error("this is not TOML: {message}")]
    Syntax {
        /// What is wrong.
        message: String,
        /// What should stand there.
        expected: Option<String>,
    },
    /// A value that cannot be held, such as a number too large.
    #[error("unusable value: {0}")]
    Unusable(String),
    /// A key that is none of its table's.
    #[error("unknown key `{key}` in {table}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The table, such as `[etcd]`.
        table: String,
        /// The keys that the table has.
        known: Vec<String>,
        /// The one that was most likely meant.
        nearest: Option<String>,
        /// Another table that has this very key.
        elsewhere: Option<String>,
    },
    /// A table lacks a key that it must have.
    #[error("{table} has no `{key}`")]
    MissingKey {
        /// The key.
        key: String,
        /// The table, such as `[etcd]`.
        table: String,
        /// What the key looks like, such as `[run]` or `at = "5s"`.
        example: String,
    },
    /// A value is of another type than its key's.
    #[error("`{key}` is {found}")]
    WrongType {
        /// The key.
        key: String,
        /// What it is, such as `an integer`.
        found: &'static str,
        /// What it should be, such as `a string such as "5s"`.
        expected: String,
    },
    /// A value is none of the few that its key takes.
    #[error("unknown value {value:?} of `{key}`")]
    UnknownValue {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The values that the key takes.
        known: Vec<String>,
        /// The one that was most likely meant.
        nearest: Option<String>,
    },
    /// A time is not written as one.
    #[error("`{key}` is no time")]
    Duration {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        source: DurationError,
    },
    /// How far a clock is off is not written as such.
    #[error("`{key}` does not say how far a clock is off")]
    Offset {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        source: OffsetError,
    },
    /// A release is not exact.
    #[error("`version` is not an exact release")]
    Version {
        /// What is wrong with it.
        source: VersionError,
        /// The release that was most likely meant.
        nearest: Option<Version>,
    },
    /// A token's life is not whole seconds, or is zero.
    #[error("`token-ttl` is not whole seconds above zero")]
    TokenTtl,
    /// A start or a step lies at or behind the end.
    #[error("`{key}` is not before the end of the run")]
    PastTheEnd {
        /// The key, `start` or `at`.
        key: &'static str,
        /// The run's length.
        length: String,
        /// Where the length stands.
        length_span: Range<usize>,
    },
    /// The run has no time at all.
    #[error("the run is over before it begins")]
    NoTime,
    /// No consumer.
    #[error("the scenario has no consumer")]
    NoConsumer,
    /// Two consumers of one name.
    #[error("two consumers are named {name:?}")]
    SameName {
        /// The name.
        name: String,
        /// Where the first has it, if it is written.
        first: Option<Range<usize>>,
    },
    /// An item's value is written twice.
    #[error("the value {value:?} is enqueued twice")]
    SameValue {
        /// The value.
        value: String,
        /// Where the first stands.
        first: Range<usize>,
    },
    /// A value that could be mistaken for a probe's.
    #[error("the value {0:?} is one of the harness's own")]
    ReservedValue(String),
    /// A prefix that would hand out the harness's own items, or write among them.
    #[error("the prefix {0:?} reaches the harness's own queues")]
    ReservedPrefix(String),
    /// A client's name that could be mistaken for one of the harness's own.
    #[error("the client {0:?} is one of the harness's own")]
    ReservedClient(String),
    /// A key that the harness uses for its own ends.
    #[error("the key {0:?} is one of the harness's own")]
    ReservedKey(String),
    /// A client whose name means all of them.
    #[error("a client is named \"all\"")]
    ClientNamedAll,
    /// A name that nothing in the file has.
    #[error("there is no {what} {name:?}")]
    UnknownName {
        /// What it should name.
        what: Named,
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
        /// The one that was most likely meant.
        nearest: Option<String>,
    },
    /// Two users of one name.
    #[error("the user {name:?} is there already")]
    SameUser {
        /// The name.
        name: String,
        /// Where the first has it; `root` needs no place.
        first: Option<Range<usize>>,
    },
    /// Consumers that share a client and not its user.
    #[error("the client {client:?} logs in as {user:?} here, and as {other:?} elsewhere")]
    TwoUsers {
        /// The client.
        client: String,
        /// The user here.
        user: String,
        /// The user of another consumer on it.
        other: String,
        /// Where the other is named, if it is written.
        first: Option<Range<usize>>,
    },
    /// Consumers that share a client and not its clock.
    #[error("the clock of client {client:?} is off by {clock} here, and by {other} elsewhere")]
    TwoClocks {
        /// The client.
        client: String,
        /// How far it is off here.
        clock: ClockOffset,
        /// How far it is off for another consumer on it.
        other: ClockOffset,
        /// Where that is written, if it is.
        first: Option<Range<usize>>,
    },
    /// A refusal of what asks nothing of the etcd.
    #[error("`refused` beside what the etcd can't refuse")]
    NothingToRefuse {
        /// What the step does.
        action: String,
    },
    /// Signed tokens without a life.
    #[error("`auth-token` without `token-ttl`")]
    NoTokenTtl,
    /// A number of members that no cluster should have.
    #[error("`members` is neither 1, 3 nor 5")]
    Members,
    /// Several members, which not every backend can be.
    #[error("several members, and no word on where they can't be staged")]
    MembersEverywhere {
        /// The keys that `[not-on]` lacks.
        missing: Vec<String>,
    },
    /// A member that is none.
    #[error("there is no such member")]
    NoSuchMember {
        /// How many there are.
        members: usize,
    },
    /// A member named for what concerns none alone.
    #[error("`member` beside what is done to no member alone")]
    NoMembersAffair {
        /// What the step does.
        action: String,
    },
    /// Something that is no flag of etcd's.
    #[error("this is no flag")]
    NoFlag,
    /// A flag that the harness gives itself.
    #[error("`--{0}` is one of the harness's own")]
    FlagOfTheHarness(String),
    /// Data that a container's server can't be given.
    #[error("`{0}`, and no word on why it can't be staged in a container")]
    DataInAContainer(&'static str),
    /// A member cut off where there is but one.
    #[error("`{0}` with one member")]
    OneMember(&'static str),
    /// A step that ends what no earlier step began.
    #[error("`{step}` without a `{before}` before it")]
    NothingBefore {
        /// The step's action.
        step: &'static str,
        /// The action that it ends.
        before: &'static str,
    },
    /// A step that ends something at the instant in which it began.
    #[error("`{step}` at the same instant as `{before}`")]
    SameInstant {
        /// The step's action.
        step: &'static str,
        /// The action that it ends.
        before: &'static str,
        /// Where that stands.
        first: Range<usize>,
    },
    /// Something that goes on for no time.
    #[error("`{0}` is no time at all")]
    Zero(&'static str),
    /// A server that does not come back in time.
    #[error("the server is still down when the run ends")]
    DownPastTheEnd {
        /// How long is left after the step.
        left: String,
        /// Where the run's length stands.
        length_span: Range<usize>,
    },
    /// More producers than items.
    #[error("`producers` is more than there are items")]
    IdleProducers {
        /// How many items there are.
        items: usize,
    },
    /// What a producer does after an error, for items that no producer of the subject writes.
    #[error("`on-error` of items that the harness writes")]
    OnErrorOfTheHarness,
    /// A length below that of the value.
    #[error("`bytes` is less than the value has")]
    TooShort {
        /// How many the value has.
        least: usize,
    },
    /// An item that could not be told from its padding.
    #[error("the value {0:?} ends in a space")]
    EndsInSpace(String),
    /// A text that must say something is empty.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// A number too small or too large.
    #[error("`{key}` is out of range")]
    OutOfRange {
        /// The key.
        key: String,
        /// The least it may be.
        least: i64,
        /// The most it may be.
        most: i64,
    },
    /// A step does nothing.
    #[error("the step has no action")]
    NoAction {
        /// The actions there are.
        known: Vec<String>,
    },
    /// A step does several things.
    #[error("the step has more than one action")]
    TwoActions {
        /// The first of them.
        first: Range<usize>,
    },
}

/// What a name in a file stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A client of the subject's.
    Client,
    /// A consumer.
    Consumer,
    /// A user that can log in from the start.
    Login,
    /// A user, there from the start or added by a step.
    User,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Consumer => "consumer",
            Self::Login | Self::User => "user",
        })
    }
}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.kind.help().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let here = LabeledSpan::new_primary_with_span(Some(self.kind.expected()), self.span.clone());
        let also = self.kind.also().map(|(span, says)| LabeledSpan::at(span, says));
        Some(Box::new(std::iter::once(here).chain(also)))
    }
}
