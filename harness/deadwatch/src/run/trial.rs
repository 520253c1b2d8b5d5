//! A scenario tried on a queue: the way in for whoever uses this crate as a library.

use std::{io, panic, path::Path, thread};

use super::{Order, Run, perform};
use crate::{
    etcd::{self, Backend, Choice, EtcdError, On, Pull, Search},
    scenario::{Diagnosis, EtcdSpec, Library, LoadError, Scenario, load_file, parse},
    subject::{self, Absent, Subject},
};

/// A scenario that is to be tried on a queue, and where. Unless told otherwise: on the embedded etcd, with seed 0.
#[derive(Clone, Debug)]
pub struct Trial {
    scenario: Scenario,
    on: On,
    seed: u64,
}

/// Why a trial could not be made; reads on after "could not". What went wrong within a trial is in its judgement.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Its file says that it can't be staged there.
    #[error("stage {scenario:?} on {backend}: {why}")]
    NotStaged {
        /// The scenario's name.
        scenario: String,
        /// The backend that was asked for.
        backend: Backend,
        /// Why not, as its file says.
        why: String,
    },
    /// There is no such etcd here.
    #[error(transparent)]
    Etcd(#[from] EtcdError),
    /// The subject can't run here.
    #[error("find the subject: {0}")]
    Subject(#[from] Absent),
    /// The operating system gave no thread or no runtime.
    #[error("make a runtime: {0}")]
    Runtime(#[from] io::Error),
}

impl Trial {
    /// A scenario of the library that is compiled in, by its name, such as `auth/story`.
    ///
    /// # Errors
    /// There is none of that name; the nearest names are in the error.
    pub fn named(name: &str) -> Result<Self, LoadError> {
        Ok(Self::of(Library::compiled_in().load(name)?.scenario))
    }

    /// The scenario that this text says, written as a file is.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line and column.
    pub fn toml(text: &str) -> Result<Self, Diagnosis> {
        Ok(Self::of(parse("inline", "inline.toml", text)?.scenario))
    }

    /// The scenario in this file.
    ///
    /// # Errors
    /// It can't be read, or is wrong.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        Ok(Self::of(load_file(path.as_ref())?.scenario))
    }

    /// This scenario.
    pub const fn of(scenario: Scenario) -> Self {
        Self { scenario, on: On::Only(Backend::Embedded), seed: 0 }
    }

    /// On another etcd than the embedded one: [`On::Auto`] takes the first that can be had here, and never pulls an
    /// image.
    #[must_use]
    pub fn on(self, on: On) -> Self {
        Self { on, ..self }
    }

    /// What the embedded etcd and the built-in subjects leave to chance is drawn from this.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Tries it on a subject, and hands on what happened and what that means.
    ///
    /// Blocks: on the embedded etcd for some milliseconds, else for about as long as the scenario says. May be called
    /// where an async runtime is already running, as it has a thread and a runtime of its own.
    ///
    /// # Errors
    /// The trial could not be made. One that was made and proves nothing is no error: its verdict is inconclusive, and
    /// its explanation says why.
    pub fn run(&self, subject: &Subject) -> Result<Run, TrialError> {
        thread::scope(|scope| {
            let trial = thread::Builder::new().name("trial".to_owned()).spawn_scoped(scope, || {
                subject::find(subject, self.scenario.client_version)?;
                let choice = self.choose()?;
                let order = Order {
                    scenario: self.scenario.clone(),
                    subject: subject.clone(),
                    choice,
                    seed: self.seed,
                };
                Ok(perform(&order)?)
            })?;
            trial.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))
        })
    }

    /// The etcd to try it on: the first that its file and this machine allow.
    fn choose(&self) -> Result<Choice, TrialError> {
        let candidates: &[Backend] = match &self.on {
            On::Auto => &Backend::AUTO,
            On::Only(backend) => std::slice::from_ref(backend),
        };
        let search = Search::here(None, Pull::Never);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let Scenario { name, etcd: EtcdSpec { version, .. }, not_on, .. } = &self.scenario;
        let mut reasons = Vec::new();
        for &backend in candidates {
            let why = match backend.why_not(not_on) {
                Some(why) if candidates.len() == 1 => {
                    let (scenario, why) = (name.clone(), why.to_owned());
                    return Err(TrialError::NotStaged { scenario, backend, why });
                }
                Some(why) => why.to_owned(),
                None => match runtime.block_on(etcd::choose(On::Only(backend), *version, &search)) {
                    Ok(choice) => return Ok(Choice { reasons, ..choice }),
                    Err(error) if candidates.len() == 1 => return Err(error.into()),
                    Err(EtcdError::Missing { missing, .. }) => missing.to_string(),
                    Err(error) => format!("could not {error}"),
                },
            };
            reasons.push(format!("not {backend}: {why}"));
        }
        Err(EtcdError::NoneAtAll { version: *version, reasons }.into())
    }
}
