//! `doctor`: what can run here, and what to do for the rest.

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
