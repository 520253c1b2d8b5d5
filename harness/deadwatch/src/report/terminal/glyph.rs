//! The signs of a picture, each with its meaning. They read without colour.

use std::collections::BTreeSet;

use super::{Ink, Paint, WIDTH};

/// Something that goes on or happens. Of two in one column the later in this list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report) enum Glyph {
    /// A call is open.
    Waiting,
    /// A call is open that nothing reaches any more.
    Deaf,
    /// Calls fail, or requests pass, by the hundred a second.
    Spinning,
    /// A token lives.
    TokenAlive,
    /// A token is dead or not: the server sweeps once a second.
    TokenDying,
    /// A token is dead.
    TokenDead,
    /// A token was issued.
    TokenIssued,
    /// An item was enqueued, and acknowledged.
    Enqueued,
    /// An item was enqueued; the answer was an error, or none.
    EnqueueUnknown,
    /// The consumer took a probe.
    Probe,
    /// The consumer got an item.
    Item,
    /// A client lost its connection.
    Disconnected,
    /// The server ended a watch for its compacted revision.
    Compacted,
    /// The server refused a watch.
    Refused,
    /// The consumer's call returned an error.
    Failed,
    /// The process died.
    Died,
}

impl Glyph {
    pub(in crate::report) const fn sign(self) -> char {
        match self {
            Self::Waiting => '─',
            Self::Deaf => '?',
            Self::Spinning => '≈',
            Self::TokenAlive => '━',
            Self::TokenDying => '▒',
            Self::TokenDead => '·',
            Self::TokenIssued => '●',
            Self::Enqueued => '▲',
            Self::EnqueueUnknown => '△',
            Self::Probe => '◇',
            Self::Item => '◆',
            Self::Disconnected => '↯',
            Self::Compacted => '⊟',
            Self::Refused => '⊘',
            Self::Failed => '!',
            Self::Died => '✖',
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Deaf => "deaf",
            Self::Spinning => "spinning",
            Self::TokenAlive => "token alive",
            Self::TokenDying => "token dying",
            Self::TokenDead => "token dead",
            Self::TokenIssued => "token issued",
            Self::Enqueued => "enqueued",
            Self::EnqueueUnknown => "enqueue not acknowledged",
            Self::Probe => "took a probe",
            Self::Item => "got an item",
            Self::Disconnected => "connection lost",
            Self::Compacted => "watch ended, compacted",
            Self::Refused => "watch refused",
            Self::Failed => "error returned",
            Self::Died => "process died",
        }
    }

    pub(in crate::report) const fn ink(self) -> Ink {
        match self {
            Self::Waiting | Self::Enqueued => Ink::Normal,
            Self::TokenAlive | Self::TokenIssued | Self::Probe | Self::Item => Ink::Good,
            Self::TokenDying | Self::EnqueueUnknown | Self::Disconnected | Self::Compacted => Ink::Warning,
            Self::TokenDead => Ink::Faint,
            Self::Deaf | Self::Spinning | Self::Refused | Self::Failed | Self::Died => Ink::Bad,
        }
    }
}

/// The legend of these glyphs, in as few lines as it takes.
pub(in crate::report) fn legend(glyphs: &BTreeSet<Glyph>, paint: Paint) -> Vec<String> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for glyph in glyphs {
        let entry = format!("{} {}", paint.text(glyph.ink(), &glyph.sign().to_string()), glyph.meaning());
        let width = 2 + glyph.meaning().chars().count();
        match lines.last_mut() {
            Some((used, line)) if *used + 3 + width <= WIDTH => {
                *used += 3 + width;
                line.push_str("   ");
                line.push_str(&entry);
            }
            _ => lines.push((1 + width, format!(" {entry}"))),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}
