//! Which subject is meant: what `--subject` says, and how reports name it.

use std::fmt;

use super::Own;
use crate::scenario::Delivery;

/// A subject, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The recipe retold, bug included.
    Naive,
    /// The recipe with upstream's proposed check.
    Checked,
    /// The queue that survives.
    Resilient,
    /// The same, with items that are acknowledged, and handed out again if their holder dies.
    ResilientLease,
    /// The recipe itself, in Go.
    Original,
    /// A program that speaks the protocol.
    Command(CommandLine),
    /// One that was handed in; no name on a command line means it.
    Own(Own),
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    line: String,
    words: Vec<String>,
}

impl CommandLine {
    /// The program and its arguments; never empty.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

/// A value of `--subject` names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// There is nothing in it.
    #[error(
        "find a subject in {0:?}: expected {names}, joined by commas, or a command",
        names = "naive, checked, resilient, resilient-lease or original"
    )]
    Empty(String),
    /// A quote is opened and not closed.
    #[error(
        "split {0:?} into words: a quote is not closed; close it, or write \\' or \\\" for the character"
    )]
    Quotes(String),
}

impl Subject {
    /// The built-in subjects, in the order in which they are shown.
    pub const BUILT_IN: [Self; 5] =
        [Self::Naive, Self::Checked, Self::Resilient, Self::ResilientLease, Self::Original];

    /// Whether it is run where nobody names a subject, in scenarios that are judged by this promise. What
    /// acknowledges its items is only where that is judged; what does not is there for comparison, as if it
    /// acknowledged what it hands out.
    pub const fn suits(&self, delivery: Delivery) -> bool {
        match (self, delivery) {
            (Self::ResilientLease, Delivery::Once) => false,
            (_, Delivery::Once | Delivery::AtLeastOnce) => true,
        }
    }

    /// The subjects that one value of `--subject` names: built-in names joined by commas, or else one command,
    /// split as a shell splits words, and run without one.
    ///
    /// # Errors
    /// The value is blank, or a quote in it is not closed.
    pub fn parse_list(value: &str) -> Result<Vec<Self>, SubjectError> {
        let named: Option<Vec<_>> = value.split(',').map(|name| Self::built_in(name.trim())).collect();
        if let Some(subjects) = named {
            return Ok(subjects);
        }
        let words = shell_words::split(value).map_err(|_| SubjectError::Quotes(value.to_owned()))?;
        if words.first().is_none_or(String::is_empty) {
            return Err(SubjectError::Empty(value.to_owned()));
        }
        Ok(vec![Self::Command(CommandLine { line: value.to_owned(), words })])
    }

    fn built_in(name: &str) -> Option<Self> {
        Self::BUILT_IN.into_iter().find(|subject| subject.to_string() == name)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Naive => "naive",
            Self::Checked => "checked",
            Self::Resilient => "resilient",
            Self::ResilientLease => "resilient-lease",
            Self::Original => "original",
            Self::Command(command) => &command.line,
            Self::Own(own) => return own.fmt(f),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn built_in_names_are_joined_by_commas() {
        assert_eq!(
            Subject::parse_list("naive,checked,resilient,resilient-lease,original").unwrap(),
            Subject::BUILT_IN.to_vec()
        );
        assert_eq!(Subject::parse_list("checked").unwrap(), [Subject::Checked]);
    }

    #[test]
    fn only_what_acknowledges_is_left_out_where_that_is_not_judged() {
        let suiting = |delivery| Subject::BUILT_IN.into_iter().filter(move |subject| subject.suits(delivery));
        assert_eq!(suiting(Delivery::AtLeastOnce).count(), Subject::BUILT_IN.len());
        let once: Vec<_> = suiting(Delivery::Once).collect();
        assert_eq!(once, [Subject::Naive, Subject::Checked, Subject::Resilient, Subject::Original]);
    }

    #[test]
    fn anything_else_is_one_command_split_as_a_shell_would() {
        let subjects = Subject::parse_list("./consumer --name 'two words' a,b").unwrap();
        let [Subject::Command(command)] = &subjects[..] else { panic!("{subjects:?}") };
        assert_eq!(command.words(), ["./consumer", "--name", "two words", "a,b"]);
        assert_eq!(subjects[0].to_string(), "./consumer --name 'two words' a,b");
    }

    #[test]
    fn a_name_among_others_that_is_not_built_in_makes_the_whole_a_command() {
        let subjects = Subject::parse_list("naive,mine").unwrap();
        assert!(matches!(&subjects[..], [Subject::Command(command)] if command.words() == ["naive,mine"]));
    }

    #[test]
    fn nothing_is_no_subject() {
        for blank in ["", "  ", "''"] {
            assert_eq!(Subject::parse_list(blank), Err(SubjectError::Empty(blank.to_owned())));
        }
    }

    #[test]
    fn an_open_quote_is_an_error() {
        let open = "./consumer 'two";
        assert_eq!(Subject::parse_list(open), Err(SubjectError::Quotes(open.to_owned())));
    }
}
