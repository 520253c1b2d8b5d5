//! Annotations for GitHub: a line for each run that somebody has to look at.

use std::collections::BTreeMap;

use deadwatch::{
    etcd::Time,
    history::{History, Inconclusive},
    report::{Case, RunView, Source, Unmade, annotation, snapshot::SnapshotState},
    verdict::judge,
};

use crate::sample;

fn source(path: &str) -> BTreeMap<String, Source> {
    BTreeMap::from([("auth/story".to_owned(), Source { path: path.to_owned(), text: String::new() })])
}

fn annotated(history: &History, snapshot: &SnapshotState, sources: &BTreeMap<String, Source>) -> String {
    let judgement = judge(history);
    let view = RunView { history, judgement: &judgement, snapshot, seed: 0, time: Time::Virtual };
    annotation::github(&[Case::Ran(view)], sources)
}

#[test]
fn a_difference_is_an_error_on_the_scenarios_file() {
    let differs = SnapshotState::Differs { expected: String::new() };
    assert_eq!(
        annotated(&sample::story_resilient(), &differs, &source("scenarios/auth/story.toml")),
        "::error file=scenarios/auth/story.toml,title=auth/story%3A%3Aembedded%3A%3Aresilient::differs from its \
         snapshot: healthy, survives. Token 2 was dead by 6.0 s, but no watch was refused, no call failed, and \
         every consumer took its item in the aftermath.\n"
    );
}

#[test]
fn something_unsafe_without_a_snapshot_is_an_error_and_an_inconclusive_run_a_warning() {
    let line = annotated(&sample::story_naive(), &SnapshotState::None, &source("x.toml"));
    assert!(line.starts_with("::error file=x.toml,title="), "{line}");
    let why = Inconclusive::Late("step 2 was 100% too late".to_owned());
    let late = sample::story_begins("naive").inconclusive(7.3, why).history();
    let line = annotated(&late, &SnapshotState::None, &source("x.toml"));
    assert!(line.starts_with("::warning file=x.toml,"), "{line}");
    assert!(line.ends_with("::proves nothing: step 2 was 100%25 too late\n"), "{line}");
}

#[test]
fn nothing_is_said_of_what_is_as_it_should_be_or_was_not_made() {
    let sources = BTreeMap::new();
    assert_eq!(annotated(&sample::story_naive(), &SnapshotState::Match, &sources), "");
    assert_eq!(annotated(&sample::story_resilient(), &SnapshotState::None, &sources), "");
    let ignored = Unmade { scenario: "a", backend: "process", subject: "b", reason: "none is here" };
    assert_eq!(annotation::github(&[Case::Ignored(ignored)], &sources), "");
}

#[test]
fn whatever_is_in_a_name_or_a_text_stays_within_its_place() {
    let history = sample::story_refused("./mine --a,b", sample::PERMISSION_DENIED)
        .dies(7.005, "one\r\ntwo ::error::", "mine.rs:1")
        .aftermath(7.006, &[])
        .ends(7.1, &[]);
    let line = annotated(&history, &SnapshotState::None, &source("a,b:c\n.toml"));
    assert!(
        line.starts_with(
            "::error file=a%2Cb%3Ac%0A.toml,title=auth/story%3A%3Aembedded%3A%3A./mine --a%2Cb::"
        )
    );
    assert!(line.contains("`one%0D%0Atwo ::error::`") && line.lines().count() == 1, "{line}");
}

#[test]
fn a_scenario_that_is_built_in_has_no_file_to_annotate() {
    let line = annotated(&sample::story_naive(), &SnapshotState::None, &BTreeMap::new());
    assert!(
        line.starts_with(
            "::error title=auth/story%3A%3Aembedded%3A%3Anaive::no snapshot: crash, unsafe. At 7.0 s"
        ),
        "{line}"
    );
}
