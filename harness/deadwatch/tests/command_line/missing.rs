//! Where there is no etcd, nothing runs: exit 4, and how to get one.

use crate::{desk::Desk, scenario};

fn desk() -> Desk {
    let desk = Desk::empty();
    desk.write("scenarios/auth/story.toml", &scenario("Story", "3.5.5"));
    desk.write("scenarios/new.toml", &scenario("New", "3.7.3"));
    desk
}

#[test]
fn a_run_without_an_etcd_says_how_to_get_one() {
    insta::assert_snapshot!(desk().deadwatch(["run", "--on", "process"]).expect(4));
}

#[test]
fn the_repro_without_an_etcd_says_how_to_get_one() {
    insta::assert_snapshot!(desk().deadwatch(["repro", "--on", "process"]).expect(4));
}

#[test]
fn a_program_that_reads_json_gets_no_line_where_nothing_ran() {
    let arguments = ["run", "new", "--on", "process", "--format", "json", "--subject", "naive"];
    let said = desk().deadwatch(arguments).expect(4);
    assert_eq!(said.out, "");
    assert!(
        said.err.starts_with("ignored: new::naive\n") && said.err.contains("`just etcd 3.7.3`"),
        "{said}"
    );
}

#[test]
fn without_a_docker_daemon_it_says_what_was_expected() {
    let said = desk().deadwatch(["run", "new", "--on", "docker"]).expect(4);
    assert!(said.err.contains("expected a Docker daemon that answers"), "{said}");
}

#[test]
fn the_scenarios_that_are_built_in_are_there_wherever_it_runs() {
    let said = Desk::empty().deadwatch(["run", "auth/story", "--on", "process"]).expect(4);
    assert!(said.err.contains("auth/story::naive"), "{said}");
}
