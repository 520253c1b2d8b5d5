//! A private place to run the program in: a folder of its own outside the repository, an environment that says nothing
//! but what a test has it say, and what the program said there.

#![allow(dead_code)]

mod said;

pub use said::Said;

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_deadwatch");

/// A program that speaks the line protocol, and misbehaves as its first argument says.
const CONSUMER: &str = include_str!("consumer.sh");

/// The place.
pub struct Desk {
    folder: TempDir,
}

impl Desk {
    /// An empty place, with no etcd, no original and no Docker daemon in reach.
    pub fn empty() -> Self {
        let desk = Self { folder: tempfile::Builder::new().prefix("desk-").tempdir().unwrap() };
        for folder in ["tmp", "etcd", "original"] {
            fs::create_dir(desk.path(folder)).unwrap();
        }
        desk
    }

    /// A path in it. The folder is shown as it is, not as the system resolves it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// An etcd that the program finds as a binary of this version.
    pub fn place_etcd(&self, version: &str, binary: &Path) {
        self.link(&format!("etcd/{version}/etcd"), binary);
    }

    /// A Go original that the program finds as one of this client release.
    pub fn place_original(&self, version: &str, binary: &Path) {
        self.link(&format!("original/{version}/original"), binary);
    }

    fn link(&self, name: &str, target: &Path) {
        let link = self.path(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, link).unwrap();
    }

    /// A stand-in that says it is an etcd of this version, and then serves nobody.
    pub fn place_silent_etcd(&self, version: &str) {
        let words = format!(
            "#!/bin/sh\ncase $1 in --version) echo 'etcd Version: {version}' ;; *) while :; do sleep 1; done ;; esac\n"
        );
        // A child writes it: a file that this process had open for writing could not be run by another ("text
        // file busy") while a third inherits it.
        let write = "mkdir -p \"$1\" && printf %s \"$2\" >\"$1/etcd\" && chmod +x \"$1/etcd\"";
        let folder = self.path("etcd").join(version);
        let written = Command::new("sh").args(["-c", write, "sh"]).arg(folder).arg(words).status();
        assert!(written.unwrap().success());
    }

    /// The value of `--subject` for the program that misbehaves so; its words are told by `consumer.sh`.
    pub fn consumer(&self, behaviour: &str) -> String {
        let script = self.write("consumer.sh", CONSUMER);
        format!("/bin/sh {} {behaviour}", script.display())
    }

    /// The command, ready to be run here.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "")
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.path("tmp"))
            .env("DEADWATCH_ETCD_DIR", self.path("etcd"))
            .env("DEADWATCH_ORIGINAL_DIR", self.path("original"))
            // Nobody listens on this port.
            .env("DOCKER_HOST", "tcp://127.0.0.1:1")
            .env("INSTA_UPDATE", "no")
            .current_dir(self.folder.path());
        command
    }

    /// The variables that the command has here.
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        let command = self.command([""; 0]);
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
    }

    /// What the program says to these arguments.
    pub fn deadwatch<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Said {
        self.ask(&mut self.command(arguments))
    }

    /// What a command says that was made ready here.
    pub fn ask(&self, command: &mut Command) -> Said {
        Said::by(command, self.folder.path())
    }

    /// What lies in a folder of it, however deep, by path.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        gather(&self.path(folder), &mut found);
        let root = self.path(folder);
        let mut names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect();
        names.sort();
        names
    }
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, found);
        } else {
            found.push(path);
        }
    }
}
