//! JUnit's XML, which every CI system reads: a suite for each scenario, a case for each run.
//!
//! What makes the program end with 1 is a failure; a run that proves nothing, or that the harness failed to make, is an
//! error; one that can't be made here is skipped, with its reason. Each case holds the explanation and the timeline as a
//! person would see them.

use std::{collections::BTreeMap, time::Duration};

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{
    Case, RunView, Standing, difference,
    terminal::{Paint, run_in_full},
    words::in_short,
};

/// All cases as one document. Suites are in the order of their first cases.
///
/// # Errors
/// None that is known: what XML can't hold is left out.
pub fn document(cases: &[Case<'_>]) -> Result<String, SerializeError> {
    let mut report = Report::new("deadwatch");
    let mut places = BTreeMap::new();
    let mut suites: Vec<TestSuite> = Vec::new();
    for case in cases {
        let place = *places.entry(case.scenario()).or_insert_with(|| {
            suites.push(TestSuite::new(case.scenario()));
            suites.len() - 1
        });
        if let Some(suite) = suites.get_mut(place) {
            suite.add_test_case(test_case(case));
        }
    }
    for suite in &mut suites {
        let time = suite.test_cases.iter().filter_map(|case| case.time).sum();
        suite.set_time(time);
    }
    report.set_time(suites.iter().filter_map(|suite| suite.time).sum());
    report.add_test_suites(suites);
    // No XML may hold these two, and quick-junit 0.8 takes out all others of that kind.
    let document = report.to_string()?.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    // Jenkins' schema (jenkinsci/xunit-plugin, junit-10.xsd) has the number of skipped cases on a suite, and refuses
    // it on the whole.
    Ok(document.replacen(&format!(" skipped=\"{}\"", report.skipped), "", 1))
}

fn test_case(case: &Case<'_>) -> TestCase {
    let mut test_case = TestCase::new(case.name(), status(case));
    test_case.set_classname(case.scenario());
    match case {
        Case::Ran(run) => {
            test_case.set_time(length(run));
            test_case.set_system_out(format!(
                "{}\n\n{}",
                run.judgement.explanation,
                run_in_full(run, Paint::Plain)
            ));
        }
        Case::Ignored(_) | Case::Failed(_) => {
            test_case.set_time(Duration::ZERO);
        }
    }
    test_case
}

/// From its first event to its last, on its own clock.
fn length(run: &RunView<'_>) -> Duration {
    let times = || run.history.events.iter().map(|event| event.at_ns);
    let nanoseconds = times().max().unwrap_or_default().saturating_sub(times().min().unwrap_or_default());
    Duration::from_nanos(nanoseconds.unsigned_abs())
}

fn status(case: &Case<'_>) -> TestCaseStatus {
    let standing = case.standing();
    let mut status = match standing {
        Standing::AsExpected | Standing::New => return TestCaseStatus::success(),
        Standing::Ignored => TestCaseStatus::skipped(),
        Standing::Inconclusive | Standing::Failed => TestCaseStatus::non_success(NonSuccessKind::Error),
        Standing::Differs | Standing::NewAndUnsafe => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    match (case, case.reason()) {
        (_, Some(reason)) => {
            status.set_message(reason);
        }
        (Case::Ran(run), None) => {
            let (short, verdict) = (in_short(run.judgement), run.judgement.verdict);
            status.set_message(format!("{}: {short}, {verdict}", standing.said()));
            let lines = difference::of(run);
            if !lines.is_empty() {
                let lines = lines.iter().map(|line| format!("{} {}\n", line.sign(), line.text()));
                status.set_description(lines.collect::<String>());
            }
        }
        (Case::Ignored(_) | Case::Failed(_), None) => {}
    }
    status.set_type(kind(standing));
    status
}

/// The kind of a failure, an error or a skip, in one word.
const fn kind(standing: Standing) -> &'static str {
    match standing {
        Standing::Differs => "differs",
        Standing::NewAndUnsafe => "unsafe",
        Standing::Inconclusive => "inconclusive",
        Standing::Failed => "harness",
        Standing::Ignored => "ignored",
        Standing::AsExpected | Standing::New => "passed",
    }
}
