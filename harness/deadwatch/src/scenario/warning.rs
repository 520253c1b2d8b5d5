//! What is doubtful in a scenario file that is right, ready to be shown with the line it is about.

use std::{fmt, ops::Range};

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::{
    Scenario, TokenKind,
    check::Checked,
    diagnosis::Source,
    edge::{Edge, Since, starts_at_the_edge},
    kill::{Kill, unsettled_kills},
    spell_duration,
};

/// A place at which a token may be alive or dead: such a scenario can come out either way.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{headline}")]
pub struct Warning {
    source_code: Source,
    /// What is doubtful.
    headline: String,
    /// Where it stands.
    span: Range<usize>,
    /// What the place itself says.
    says: String,
    /// What to write instead.
    advice: String,
}

/// All warnings of a file, first those of starts, then those of steps, each in file order.
pub(super) fn warnings(source: &Source, checked: &Checked) -> Vec<Warning> {
    let edges = starts_at_the_edge(&checked.scenario).into_iter();
    let kills = unsettled_kills(&checked.scenario).into_iter();
    let edges = edges.map(|edge| of_edge(source, checked, &edge));
    edges.chain(kills.map(|kill| of_kill(source, checked, kill))).collect()
}

fn of_edge(source: &Source, Checked { scenario, starts, .. }: &Checked, edge: &Edge) -> Warning {
    let consumer = &scenario.consumers[edge.follower];
    let since = match edge.since {
        Since::PreviousStart => format!("the previous start on client {:?}", consumer.client),
        Since::Login => format!("client {:?} logged in", consumer.client),
    };
    Warning {
        source_code: source.clone(),
        headline: format!("consumer {:?} starts while the token is dying", consumer.name),
        // A start that is not written is at 0 s, and has none before it.
        span: starts[edge.follower].clone().unwrap_or_default(),
        says: format!("{} after {since}", spell_duration(edge.gap)),
        advice: edge_advice(scenario, edge),
    }
}

fn edge_advice(scenario: &Scenario, edge: &Edge) -> String {
    let ttl = scenario.etcd.token_ttl.map(spell_duration).unwrap_or_default();
    let (dies, that) = match (scenario.etcd.token_kind, edge.since) {
        (TokenKind::Simple, Since::PreviousStart) => ("within the second after that", "the previous start"),
        (TokenKind::Simple, Since::Login) => ("within the second after that", "the login"),
        (TokenKind::Jwt, _) => ("within a second of that, before or after it", "the login"),
    };
    let live = match edge.dying.start {
        start if start.is_zero() => String::new(),
        start => format!(", within {} of {that} for a live one", spell_duration(start)),
    };
    format!(
        "a token with a life of {ttl} dies {dies}: here the scenario may come out either way. Start at {:?} or \
         later for a dead token{live}",
        spell_duration(edge.safe_start)
    )
}

fn of_kill(source: &Source, Checked { actions, .. }: &Checked, kill: Kill) -> Warning {
    Warning {
        source_code: source.clone(),
        headline: "the server is killed while it is open what becomes of its tokens".to_owned(),
        span: actions[kill.step].clone(),
        says: format!("expected a write at least 1s before, {}", match kill.last_write {
            None => "and found none".to_owned(),
            Some(before) if before.is_zero() => "and none at the same time".to_owned(),
            Some(before) => format!("and none just {} before", spell_duration(before)),
        }),
        advice: "a killed server comes back with the tokens of all logins since the last write that had reached \
                 the disk. With a `put` after the logins, at least 1s before the kill and the last before it, the \
                 tokens from before the `put` are gone"
            .to_owned(),
    }
}

impl Diagnostic for Warning {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Warning)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.advice))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source_code)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(
            Some(self.says.clone()),
            self.span.clone(),
        ))))
    }
}
