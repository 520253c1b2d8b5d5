//! A run beside its snapshot: one that differs is a finding, and is proposed where that is wanted.

use std::fs;

use libtest_mimic::Trial;

use crate::{
    desk::{Desk, Said},
    trial,
};

/// What nobody does in a calm scenario.
const OTHER: &str = "---\nsource: scenarios/calm.toml\nexpression: resilient\n---\nconsumer 1: crash\n";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_run_that_differs_from_its_snapshot_is_a_finding", differs),
        trial("a_program_is_told_that_a_run_differs", differs_in_json),
        trial("what_has_no_snapshot_is_proposed_and_matches_once_it_is_accepted", proposed),
        trial("snapshots_of_another_library_are_not_compared_with", none_beside),
        trial("a_command_has_no_snapshot", command),
    ]
}

fn run(desk: &Desk, format: &str, insta_update: &str, subject: &str) -> Said {
    desk.write("mine/scenarios/calm.toml", crate::CALM);
    let arguments = ["--scenarios", "mine/scenarios", "--on", "process", "--format", format];
    let mut command = desk.command(["run", "calm", "--subject", subject].iter().chain(&arguments));
    desk.ask(command.env("INSTA_UPDATE", insta_update).env("PATH", "/usr/bin:/bin"))
}

fn differs(desk: &Desk) {
    desk.write("mine/snapshots/calm/resilient.snap", OTHER);
    let said = run(desk, "human", "no", "resilient").expect(1);
    assert!(said.out.contains("- consumer 1: crash") && said.out.contains("+ consumer 1: healthy"), "{said}");
    assert_eq!(desk.files("mine/snapshots"), ["calm/resilient.snap"], "INSTA_UPDATE=no writes nothing");
}

fn differs_in_json(desk: &Desk) {
    desk.write("mine/snapshots/calm/resilient.snap", OTHER);
    let said = run(desk, "json", "new", "resilient").expect(1);
    assert!(said.out.ends_with("\"verdict\":\"survives\",\"snapshot\":\"differs\"}\n"), "{said}");
    assert!(said.err.contains("proposed: mine/snapshots/calm/resilient.snap.new"), "{said}");
    assert_eq!(fs::read_to_string(desk.path("mine/snapshots/calm/resilient.snap")).unwrap(), OTHER);
}

fn proposed(desk: &Desk) {
    let said = run(desk, "json", "new", "resilient").expect(0);
    assert!(said.out.ends_with("\"snapshot\":\"none\"}\n"), "{said}");
    assert_eq!(desk.files("mine/snapshots"), ["calm/resilient.snap.new"]);
    let folder = desk.path("mine/snapshots/calm");
    fs::rename(folder.join("resilient.snap.new"), folder.join("resilient.snap")).unwrap();
    let said = run(desk, "json", "new", "resilient").expect(0);
    assert!(said.out.ends_with("\"snapshot\":\"match\"}\n"), "{said}");
    assert_eq!(desk.files("mine/snapshots"), ["calm/resilient.snap"]);
}

/// A scenario of one's own that is called as one of those built in.
fn none_beside(desk: &Desk) {
    desk.write("mine/scenarios/auth/quick.toml", crate::CALM);
    let arguments = ["--scenarios", "mine/scenarios", "--on", "process", "--format", "json"];
    let said =
        desk.deadwatch(["run", "auth/quick", "--subject", "resilient"].iter().chain(&arguments)).expect(0);
    assert!(said.out.ends_with("\"snapshot\":\"none\"}\n"), "{said}");
}

fn command(desk: &Desk) {
    run(desk, "json", "new", &desk.consumer("dies")).expect(1);
    assert_eq!(desk.files("mine/snapshots"), [""; 0]);
}
