//! What the program said, and how it ended.

use std::{
    fmt,
    path::Path,
    process::{Command, Output},
};

/// The end of one invocation. The desk's own folder is written as `HERE`.
pub struct Said {
    /// The exit code; none: a signal.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it told besides.
    pub err: String,
}

impl Said {
    pub(super) fn by(command: &mut Command, here: &Path) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(here.to_str().unwrap(), "HERE");
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// Asserts the exit code, and shows what was said where it is another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert!(self.code == Some(code), "expected exit {code}\n{self}");
        self
    }

    /// Whether anything in it is coloured.
    pub fn is_coloured(&self) -> bool {
        self.out.contains('\u{1b}') || self.err.contains('\u{1b}')
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("a signal".to_owned(), |code| code.to_string());
        writeln!(f, "exit {code}\n--- stdout\n{}\n--- stderr\n{}", self.out.trim_end(), self.err.trim_end())
    }
}
