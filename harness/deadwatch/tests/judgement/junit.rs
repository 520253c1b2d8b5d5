//! JUnit's XML: what readers of it rely on.

use std::collections::BTreeSet;

use deadwatch::{
    etcd::Time,
    history::{History, Inconclusive},
    report::{
        Case, RunView, Unmade, junit,
        snapshot::{SnapshotState, text},
    },
    verdict::judge,
};
use roxmltree::{Document, Node};

use crate::sample;

/// An element, its attributes, those that it must have, and its children.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// What Jenkins' schema allows.
/// (jenkinsci/xunit-plugin, `junit-10.xsd`.)
const SCHEMA: [Rule; 7] = [
    ("testsuites", &["name", "time", "tests", "failures", "errors"], &[], &["testsuite"]),
    (
        "testsuite",
        &["name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname"],
        &["name", "tests", "failures", "errors"],
        &["properties", "testcase", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name", "time", "classname", "group"],
        &["name"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &["type", "message"], &[], &[]),
    ("error", &["type", "message"], &[], &[]),
    ("skipped", &["type", "message"], &[], &[]),
    ("system-out", &[], &[], &[]),
];

/// The five ways in which a case can stand, and one more that matches.
fn document() -> String {
    let cases = [
        (sample::story_naive(), SnapshotState::Match),
        (sample::story_checked_on_3_5_16(), differs()),
        (sample::story_naive(), SnapshotState::None),
        (late(), SnapshotState::None),
        (not_offered(), SnapshotState::None),
        (retold(), SnapshotState::Match),
    ];
    let judgements: Vec<_> = cases.iter().map(|(history, _)| judge(history)).collect();
    let mut views: Vec<_> = cases
        .iter()
        .zip(&judgements)
        .map(|((history, snapshot), judgement)| {
            Case::Ran(RunView { history, judgement, snapshot, seed: 0, time: Time::Virtual })
        })
        .collect();
    let unmade = |reason| Unmade { scenario: "auth/story", backend: "process", subject: "original", reason };
    views
        .push(Case::Ignored(unmade("no original built against clientv3 3.5.11: run `just original 3.5.11`")));
    views.push(Case::Failed(unmade("the harness panicked; its message is above")));
    junit::document(&views).unwrap()
}

fn differs() -> SnapshotState {
    SnapshotState::Differs { expected: text(&judge(&sample::story_resilient())) }
}

fn late() -> History {
    let why = Inconclusive::Late("step 2 was issued 312 ms late; at most 250 ms are allowed".to_owned());
    sample::story_begins("checked").inconclusive(7.3, why).history()
}

fn not_offered() -> History {
    sample::story_begins("./mine").inconclusive(0.1, Inconclusive::Unsupported("ack".to_owned())).history()
}

/// What XML must escape or can't hold.
fn retold() -> History {
    sample::story_refused("./mine <&> \"it\"", sample::PERMISSION_DENIED)
        .scenario(|scenario| scenario.name = "mine".to_owned())
        .dies(7.005, "\u{1b}[31m]]> <b> & \u{0} \u{fffe}", "mine.rs:1")
        .aftermath(7.006, &[])
        .ends(7.1, &[])
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.has_tag_name(name))
}

#[test]
fn every_element_has_the_attributes_and_children_that_the_schema_allows() {
    let xml = document();
    let document = Document::parse(&xml).unwrap();
    assert!(document.root_element().has_tag_name("testsuites"), "{xml}");
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let (_, allowed, required, children) = SCHEMA.iter().find(|rule| rule.0 == name).expect(name);
        let attributes: BTreeSet<_> = node.attributes().map(|attribute| attribute.name()).collect();
        assert!(attributes.iter().all(|attribute| allowed.contains(attribute)), "{name}: {attributes:?}");
        assert!(required.iter().all(|attribute| attributes.contains(attribute)), "{name}: {attributes:?}");
        for child in node.children().filter(Node::is_element) {
            assert!(children.contains(&child.tag_name().name()), "{name} holds {child:?}");
        }
        if let Some(time) = node.attribute("time") {
            let (whole, fraction) = time.split_once('.').unwrap();
            assert!(fraction.len() == 3 && whole.len() <= 3, "{name} takes {time:?}");
        }
    }
}

#[test]
fn a_scenario_is_a_suite_and_a_run_is_a_case_that_stands_as_the_exit_says() {
    let xml = document();
    let document = Document::parse(&xml).unwrap();
    let told: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .map(|case| {
            let kinds = ["failure", "error", "skipped"];
            let kind = kinds.into_iter().find(|kind| child(case, kind).is_some()).unwrap_or("passed");
            let suite = case.parent_element().unwrap().attribute("name").unwrap();
            (suite, case.attribute("name").unwrap(), kind)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("auth/story", "auth/story::embedded::naive", "passed"),
            ("auth/story", "auth/story::embedded::checked", "failure"),
            ("auth/story", "auth/story::embedded::naive", "failure"),
            ("auth/story", "auth/story::embedded::checked", "error"),
            ("auth/story", "auth/story::embedded::./mine", "skipped"),
            ("auth/story", "auth/story::process::original", "skipped"),
            ("auth/story", "auth/story::process::original", "error"),
            ("mine", "mine::embedded::./mine <&> \"it\"", "passed"),
        ]
    );
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    let numbers = ["tests", "failures", "errors", "skipped"].map(|name| suite.attribute(name).unwrap());
    assert_eq!(numbers, ["7", "2", "2", "2"]);
}

#[test]
fn a_case_holds_its_length_its_reason_the_explanation_and_the_timeline() {
    let xml = document();
    let document = Document::parse(&xml).unwrap();
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    // From the pre-flight half a second before 0 s to the end, at 7.1 s.
    assert_eq!(cases[0].attribute("time"), Some("7.600"));
    let timeline = child(cases[0], "system-out").unwrap().text().unwrap();
    assert!(timeline.starts_with("At 7.0 s the server refused consumer 2's watch"), "{timeline}");
    assert!(timeline.contains("\n consumer 1    ─────────────────────✖"), "{timeline}");
    let difference = child(cases[1], "failure").unwrap();
    assert_eq!(difference.attribute("message"), Some("differs from its snapshot: error, fails safely"));
    assert!(difference.text().unwrap().contains("\n- verdict: survives\n+ verdict: fails safely\n"));
    let reasons: Vec<_> = cases[3..7]
        .iter()
        .map(|case| child(*case, "error").or_else(|| child(*case, "skipped")).unwrap())
        .map(|status| status.attribute("message").unwrap())
        .collect();
    assert_eq!(
        reasons,
        [
            "step 2 was issued 312 ms late; at most 250 ms are allowed",
            "the subject does not offer ack",
            "no original built against clientv3 3.5.11: run `just original 3.5.11`",
            "the harness panicked; its message is above",
        ]
    );
}
