//! Colours, if the reader wants them.

use anstyle::{AnsiColor, Style};

/// Whether a report is coloured; the caller knows the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Text only.
    Plain,
    /// With ANSI colours.
    Coloured,
}

/// What a piece of text is, which is what its colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Ink {
    /// What is as it should be.
    Good,
    /// What is wrong.
    Bad,
    /// What is on its way to go wrong, or went wrong safely.
    Warning,
    /// What one looks for first.
    Strong,
    /// What may be overlooked.
    Faint,
    /// All else.
    Normal,
}

impl Ink {
    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Normal => Style::new(),
        }
    }
}

impl Paint {
    /// The text in this ink.
    pub(in crate::report) fn text(self, ink: Ink, text: &str) -> String {
        match (self, ink) {
            (Self::Plain, _) | (Self::Coloured, Ink::Normal) => text.to_owned(),
            (Self::Coloured, _) => {
                let style = ink.style();
                format!("{style}{text}{style:#}")
            }
        }
    }
}
