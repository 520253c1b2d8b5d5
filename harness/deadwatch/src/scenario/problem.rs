//! What can be wrong with a scenario file, as a closed list, each with its place.

use std::ops::Range;

use miette::{Diagnostic, LabeledSpan};

use super::{DurationError, PROBE_PREFIX, RESERVED_CLIENT, RESERVED_PREFIX, Version, VersionError};

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

impl ProblemKind {
    /// What is expected, in a few words: they stand at the place itself.
    fn expected(&self) -> String {
        match self {
            Self::Syntax { expected: Some(expected), .. } => format!("expected {expected}"),
            Self::Syntax { .. } | Self::Unusable(_) => "here".to_owned(),
            Self::UnknownKey { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownKey { elsewhere: Some(table), .. } => format!("that is a key of {table}"),
            Self::UnknownKey { known, .. } => format!("expected {}", one_of(known)),
            Self::MissingKey { example, .. } => format!("expected `{example}`"),
            Self::WrongType { expected, .. } => format!("expected {expected}"),
            Self::UnknownValue { nearest: Some(nearest), .. } => format!("did you mean \"{nearest}\"?"),
            Self::UnknownValue { known, .. } => format!("expected {}", one_of_values(known)),
            Self::Duration { source, .. } => source.to_string(),
            Self::Version { nearest: Some(nearest), .. } => format!("did you mean \"{nearest}\"?"),
            Self::Version { source, .. } => source.to_string(),
            Self::TokenTtl => "expected whole seconds, at least \"1s\"".to_owned(),
            Self::PastTheEnd { length, .. } => format!("expected a time before {length}"),
            Self::NoTime => "expected a length above zero".to_owned(),
            Self::NoConsumer => "expected at least one `[[consumer]]`".to_owned(),
            Self::SameName { .. } => "expected a name of its own".to_owned(),
            Self::SameValue { .. } => "expected a value of its own".to_owned(),
            Self::ReservedValue(_) => format!("expected a value that does not begin with {PROBE_PREFIX:?}"),
            Self::ReservedPrefix(_) => format!("expected a prefix apart from {RESERVED_PREFIX:?}"),
            Self::ReservedClient(_) => {
                format!("expected a name that does not begin with {RESERVED_CLIENT:?}")
            }
            Self::Empty(_) => "expected some text".to_owned(),
            Self::OutOfRange { least, most, .. } => format!("expected {least} to {most}"),
            Self::NoAction { known } => format!("expected one action: {}", one_of(known)),
            Self::TwoActions { .. } => "expected exactly one action in each step".to_owned(),
        }
    }

    /// A second place that explains the first.
    fn also(&self) -> Option<(Range<usize>, &'static str)> {
        match self {
            Self::PastTheEnd { length_span, .. } => Some((length_span.clone(), "the run ends here")),
            Self::SameName { first, .. } => Some((first.clone()?, "the first of this name")),
            Self::SameValue { first, .. } => Some((first.clone(), "first enqueued here")),
            Self::TwoActions { first } => Some((first.clone(), "the first action")),
            _ => None,
        }
    }

    /// What to know, or to do about it.
    fn help(&self) -> Option<String> {
        match self {
            Self::Syntax { message, .. } if message.contains("duplicate key") => {
                Some("a key is given once; a second action takes a `[[step]]` of its own".to_owned())
            }
            // Where nothing is near, the place itself names them all.
            Self::UnknownKey { nearest: None, elsewhere: None, .. } => None,
            Self::UnknownKey { table, known, .. } => Some(format!("{table} takes {}", all_of(known))),
            Self::UnknownValue { nearest: None, .. } => None,
            Self::UnknownValue { key, known, .. } => Some(format!("`{key}` takes {}", one_of_values(known))),
            Self::Version { .. } => Some(
                "behaviour differs from one patch release to the next, so there are no ranges".to_owned(),
            ),
            Self::TokenTtl => Some(
                "etcd counts a token's life in whole seconds and takes 0 for its default of 300; leave the \
                 key out for no authentication"
                    .to_owned(),
            ),
            Self::SameName { first: None, .. } => {
                Some("a consumer without a `name` is named by its number in the file".to_owned())
            }
            Self::SameValue { .. } => Some(
                "an item is known by its value; `count = 3` of `a` writes `a.1`, `a.2`, `a.3`".to_owned(),
            ),
            Self::ReservedPrefix(_) => Some(
                "a queue's range is its prefix without a slash: `/test` also hands out the items of `/test2`"
                    .to_owned(),
            ),
            Self::TwoActions { .. } => Some("give the second one a `[[step]]` of its own".to_owned()),
            _ => None,
        }
    }
}

/// `a`, `b` or `c`.
fn one_of(names: &[impl AsRef<str>]) -> String {
    joined(names, '`', "or")
}

/// "a", "b" or "c".
fn one_of_values(values: &[impl AsRef<str>]) -> String {
    joined(values, '"', "or")
}

/// `a`, `b` and `c`.
fn all_of(names: &[impl AsRef<str>]) -> String {
    joined(names, '`', "and")
}

fn joined(names: &[impl AsRef<str>], quote: char, last: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{quote}{}{quote}", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [front @ .., back] => format!("{} {last} {back}", front.join(", ")),
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
