//! Where the etcd that was asked for is not here nothing runs: exit 4, and how to get one.

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
fn by_default_it_runs_in_this_process_where_nothing_else_is_here_and_says_why_not_elsewhere() {
    let said =
        Desk::empty().deadwatch(["run", "auth/quick", "--subject", "naive", "--format", "json"]).expect(0);
    let line = concat!(
        r#"{"scenario":"auth/quick","backend":"embedded","etcd":"3.5.5","subject":"naive","#,
        r#""outcome":"crash","aftermath":"dead","verdict":"unsafe","snapshot":"match"}"#,
        "\n"
    );
    assert_eq!(said.out, line);
    let told: Vec<_> = said.err.lines().collect();
    let [taken, docker, process] = told[..] else { panic!("{said}") };
    assert!(taken.contains("embedded") && taken.contains("3.5.5"), "{said}");
    assert!(docker.starts_with("  not docker: ") && process.starts_with("  not process: "), "{said}");
}

#[test]
fn the_scenarios_that_are_built_in_are_there_wherever_it_runs() {
    let said = Desk::empty().deadwatch(["run", "auth/story", "--on", "process"]).expect(4);
    assert!(said.err.contains("auth/story::naive"), "{said}");
}
