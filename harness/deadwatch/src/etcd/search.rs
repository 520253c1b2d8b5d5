//! Where etcds are looked for, and what a look says.

use std::{env, ffi::OsString, fmt, path::PathBuf};

use super::Backend;
use crate::repository;

/// The environment variable that names a folder which holds `VERSION/etcd`.
pub(super) const ETCD_DIR: &str = "DEADWATCH_ETCD_DIR";
/// The environment variable that names an image; `{version}` in it stands for the scenario's.
const IMAGE: &str = "DEADWATCH_IMAGE";

/// Where etcds are looked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// The only image that will do, with `{version}` where the version belongs; none: the well-known ones.
    pub image: Option<String>,
    /// Whether an image may be pulled.
    pub pull: Pull,
    /// Folders that may hold `VERSION/etcd`, best first. Whoever names one answers for what is in it.
    pub folders: Vec<PathBuf>,
    /// The repository's folder of that kind, looked in after those: what others may have put there is not run.
    pub built: Option<PathBuf>,
    /// The value of `PATH`, in which an `etcd` may lie.
    pub path: OsString,
}

impl Search {
    /// What this process's environment and working directory say: `DEADWATCH_IMAGE` unless an image is given,
    /// `DEADWATCH_ETCD_DIR`, then `target/etcd` of the repository that the working directory is in, then `PATH`.
    pub fn here(image: Option<String>, pull: Pull) -> Self {
        let image = image.or_else(|| env::var(IMAGE).ok()).filter(|image| !image.is_empty());
        let named = env::var_os(ETCD_DIR).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let built = repository::root().map(|root| root.join("target/etcd"));
        let folders = named.into_iter().collect();
        Self { image, pull, folders, built, path: env::var_os("PATH").unwrap_or_default() }
    }
}

/// Whether an image that is not here may be pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    /// Only what is here is used; for tests, which must not depend on a registry.
    Never,
    /// What a registry has is pulled when it is started.
    Allowed,
}

/// What a look for an etcd of one version on one backend says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It can run here.
    Available(Source),
    /// It cannot.
    Missing(Missing),
}

/// Where an etcd comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The model that is part of this program.
    Embedded,
    /// This binary, run as a child process.
    Binary(PathBuf),
    /// This image, run as a container.
    Image(Image),
}

impl Source {
    /// What runs it.
    pub fn backend(&self) -> Backend {
        match self {
            Self::Embedded => Backend::Embedded,
            Self::Binary(_) => Backend::Process,
            Self::Image(_) => Backend::Docker,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("part of this program"),
            Self::Binary(path) => path.display().fmt(f),
            Self::Image(image) => image.fmt(f),
        }
    }
}

/// A container image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its full reference, such as `quay.io/coreos/etcd:v3.5.5`.
    pub reference: String,
    /// Where it is.
    pub presence: Presence,
}

/// Where an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The Docker daemon has it.
    Here,
    /// Its registry has it; it is pulled when it is started.
    InRegistry,
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.presence {
            Presence::Here => f.write_str(&self.reference),
            Presence::InRegistry => write!(f, "{} (to be pulled)", self.reference),
        }
    }
}

/// Why an etcd cannot be had, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What was expected, and where it was looked for.
    pub why: String,
    /// What to do, as an imperative.
    pub remedy: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.why, self.remedy)
    }
}
