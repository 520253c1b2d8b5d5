//! Words in a picture: wrapped, cut and filled up to a width.

use textwrap::{Options, WordSplitter};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Ink, WIDTH};
use crate::{
    scenario::Scenario,
    verdict::{Aftermath, Judgement, Outcome, Verdict},
};

/// What ran where: `auth/story on etcd 3.5.5 (embedded), clientv3 3.5.11, a token lives 5 s`.
pub(in crate::report) fn setting(scenario: &Scenario, subject: Option<&str>, backend: &str) -> String {
    let what =
        subject.map_or_else(|| scenario.name.clone(), |subject| format!("{}: {subject}", scenario.name));
    let token = match scenario.etcd.token_ttl {
        Some(ttl) => format!("a token lives {} s", ttl.as_secs()),
        None => "no authentication".to_owned(),
    };
    let etcd = etcd_of(scenario, backend);
    fitted(&format!("{what} on {etcd}, clientv3 {}, {token}", scenario.client_version), WIDTH)
}

/// The etcd of a run, so that nobody takes a model for the real thing.
fn etcd_of(scenario: &Scenario, backend: &str) -> String {
    let release = scenario.etcd.version;
    match backend {
        "embedded" => format!("the embedded etcd, as {release}"),
        real => format!("etcd {release} ({real})"),
    }
}

/// A text in lines of at most the width of a report, each with this indent.
pub(in crate::report) fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let options = Options::new(WIDTH)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// The text if it fits, else its beginning and an ellipsis. Line breaks and their like become spaces.
pub(in crate::report) fn fitted(text: &str, width: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.width() <= width {
        return line;
    }
    let mut used = 1;
    let kept = line.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= width
    });
    kept.collect::<String>() + "…"
}

/// The text in exactly this width.
pub(in crate::report) fn padded(text: &str, width: usize) -> String {
    let text = fitted(text, width);
    let missing = width.saturating_sub(text.width());
    text + &" ".repeat(missing)
}

pub(in crate::report) const fn outcome_ink(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::Healthy => Ink::Good,
        Outcome::Error => Ink::Warning,
        Outcome::Crash
        | Outcome::Lost
        | Outcome::Duplicated
        | Outcome::Reordered
        | Outcome::FalseSuccess
        | Outcome::Spin => Ink::Bad,
    }
}

pub(in crate::report) const fn verdict_ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Survives => Ink::Good,
        Verdict::FailsSafely | Verdict::Inconclusive => Ink::Warning,
        Verdict::Unsafe => Ink::Bad,
    }
}

/// `error`, `error, then deaf (1)`, `inconclusive`: outcome and aftermath in short.
pub(in crate::report) fn in_short(judgement: &Judgement) -> String {
    match (judgement.outcome, &judgement.aftermath) {
        (Some(outcome), Some(aftermath @ Aftermath::Deaf(_))) => format!("{outcome}, then {aftermath}"),
        (Some(Outcome::Error), Some(aftermath @ Aftermath::Dead)) => format!("error, then {aftermath}"),
        (Some(outcome), _) => outcome.to_string(),
        (None, _) => "-".to_owned(),
    }
}
