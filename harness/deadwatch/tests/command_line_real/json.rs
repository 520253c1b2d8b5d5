//! `--format json`: one object a line and run, for programs.

use libtest_mimic::Trial;

use crate::{desk::Desk, trial};

/// As the contract has it, fields in its order.
const QUICK: &str = concat!(
    r#"{"scenario":"auth/quick","backend":"process","etcd":"3.5.5","subject":"naive","#,
    r#""outcome":"crash","aftermath":"dead","verdict":"unsafe","snapshot":"match"}"#,
    "\n"
);

pub fn trials() -> Vec<Trial> {
    vec![
        trial("the_line_of_a_run_is_the_contracts_and_the_only_thing_on_stdout", the_line),
        trial("every_repetition_has_its_line", every_repetition),
        trial("a_scenario_may_be_named_by_its_file", a_file),
        trial("a_run_for_people_shows_its_timeline_on_stdout", for_people),
    ]
}

fn the_line(desk: &Desk) {
    let said = desk
        .deadwatch(["run", "auth/quick", "--on", "process", "--subject", "naive", "--format", "json"])
        .expect(0);
    assert_eq!(said.out, QUICK);
    assert_eq!(said.err, "etcd 3.5.5: process, HERE/etcd/3.5.5/etcd\n");
}

fn every_repetition(desk: &Desk) {
    let arguments = ["--on", "process", "--subject", "naive", "--format", "json", "--repeat", "3"];
    let said = desk.deadwatch(["run", "auth/quick"].iter().chain(&arguments)).expect(0);
    assert_eq!(said.out, QUICK.repeat(3));
}

fn a_file(desk: &Desk) {
    let file = desk.write("elsewhere/calm.toml", crate::CALM);
    let arguments = ["--on", "process", "--subject", "resilient", "--format", "json"];
    let said = desk.deadwatch(["run", file.to_str().unwrap()].iter().chain(&arguments)).expect(0);
    assert!(said.out.starts_with(r#"{"scenario":"calm","backend":"process""#), "{said}");
    assert!(said.out.ends_with("\"verdict\":\"survives\",\"snapshot\":\"none\"}\n"), "{said}");
}

fn for_people(desk: &Desk) {
    let said = desk.deadwatch(["run", "auth/quick", "--on", "process", "--subject", "checked"]).expect(0);
    assert!(said.out.contains("auth/quick: checked on etcd 3.5.5 (process)"), "{said}");
    assert!(said.out.ends_with("1 run: 1 as the snapshot says\n"), "{said}");
    assert_eq!(said.err, "etcd 3.5.5: process, HERE/etcd/3.5.5/etcd\n");
    assert!(!said.is_coloured());
}
