//! `doctor`: what can run here, and what to do for the rest.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::Command,
};

use crate::{desk::Desk, scenario};

/// What the system says about a port on which nobody listens is its own affair.
fn without_the_systems_words(text: &str) -> String {
    const ANSWERS: &str = "expected a Docker daemon that answers: ";
    let (before, rest) = text.split_once(ANSWERS).expect("no daemon answers on that port");
    let (_, after) = rest.split_once("\n        To do").expect("what to do about it");
    format!("{before}{ANSWERS}...\n        To do{after}")
}

#[test]
fn what_can_run_and_what_is_missing_is_told_for_each_backend_and_subject() {
    let desk = Desk::empty();
    desk.write("scenarios/auth/story.toml", &scenario("Story", "3.5.5"));
    desk.write("scenarios/auth/quick.toml", &scenario("Quick", "3.5.5"));
    desk.write("scenarios/new.toml", &scenario("New", "3.7.3"));
    let old_client = format!("{}\n[client]\nversion = \"3.5.6\"\n", scenario("Newer", "3.7.4"));
    desk.write("scenarios/newer.toml", &old_client);
    desk.place_silent_etcd("3.5.5");
    desk.place_original("3.5.6", "/bin/sh".as_ref());
    // The stand-in is a script, and looks for `sleep`.
    let said = desk.ask(desk.command(["doctor"]).env("PATH", "/usr/bin:/bin")).expect(0);
    assert_eq!(said.err, "");
    insta::assert_snapshot!(without_the_systems_words(&said.out));
}

#[test]
fn a_planted_etcd_is_not_run_and_doctor_says_so() {
    let desk = Desk::empty();
    desk.write("scenarios/auth/story.toml", &scenario("Story", "3.5.5"));
    desk.write("harness/deadwatch/Cargo.toml", "");
    let ran = desk.path("ran");
    let script = format!("#!/bin/sh\n: >{}\necho 'etcd Version: 3.5.5'\n", ran.display());
    let script = desk.write("script", &script);
    // A child writes them: a file that this process had open for writing could be open still, inherited by a child that
    // another test is just starting, and could then not be run.
    let plant = "for place in etcd/3.5.5/etcd original/3.5.11/original; do \
                 mkdir -p target/${place%/*} && cp $0 target/$place && chmod 755 target/$place; done";
    let planted = Command::new("sh").args(["-c", plant]).arg(script).current_dir(desk.path("")).status();
    assert!(planted.unwrap().success());
    let doctor = || {
        let mut command = desk.command(["doctor"]);
        command
            .env_remove("DEADWATCH_ETCD_DIR")
            .env_remove("DEADWATCH_ORIGINAL_DIR")
            .env("PATH", "/usr/bin:/bin");
        desk.ask(&mut command).expect(0)
    };
    fs::set_permissions(desk.path("target"), Permissions::from_mode(0o777)).unwrap();
    let said = doctor();
    assert!(!ran.exists(), "it was run: {said}");
    assert!(said.out.contains("target/etcd/3.5.5/etcd is not run: "), "{said}");
    assert!(said.out.contains("target/original/3.5.11/original is not run: "), "{said}");
    assert!(
        said.out.contains("may be written to by others; name its folder in DEADWATCH_ETCD_DIR"),
        "{said}"
    );
    fs::set_permissions(desk.path("target"), Permissions::from_mode(0o755)).unwrap();
    let said = doctor();
    assert!(ran.exists() && said.out.contains("✓ etcd 3.5.5: HERE/target/etcd/3.5.5/etcd"), "{said}");
}
