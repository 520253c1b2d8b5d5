//! Subjects that die: by a panic in the program's own process, as a Go program, as a program with a child.

use std::{env, path::PathBuf};

use deadwatch::{
    etcd::{Backend, Source},
    scenario::Version,
    subject::{self, Subject},
};
use libtest_mimic::{Completion, Trial};

use crate::{
    desk::Desk,
    etcd, leftovers,
    stand::{self, Require, Requirement},
};

/// The client release of `auth/quick`.
const CLIENT: Version = Version::new(3, 5, 11);

pub fn trials() -> Vec<Trial> {
    let missing_original = subject::find(&Subject::Original, CLIENT).err().map(|absent| absent.to_string());
    vec![
        trial("a_subjects_panic_leaves_nothing", Requirement::Process, None, |desk| {
            crash(desk, "naive", 0);
        }),
        trial("the_originals_crash_leaves_nothing", Requirement::Go, missing_original, |desk| {
            desk.place_original(&CLIENT.to_string(), &original());
            crash(desk, "original", 0);
        }),
        trial("a_programs_crash_leaves_no_child_of_it", Requirement::Process, None, |desk| {
            let subject = desk.consumer("orphans");
            crash(desk, &subject, 1);
            assert!(desk.path("child.sh").exists(), "it has had no child");
        }),
        trial(
            "a_programs_crash_leaves_no_grandchild_in_a_session_of_its_own",
            Requirement::Process,
            None,
            |desk| {
                let subject = desk.consumer("flees");
                crash(desk, &subject, 1);
                assert!(desk.path("child.sh").exists(), "it has had no child");
            },
        ),
    ]
}

/// Where the original is that was found.
fn original() -> PathBuf {
    let built = stand::repository().join("target/original");
    let folder = env::var_os("DEADWATCH_ORIGINAL_DIR").map_or(built, PathBuf::from);
    folder.join(CLIENT.to_string()).join("original").canonicalize().unwrap()
}

fn trial(
    name: &str,
    needed: Requirement,
    missing: Option<String>,
    test: impl FnOnce(&Desk) + Send + 'static,
) -> Trial {
    let found = etcd(Backend::Process, None);
    let no_etcd = found.as_ref().err().cloned();
    let needed = if no_etcd.is_some() { Requirement::Process } else { needed };
    let name = format!("process::{name}");
    stand::trial(name, needed, &Require::from_environment(), no_etcd.or(missing), || {
        let desk = Desk::empty();
        let Source::Binary(binary) = found?.source else { return Err("no binary".into()) };
        desk.place_etcd(&crate::STORY.to_string(), &binary.canonicalize()?);
        test(&desk);
        Ok(Completion::Completed)
    })
}

/// The run ends by itself, and with this code.
fn crash(desk: &Desk, subject: &str, code: i32) {
    let arguments = ["run", "auth/quick", "--on", "process", "--format", "json", "--subject", subject];
    let said = desk.ask(desk.command(arguments).env("PATH", "/usr/bin:/bin")).expect(code);
    assert!(said.out.contains(r#""outcome":"crash""#), "{said}");
    leftovers::assert_nothing(desk, leftovers::At::Once);
}
