//! Is the model an etcd? One body of cases, played to real etcds and to the model, compared with what real etcds are
//! known to say.
//!
//! * `conformance::PARAGRAPH::CASE::etcd-RELEASE` plays a case to a real etcd, and checks the recorded transcript.
//!   Ignored where `target/etcd/RELEASE/etcd` is missing (`just etcd RELEASE` builds it), unless `DEADWATCH_REQUIRE`
//!   has `process` in it.
//! * `conformance::PARAGRAPH::CASE::model-RELEASE` plays it to the model, in paused time. Needs no etcd.
//! * `DEADWATCH_RECORD=1` writes the transcripts instead, from real etcds: read the difference before committing it.
//! * `conformance::differential::…` runs programs drawn at random on both; see [`differential`].
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod arms;
mod case;
mod differential;
mod paragraphs;
mod transcript;

use std::{process::ExitCode, sync::Arc};

use arms::{Model, RELEASES, RealEtcd};
use case::{Case, play};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Builder, Runtime};
use transcript::{Shelf, first_difference};

/// Cases on real etcds mostly wait.
const AT_ONCE: usize = 12;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let cases: Vec<Arc<Case>> = paragraphs::all().into_iter().map(Arc::new).collect();
    let mut trials = Vec::new();
    if std::env::var_os("DEADWATCH_RECORD").is_some() {
        trials.extend(cases.iter().map(|case| trial(case, "record", record)));
    } else {
        for release in RELEASES {
            let present = arms::binary(release).is_file();
            let required = std::env::var("DEADWATCH_REQUIRE").is_ok_and(|list| list.contains("process"));
            let ignored = !present && !required;
            if ignored && !arguments.list {
                eprintln!(
                    "etcd-{release} is ignored: no target/etcd/{release}/etcd; `just etcd {release}` builds it"
                );
            }
            trials.extend(differential::trials(release).map(|trial| trial.with_ignored_flag(ignored)));
            for case in &cases {
                let real = trial(case, &format!("etcd-{release}"), move |case| on_etcd(case, release));
                trials.push(real.with_ignored_flag(ignored));
                trials.push(trial(case, &format!("model-{release}"), move |case| on_model(case, release)));
            }
        }
        trials.push(Trial::test("conformance::shelf::every_transcript_has_its_case", move || {
            every_transcript_has_its_case(&cases)
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(
    case: &Arc<Case>,
    arm: &str,
    check: impl FnOnce(&Case) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let name = format!("conformance::{}::{}::{arm}", case.paragraph, case.name);
    let case = Arc::clone(case);
    Trial::test(name, move || check(&case))
}

fn on_etcd(case: &Case, release: &str) -> Result<(), Failed> {
    compare(case, release, &said_by_etcd(case, release))
}

fn on_model(case: &Case, release: &str) -> Result<(), Failed> {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build()?;
    let said = runtime.block_on(async {
        let model = Model::start(release.parse().unwrap(), case.start);
        play(&case.ops, model.connect().await, release).await.text()
    });
    let outcome = compare(case, release, &said);
    match paragraphs::gaps::known(case.paragraph, case.name, release) {
        None => outcome,
        Some(_) if outcome.is_err() => Ok(()),
        Some(reason) => Err(format!("a known gap has closed, take it off the list: {reason}").into()),
    }
}

fn said_by_etcd(case: &Case, release: &str) -> String {
    let etcd = RealEtcd::start(release, case.start);
    Runtime::new().unwrap().block_on(async { play(&case.ops, etcd.connect().await, release).await.text() })
}

fn compare(case: &Case, release: &str, said: &str) -> Result<(), Failed> {
    let shelf = Shelf::of(case.paragraph, case.name);
    let expected = shelf.expected(release.parse().unwrap());
    let expected = expected.ok_or("expected a recorded transcript: DEADWATCH_RECORD=1 writes it")?;
    first_difference(&expected, said).map_or(Ok(()), |text| Err(text.into()))
}

fn record(case: &Case) -> Result<(), Failed> {
    let said: Vec<_> =
        RELEASES.into_iter().map(|release| (release.parse().unwrap(), said_by_etcd(case, release))).collect();
    Ok(Shelf::of(case.paragraph, case.name).record(&said)?)
}

fn every_transcript_has_its_case(cases: &[Arc<Case>]) -> Result<(), Failed> {
    let known: Vec<_> = cases.iter().map(|case| format!("{}/{}", case.paragraph, case.name)).collect();
    let orphans: Vec<_> = Shelf::all()?
        .into_iter()
        .filter(|file| !known.iter().any(|case| file.split('@').next() == Some(case)))
        .collect();
    if orphans.is_empty() { Ok(()) } else { Err(format!("transcripts without a case: {orphans:?}").into()) }
}
