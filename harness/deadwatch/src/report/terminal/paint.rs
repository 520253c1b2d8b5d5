//! Colours, if the reader wants them.

use anstyle::{AnsiColor, Style};

use crate::report::Ink;

/// Whether a report is coloured; the caller knows the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Text only.
    Plain,
    /// With ANSI colours.
    Coloured,
}

const fn style(ink: Ink) -> Style {
    match ink {
        Ink::Good => AnsiColor::Green.on_default(),
        Ink::Bad => AnsiColor::Red.on_default().bold(),
        Ink::Warning => AnsiColor::Yellow.on_default(),
        Ink::Strong => Style::new().bold(),
        Ink::Faint => Style::new().dimmed(),
        Ink::Normal => Style::new(),
    }
}

impl Paint {
    /// The text in this ink.
    pub(in crate::report) fn text(self, ink: Ink, text: &str) -> String {
        match (self, ink) {
            (Self::Plain, _) | (Self::Coloured, Ink::Normal) => text.to_owned(),
            (Self::Coloured, _) => {
                let style = style(ink);
                format!("{style}{text}{style:#}")
            }
        }
    }
}
