//! `check`: diagnoses on stderr, the good files on stdout, and the worst file decides.

use crate::{desk::Desk, scenario};

const DYING: &str = r#"title = "A start at the coin's edge"

[etcd]
version   = "3.5.5"
token-ttl = "5s"

[[consumer]]

[[consumer]]
start = "6s"

[run]
length = "8s"
"#;

#[test]
fn a_good_file_is_ok() {
    let desk = Desk::empty();
    desk.write("good.toml", &scenario("Good", "3.5.5"));
    let said = desk.deadwatch(["check", "good.toml"]).expect(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("good.toml: ok: Good\n", ""));
}

#[test]
fn a_warning_does_not_make_a_file_bad() {
    let desk = Desk::empty();
    desk.write("dying.toml", DYING);
    insta::assert_snapshot!(desk.deadwatch(["check", "dying.toml"]).expect(0));
}

#[test]
fn a_bad_file_is_diagnosed_on_stderr() {
    let desk = Desk::empty();
    desk.write(
        "bad.toml",
        "title = \"Bad\"\n[etcd]\nversio = \"3.5.5\"\n[[consumer]]\n[run]\nlength = \"1s\"\n",
    );
    let said = desk.deadwatch(["check", "bad.toml"]).expect(64);
    assert_eq!(said.out, "");
    insta::assert_snapshot!(said.err);
}

#[test]
fn of_several_files_each_is_told_and_the_worst_decides() {
    let desk = Desk::empty();
    desk.write("bad.toml", "title = \"Bad\"\n");
    desk.write("good.toml", &scenario("Good", "3.5.5"));
    let said = desk.deadwatch(["check", "bad.toml", "good.toml", "nowhere.toml"]).expect(64);
    assert_eq!(said.out, "good.toml: ok: Good\n");
    assert!(said.err.contains("bad.toml:1:1") && said.err.contains("could not read nowhere.toml"), "{said}");
}

#[test]
fn no_file_at_all_is_wrong_usage() {
    insta::assert_snapshot!(Desk::empty().deadwatch(["check"]).expect(64).err);
}
