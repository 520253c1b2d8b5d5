//! Histories kept as files, for `--record`: what the judgement and every report can be made from again.

use std::{fs, io, path::Path};

use super::{
    Exit,
    output::{complain, tell},
};
use crate::{report::whole_file, run::Run};

/// So much of a subject's name goes into that of a file: a command line may be longer than a file's name can be.
const NAME: usize = 40;

/// Makes the folder, before anything runs.
///
/// # Errors
/// It can't be made; that has been said.
pub(super) fn prepare(folder: &Path) -> Result<(), Exit> {
    fs::create_dir_all(folder).map_err(|error| {
        complain(miette::miette!(
            help = "expected a folder, or a place where one can be made",
            "could not make the folder {} for --record: {error}",
            folder.display()
        ));
        Exit::Usage
    })
}

/// Keeps one history, as `NUMBER-SCENARIO-BACKEND-SUBJECT.json`.
pub(super) fn record(run: &Run, number: usize, folder: &Path) -> Exit {
    match written(run, number, folder) {
        Ok(()) => Exit::Success,
        Err(error) => {
            tell(format_args!("deadwatch: could not keep a history in {}: {error}", folder.display()));
            Exit::Internal
        }
    }
}

fn written(run: &Run, number: usize, folder: &Path) -> io::Result<()> {
    let history = &run.history;
    let scenario = plain(&history.scenario.name);
    let subject = plain(&history.subject);
    let path = folder.join(format!("{number:03}-{scenario}-{}-{subject}.json", history.backend));
    whole_file::write(&path, &serde_json::to_string_pretty(history)?)
}

/// The name with a dash for whatever a file's name had better not hold.
fn plain(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    name.trim_start_matches(['.', '/']).chars().take(NAME).map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_becomes_a_name_that_any_file_can_have() {
        assert_eq!(plain("auth/story"), "auth-story");
        assert_eq!(plain("./my consumer.sh 'a b'"), "my-consumer.sh--a-b-");
        assert_eq!(plain(&"x".repeat(300)).len(), NAME);
    }
}
