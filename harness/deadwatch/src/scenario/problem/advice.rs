//! What a problem says beside its message: what was expected, a second place, what to do.

use std::ops::Range;

use super::{
    Named, ProblemKind,
    listing::{all_of, one_of, one_of_values},
};
use crate::scenario::{PROBE_PREFIX, RESERVED_CLIENT, RESERVED_PREFIX};

/// So many names still fit into a label, which is one line however long it is.
const A_LINE: usize = 10;

impl ProblemKind {
    /// What is expected, in a few words: they stand at the place itself.
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Syntax { expected: Some(expected), .. } => format!("expected {expected}"),
            Self::Syntax { .. } | Self::Unusable(_) => "here".to_owned(),
            Self::UnknownKey { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownKey { elsewhere: Some(table), .. } => format!("that is a key of {table}"),
            // More than a line of names is help, and no label.
            Self::UnknownKey { known, .. } if known.len() > A_LINE => "expected another key".to_owned(),
            Self::UnknownKey { known, .. } => format!("expected {}", one_of(known)),
            Self::MissingKey { example, .. } => format!("expected `{example}`"),
            Self::WrongType { expected, .. } => format!("expected {expected}"),
            Self::UnknownValue { nearest: Some(nearest), .. } => format!("did you mean \"{nearest}\"?"),
            Self::UnknownValue { known, .. } => format!("expected {}", one_of_values(known)),
            Self::Duration { source, .. } => source.to_string(),
            Self::Offset { source, .. } => source.to_string(),
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
            Self::ReservedKey(_) => format!("expected a key that does not begin with {RESERVED_PREFIX:?}"),
            Self::ClientNamedAll => "expected another name".to_owned(),
            Self::UnknownName { nearest: Some(nearest), .. } => format!("did you mean \"{nearest}\"?"),
            Self::UnknownName { what, known, .. } if known.len() > A_LINE => {
                format!("expected one of {} {what}s, such as {:?}", known.len(), known[0])
            }
            Self::UnknownName { known, .. } => format!("expected {}", one_of_values(known)),
            Self::SameUser { .. } => "expected a name of its own".to_owned(),
            Self::TwoUsers { other, .. } => format!("expected {other:?}, or another client"),
            Self::TwoClocks { other, .. } => format!("expected \"{other}\", or another client"),
            Self::NothingToRefuse { .. } => "expected a step of which the etcd is asked something".to_owned(),
            Self::NoTokenTtl => "expected a `token-ttl` beside it".to_owned(),
            Self::Members => "expected 1, 3 or 5".to_owned(),
            Self::MembersEverywhere { missing } => format!("expected a `[not-on]` with {}", all_of(missing)),
            Self::NoSuchMember { members } => format!("expected 1 to {members}"),
            Self::NoMembersAffair { .. } => {
                "expected a step that hurts a server, or its connections".to_owned()
            }
            Self::NoFlag => "expected a flag such as \"--max-txn-ops=16\"".to_owned(),
            Self::FlagOfTheHarness(_) => "expected another flag".to_owned(),
            Self::DataInAContainer(_) => "expected a `[not-on]` with `docker`".to_owned(),
            Self::OneMember(_) => "expected `members = 3` or `members = 5` in [etcd]".to_owned(),
            Self::NothingBefore { before, .. } => format!("expected a `{before}` at an earlier time"),
            Self::SameInstant { .. } => "expected a later time".to_owned(),
            Self::Zero(_) => "expected a time above zero".to_owned(),
            Self::DownPastTheEnd { left, .. } => format!("expected less than {left}"),
            Self::IdleProducers { items: 1 } => "expected one, or a `count` of items".to_owned(),
            Self::IdleProducers { items } => format!("expected 1 to {items}"),
            Self::OnErrorOfTheHarness => "expected `by = \"subject\"` beside it".to_owned(),
            Self::TooShort { least } => format!("expected at least {least}"),
            Self::EndsInSpace(_) => "expected a value that ends otherwise".to_owned(),
            Self::Empty(_) => "expected some text".to_owned(),
            Self::OutOfRange { least, most, .. } => format!("expected {least} to {most}"),
            Self::NoAction { .. } => "expected one action, such as `enqueue`".to_owned(),
            Self::TwoActions { .. } => "expected exactly one action in each step".to_owned(),
        }
    }

    /// A second place that explains the first.
    pub(super) fn also(&self) -> Option<(Range<usize>, &'static str)> {
        match self {
            Self::PastTheEnd { length_span, .. } => Some((length_span.clone(), "the run ends here")),
            Self::SameName { first, .. } => Some((first.clone()?, "the first of this name")),
            Self::SameValue { first, .. } => Some((first.clone(), "first enqueued here")),
            Self::TwoActions { first } => Some((first.clone(), "the first action")),
            Self::SameUser { first, .. } => Some((first.clone()?, "the first of this name")),
            Self::TwoUsers { first, .. } => Some((first.clone()?, "the other user")),
            Self::TwoClocks { first, .. } => Some((first.clone()?, "the other clock")),
            Self::SameInstant { first, .. } => Some((first.clone(), "it begins here")),
            Self::DownPastTheEnd { length_span, .. } => Some((length_span.clone(), "the run ends here")),
            _ => None,
        }
    }

    /// What to know, or to do about it.
    pub(super) fn help(&self) -> Option<String> {
        match self {
            Self::Syntax { message, .. } if message.contains("duplicate key") => {
                Some("a key is given once; a second action takes a `[[step]]` of its own".to_owned())
            }
            // Where nothing is near, the place itself names them all.
            Self::UnknownKey { nearest: None, elsewhere: None, known, .. } if known.len() <= A_LINE => None,
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
            Self::NoAction { known } => Some(format!("a step takes `at` and one of {}", all_of(known))),
            Self::ClientNamedAll => Some("as the target of a fault `all` is every client".to_owned()),
            Self::UnknownName { what, .. } => Some(what.origin().to_owned()),
            Self::SameUser { first: None, .. } => Some("`root` is there from the start".to_owned()),
            Self::TwoUsers { .. } => Some(
                "a client logs in once, as one user; a consumer without a `user` calls as `root`".to_owned(),
            ),
            Self::TwoClocks { .. } => Some(
                "all consumers of a client live in one process; without a `clock` its clock is right"
                    .to_owned(),
            ),
            Self::NoMembersAffair { action } => Some(format!("the step {action}")),
            Self::NothingToRefuse { action } => {
                Some(format!("the step {action}, which asks nothing of the etcd in the harness's own name"))
            }
            Self::NoTokenTtl => Some("without a `token-ttl` there is no authentication".to_owned()),
            Self::MembersEverywhere { .. } => {
                Some("only a real etcd that is a child process can be several members".to_owned())
            }
            Self::NoFlag => Some("each flag is one text, its value after an `=`".to_owned()),
            Self::FlagOfTheHarness(_) => Some(
                "addresses, the log and the data are the harness's; `token-ttl` and `auth-token` are keys of [etcd]"
                    .to_owned(),
            ),
            Self::DataInAContainer(_) => {
                Some("what an image does with its data is its own affair; a `process` has a folder".to_owned())
            }
            Self::EndsInSpace(_) => Some(
                "a stored value is filled up with spaces to its `bytes`; the item is what stands before them"
                    .to_owned(),
            ),
            Self::TwoActions { .. } => Some("give the second one a `[[step]]` of its own".to_owned()),
            _ => None,
        }
    }
}

impl Named {
    /// Where such names come from.
    const fn origin(self) -> &'static str {
        match self {
            Self::Client => {
                "a client is one that a `[[consumer]]` names; `producer` is there once a step has \
                 `by = \"subject\"`"
            }
            Self::Consumer => {
                "a consumer is known by its `name`, else by its number in the file; with a `count` by NAME.1, \
                 NAME.2 and so on"
            }
            Self::Login => {
                "all clients log in before the timeline: a consumer's user is `root` or one of `[[etcd.user]]`"
            }
            Self::User => "a user is `root`, one of `[[etcd.user]]`, or one that an `add-user` step adds",
        }
    }
}
