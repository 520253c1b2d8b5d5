//! A subject that is a command: what becomes of one that does not offer a call, breaks the protocol, or dies; and which
//! exit comes first over several.

use libtest_mimic::Trial;

use crate::{
    desk::{Desk, Said},
    trial,
};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_program_that_does_not_offer_the_call_is_ignored_and_nothing_ran", unsupported),
        trial("a_program_that_breaks_the_protocol_proves_nothing", garbage),
        trial("a_program_that_does_not_start_proves_nothing", not_there),
        trial("a_program_that_dies_of_a_dequeue_is_unsafe", dies),
        trial("a_finding_comes_before_a_run_that_proves_nothing", finding_first),
        trial("a_run_that_proves_nothing_comes_before_a_good_one", inconclusive_before_good),
        trial("a_run_that_is_ignored_does_not_spoil_a_good_one", ignored_beside_good),
    ]
}

/// What is said of a calm scenario with these subjects.
fn run(desk: &Desk, format: &str, subjects: &[&str]) -> Said {
    desk.write("scenarios/calm.toml", crate::CALM);
    let mut arguments = vec!["run", "calm", "--on", "process", "--format", format];
    arguments.extend(subjects.iter().flat_map(|subject| ["--subject", subject]));
    // The program's shell sleeps, with a program of the system's.
    desk.ask(desk.command(arguments).env("PATH", "/usr/bin:/bin"))
}

fn unsupported(desk: &Desk) {
    let subject = desk.consumer("unsupported");
    let said = run(desk, "json", &[&subject]).expect(4);
    assert_eq!(said.out, "", "what did not run has no line");
    let ignored =
        "ignored: calm::process::/bin/sh HERE/consumer.sh unsupported: the subject does not offer dequeue\n";
    assert!(said.err.contains(ignored) && said.err.ends_with("nothing ran\n"), "{said}");
    let said = run(desk, "human", &[&subject]).expect(4);
    assert!(
        said.out.contains("the subject does not offer dequeue") && said.out.contains("1 ignored"),
        "{said}"
    );
}

fn garbage(desk: &Desk) {
    let said = run(desk, "json", &[&desk.consumer("garbage")]).expect(2);
    let line: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(line["outcome"].is_null() && line["aftermath"].is_null(), "{said}");
    assert_eq!((&line["verdict"], &line["snapshot"]), (&"inconclusive".into(), &"none".into()));
    let reason = line["reason"].as_str().unwrap();
    assert!(reason.contains("Segmentation fault, perhaps"), "{said}");
}

fn not_there(desk: &Desk) {
    let said = run(desk, "json", &["./no-such-program --fast"]).expect(2);
    let line: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(line["subject"], "./no-such-program --fast");
    let reason = line["reason"].as_str().unwrap();
    assert!(reason.contains("could not start `./no-such-program`"), "{said}");
}

fn dies(desk: &Desk) {
    let said = run(desk, "json", &[&desk.consumer("dies")]).expect(1);
    let line: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&line["outcome"], &line["aftermath"]), (&"crash".into(), &"dead".into()));
    assert_eq!((&line["verdict"], &line["snapshot"]), (&"unsafe".into(), &"none".into()));
    assert!(line.get("reason").is_none(), "{said}");
    assert!(said.err.ends_with("standard error ends with:\n  | the consumer gives up: no event\n"), "{said}");
}

fn finding_first(desk: &Desk) {
    let (dies, garbage) = (desk.consumer("dies"), desk.consumer("garbage"));
    let said = run(desk, "json", &[&garbage, &dies, "resilient"]).expect(1);
    assert_eq!(said.out.lines().count(), 3);
}

fn inconclusive_before_good(desk: &Desk) {
    let said = run(desk, "human", &["resilient", &desk.consumer("garbage")]).expect(2);
    assert!(said.out.contains("1 inconclusive"), "{said}");
}

fn ignored_beside_good(desk: &Desk) {
    run(desk, "json", &["resilient", &desk.consumer("unsupported")]).expect(0);
}
