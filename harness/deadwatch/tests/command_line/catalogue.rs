//! `list` and `schema`, and which scenarios there are.

use std::{collections::BTreeSet, fs, process::Stdio};

use deadwatch::scenario::{Library, Scenario};

use crate::{desk::Desk, scenario, stand};

fn library() -> Vec<Scenario> {
    let library = Library::compiled_in();
    library.names().iter().map(|name| library.load(name).unwrap().scenario).collect()
}

#[test]
fn list_says_a_name_and_a_title_a_line() {
    let said = Desk::empty().deadwatch(["list"]).expect(0);
    let lines: Vec<_> = said.out.lines().map(|line| line.split_once(' ').unwrap()).collect();
    let told: Vec<_> = lines.iter().map(|(name, title)| (*name, title.trim())).collect();
    let library = library();
    let expected: Vec<_> = library.iter().map(|one| (one.name.as_str(), one.title.as_str())).collect();
    assert_eq!(told, expected);
    assert_eq!(said.err, "");
}

#[test]
fn list_can_say_the_releases_that_the_chosen_scenarios_name() {
    let desk = Desk::empty();
    let lines = |arguments: &[&str]| -> Vec<String> {
        desk.deadwatch(arguments).expect(0).out.lines().map(str::to_owned).collect()
    };
    let chosen = |prefixes: &[&str]| {
        let begins = |one: &Scenario| prefixes.iter().any(|prefix| one.name.starts_with(prefix));
        library().into_iter().filter(begins).collect::<Vec<_>>()
    };
    let etcds = |prefixes: &[&str]| {
        let releases: BTreeSet<_> = chosen(prefixes).iter().map(|one| one.etcd.version).collect();
        releases.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(lines(&["list", "--etcds"]), etcds(&[""]));
    assert_eq!(lines(&["list", "--etcds", "control/"]), etcds(&["control/"]));
    assert_eq!(lines(&["list", "--etcds", "auth/", "control/"]), etcds(&["auth/", "control/"]));
    let clients: BTreeSet<_> = chosen(&["auth/"]).iter().map(|one| one.client_version).collect();
    let clients: Vec<_> = clients.iter().map(ToString::to_string).collect();
    assert_eq!(lines(&["list", "--clients", "auth/"]), clients);
    assert_eq!(lines(&["list", "control/no-auth"]).len(), 1);
}

#[test]
fn a_prefix_that_no_scenario_begins_with_is_wrong_usage() {
    let said = Desk::empty().deadwatch(["list", "--etcds", "contrl/"]).expect(64);
    assert_eq!(said.out, "");
    insta::assert_snapshot!(said);
}

#[test]
fn a_folder_takes_the_place_of_the_scenarios_that_are_built_in() {
    let desk = Desk::empty();
    desk.write("mine/a/one.toml", &scenario("First", "3.5.5"));
    desk.write("mine/two.toml", &scenario("Second", "3.5.16"));
    desk.write("scenarios/three.toml", &scenario("Third", "3.6.0"));
    desk.write("below/here/empty", "");
    assert_eq!(
        desk.deadwatch(["list", "--scenarios", "mine"]).expect(0).out,
        "a/one  First\ntwo    Second\n"
    );
    assert_eq!(desk.deadwatch(["--scenarios", "mine", "list", "--etcds"]).expect(0).out, "3.5.5\n3.5.16\n");
    assert_eq!(desk.deadwatch(["list"]).expect(0).out, "three  Third\n");
    let below = desk.ask(desk.command(["list"]).current_dir(desk.path("below/here"))).expect(0);
    assert_eq!(below.out, "three  Third\n");
}

#[test]
fn a_folder_without_scenarios_is_wrong_usage() {
    let desk = Desk::empty();
    let said = ["list", "run", "repro", "doctor"].map(|command| {
        let empty = desk.deadwatch([command, "--scenarios", "tmp"]).expect(64);
        let missing = desk.deadwatch([command, "--scenarios", "nowhere"]).expect(64);
        assert_eq!(empty.out + &missing.out, "");
        (empty.err, missing.err)
    });
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    insta::assert_snapshot!(format!("{}{}", said[0].0, said[0].1));
}

#[test]
fn a_file_that_is_no_scenario_is_told_of_and_the_others_are_listed() {
    let desk = Desk::empty();
    desk.write("scenarios/bad.toml", "title = 3");
    desk.write("scenarios/good.toml", &scenario("Good", "3.5.5"));
    let said = desk.deadwatch(["list"]).expect(64);
    assert_eq!(said.out, "good  Good\n");
    assert!(said.err.contains("scenarios/bad.toml:1:"), "{said}");
}

#[test]
fn schema_prints_the_committed_schema() {
    let said = Desk::empty().deadwatch(["schema"]).expect(0);
    let committed = fs::read_to_string(stand::repository().join("scenarios/schema.json")).unwrap();
    assert!(said.out == committed, "scenarios/schema.json is not what `deadwatch schema` prints");
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let desk = Desk::empty();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let (errors, telling) = std::io::pipe().unwrap();
    let mut command = desk.command(["schema"]);
    let status = command.stdout(writer).stderr(telling).stdin(Stdio::null()).status().unwrap();
    drop(command);
    assert_eq!(std::io::read_to_string(errors).unwrap(), "");
    assert_eq!(status.code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure_of_the_harness() {
    let desk = Desk::empty();
    let full = fs::File::create("/dev/full").unwrap();
    let said = desk.command(["list"]).stdout(full).output().unwrap();
    assert_eq!(said.status.code(), Some(70));
    assert!(String::from_utf8(said.stderr).unwrap().starts_with("deadwatch: could not write to stdout: "));
}
