//! A subject by its name: whether it can run here, and how it is started.

use std::sync::Arc;

use super::{
    KeyClock, Running, Subject, host,
    original::Original,
    program,
    recipe::{OnDeadWatch, Recipe},
    resilient::Resilient,
    resilient_lease::ResilientLease,
};
use crate::scenario::Version;

/// Why a subject can't run here, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Absent(String);

/// Why a subject could not be started; reads on after "could not".
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It is not here.
    #[error("find it: {0}")]
    Absent(#[from] Absent),
    /// Its program can't be run.
    #[error(transparent)]
    Program(#[from] program::StartError),
}

/// Whether the subject can run here, behaving as that release of clientv3.
///
/// # Errors
/// What is missing, and what to do.
pub fn find(subject: &Subject, client_version: Version) -> Result<(), Absent> {
    match subject {
        Subject::Original => match Original::find(client_version) {
            Original::Found(_) => Ok(()),
            Original::Missing(why) => Err(Absent(why)),
        },
        Subject::Naive
        | Subject::Checked
        | Subject::Resilient
        | Subject::ResilientLease
        | Subject::Command(_)
        | Subject::Own(_) => Ok(()),
    }
}

/// Starts the subject, behaving as that release of clientv3. Subjects in this process name their keys by `clock`, and
/// draw what is free to vary from `seed`.
///
/// # Errors
/// A program is not there or can't be run.
///
/// # Panics
/// Outside a tokio runtime.
pub fn start(
    subject: &Subject,
    client_version: Version,
    clock: &KeyClock,
    seed: u64,
) -> Result<Running, StartError> {
    let recipe = |on_dead_watch| Recipe { client_version, on_dead_watch, clock: clock.clone() };
    match subject {
        Subject::Naive => Ok(host::start(Arc::new(recipe(OnDeadWatch::Dereference)))),
        Subject::Checked => Ok(host::start(Arc::new(recipe(OnDeadWatch::ReturnError)))),
        Subject::Resilient => {
            Ok(host::start(Arc::new(Resilient { clock: clock.clone(), jitter_seed: seed })))
        }
        Subject::ResilientLease => {
            Ok(host::start(Arc::new(ResilientLease { clock: clock.clone(), jitter_seed: seed })))
        }
        Subject::Original => match Original::find(client_version) {
            Original::Found(path) => Ok(program::start(&[path.to_string_lossy().into_owned()])?),
            Original::Missing(why) => Err(Absent(why).into()),
        },
        Subject::Command(command) => Ok(program::start(command.words())?),
        Subject::Own(own) => Ok(own.start()),
    }
}
