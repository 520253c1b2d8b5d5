//! The library as its users have it: a scenario by name, text or file, a queue of one's own, an etcd, a verdict.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod stand;

use std::{process::ExitCode, time::Duration};

use deadwatch::{
    BoxFuture, Trial,
    etcd::{self, Backend, EtcdError, On, Pull, Search},
    etcd_client::{Client, GetOptions, Txn, TxnOp},
    run::TrialError,
    scenario::{LoadError, Version},
    subject::{
        Opening, Own, Subject,
        host::{Failure, Handed, QueueClient},
    },
    verdict::{Outcome, Verdict},
};
use libtest_mimic::{Arguments, Completion, Failed};
use stand::{Require, Requirement};

/// Looks every 20 ms, and takes what is there.
struct Looking(Client);

impl QueueClient for Looking {
    fn dequeue<'a>(&'a self, _consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(async move {
            let (mut etcd, range) = (self.0.clone(), format!("{prefix}/"));
            loop {
                let first = GetOptions::new().with_prefix().with_limit(1);
                if let Some(item) = etcd.get(range.as_str(), Some(first)).await?.kvs().first() {
                    let take = Txn::new().and_then([TxnOp::delete(item.key(), None)]);
                    etcd.txn(take).await?;
                    return Ok(Handed::once(item.value_str()?));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    }
}

fn looking() -> Own {
    Own::queue("looking", |opening: Opening| async { opening.connect(None).await.map(Looking) })
}

const ITEM: &str = r#"
    title = "A consumer gets an item"
    [etcd]
    version = "3.5.16"
    [[consumer]]
    [[step]]
    at = "500ms"
    enqueue = "a"
    [run]
    length = "1s"
    [not-on]
    docker = "it is tried elsewhere"
"#;

fn main() -> ExitCode {
    deadwatch::reaper::on_signals();
    let require = Require::from_environment();
    let search = Search::here(None, Pull::Never);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(etcd::choose(On::Only(Backend::Process), Version::new(3, 5, 16), &search));
    let missing = found.err().map(|error| error.to_string());
    let simple = |name: &str, test: fn() -> Result<(), Failed>| libtest_mimic::Trial::test(name, test);
    let trials = vec![
        simple("a_queue_that_is_handed_in_is_tried_in_virtual_time", in_virtual_time),
        simple("a_queue_that_keeps_the_walls_time_meets_the_embedded_etcd_on_a_port", in_real_time),
        simple("a_trial_may_be_made_where_a_runtime_runs", within_a_runtime),
        simple("a_built_in_subject_is_tried_as_well", built_in),
        simple("a_name_that_is_unknown_is_an_error_that_names_the_nearest", unknown_name),
        simple("a_text_that_is_wrong_is_diagnosed", wrong_text),
        simple("a_file_is_named_by_its_stem", file),
        simple("where_it_cannot_be_staged_says_why", not_staged),
        simple("a_subject_handed_in_is_itself_and_its_clones_and_nobody_else", equality),
        stand::trial(
            "a_queue_that_is_handed_in_is_tried_on_a_real_etcd",
            Requirement::Process,
            &require,
            missing,
            real,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// It survives: it has no watch that could die.
fn survives(trial: &Trial, subject: Own) -> Result<Duration, Failed> {
    let began = std::time::Instant::now();
    let run = trial.run(&Subject::Own(subject))?;
    if run.judgement.verdict != Verdict::Survives || run.judgement.handed_out.items() != ["a"] {
        return Err(format!("{:?}: {}", run.judgement.handed_out, run.judgement.explanation).into());
    }
    assert_eq!(run.history.subject, "looking");
    Ok(began.elapsed())
}

fn in_virtual_time() -> Result<(), Failed> {
    // Two minutes would be two minutes on the wall.
    let trial = Trial::toml(&ITEM.replace("length = \"1s\"", "length = \"2m\""))?.seed(3);
    let took = survives(&trial, looking())?;
    assert!(took < Duration::from_secs(60), "two minutes took {took:?}");
    assert_eq!(Trial::toml(ITEM)?.run(&Subject::Own(looking()))?.history.backend, "embedded");
    Ok(())
}

fn in_real_time() -> Result<(), Failed> {
    let took = survives(&Trial::toml(ITEM)?, looking().in_real_time())?;
    assert!(took >= Duration::from_secs(1), "the timeline is one second long, and took {took:?}");
    Ok(())
}

fn within_a_runtime() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async { survives(&Trial::toml(ITEM)?, looking()) })?;
    Ok(())
}

fn built_in() -> Result<(), Failed> {
    let run = Trial::named("auth/story")?.run(&Subject::Naive)?;
    assert_eq!(run.judgement.outcome, Some(Outcome::Crash));
    Ok(())
}

fn unknown_name() -> Result<(), Failed> {
    match Trial::named("auth/storey") {
        Err(LoadError::Unknown { nearest, .. }) if nearest.contains(&"auth/story".to_owned()) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn wrong_text() -> Result<(), Failed> {
    let wrong = Trial::toml(&ITEM.replace("enqueue", "enque")).expect_err("no such action").to_string();
    assert!(wrong.contains("enque"), "{wrong}");
    Ok(())
}

fn file() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, ITEM)?;
    assert_eq!(Trial::file(&path)?.run(&Subject::Own(looking()))?.history.scenario.name, "mine");
    assert!(matches!(Trial::file(folder.path().join("none.toml")), Err(LoadError::Unreadable { .. })));
    Ok(())
}

fn not_staged() -> Result<(), Failed> {
    let subject = Subject::Own(looking());
    let only = Trial::toml(ITEM)?.on(On::Only(Backend::Docker)).run(&subject).expect_err("its file says so");
    let text = "stage \"inline\" on docker: it is tried elsewhere";
    assert!(matches!(&only, TrialError::NotStaged { .. }) && only.to_string() == text, "{only}");
    let nowhere = "process = \"nor here\"\nembedded = \"nor here\"";
    let any = Trial::toml(&format!("{ITEM}{nowhere}"))?.on(On::Auto).run(&subject).expect_err("nowhere");
    match any {
        TrialError::Etcd(EtcdError::NoneAtAll { reasons, .. }) => {
            assert_eq!(
                reasons,
                ["not docker: it is tried elsewhere", "not process: nor here", "not embedded: nor here"]
            );
            Ok(())
        }
        other => Err(other.into()),
    }
}

fn equality() -> Result<(), Failed> {
    let subject = Subject::Own(looking());
    assert_eq!(subject, subject.clone());
    assert_ne!(subject, Subject::Own(looking()), "the same name, another queue");
    assert_eq!(subject.to_string(), "looking");
    Ok(())
}

fn real() -> Result<Completion, Failed> {
    let trial = Trial::toml(ITEM)?.on(On::Only(Backend::Process));
    survives(&trial, looking())?;
    assert_eq!(trial.run(&Subject::Own(looking()))?.history.backend, "process");
    Ok(Completion::Completed)
}
