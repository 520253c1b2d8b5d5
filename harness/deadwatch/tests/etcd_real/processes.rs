//! etcds as child processes.

use std::{
    fs, iter,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use deadwatch::{
    etcd::{Address, EtcdError, Source},
    scenario::Version,
};
use futures::future::join_all;
use libtest_mimic::Trial;
use tempfile::TempDir;

use super::{
    STORY, binary, client, client_as, start, traces::Traces, trial, wait, with_tokens, without_tokens,
};

pub fn trials() -> Vec<Trial> {
    let story = binary(STORY);
    let process =
        |name: &str, test: fn(Source)| trial(&format!("process::{name}"), "process", story.clone(), test);
    let mut trials = vec![
        process("without_a_token_ttl_anybody_may_read", anybody_may_read),
        process("parallel_servers_know_nothing_of_each_other", parallel_servers),
        process("a_server_of_another_version_is_refused_naming_both", another_version),
        process("a_dropped_server_leaves_nothing", dropped),
        process("a_panic_leaves_nothing", panicked),
        unconditional("process::a_binary_that_ends_at_once_has_its_words_quoted", ends_at_once),
        unconditional("process::a_start_that_is_given_up_leaves_nothing", given_up),
    ];
    // The oldest line is started where somebody has built it; the others are required where processes are.
    for (version, backend) in [
        (Version::new(3, 4, 13), "none"),
        (STORY, "process"),
        (Version::new(3, 5, 16), "process"),
        (Version::new(3, 7, 3), "process"),
    ] {
        let name = format!("process::{version}_serves_its_root_user_only_and_stops_without_a_trace");
        trials.push(trial(&name, backend, binary(version), move |source| serves_root_only(&source, version)));
    }
    trials
}

fn unconditional(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn serves_root_only(source: &Source, version: Version) {
    wait(async {
        let etcd = start(source, &with_tokens(version)).await.unwrap();
        let traces = Traces::of(&*etcd);
        let Address::Tcp(address) = etcd.address() else { panic!("no port") };
        assert!(address.ip().is_loopback());

        let mut root = client(&*etcd).await;
        assert_eq!(root.status().await.unwrap().version(), version.to_string());
        root.put("k", "v", None).await.unwrap();
        let refusal = client_as(&*etcd, None).await.unwrap().get("k", None).await.unwrap_err().to_string();
        assert!(refusal.contains("user name is empty"), "{refusal}");

        etcd.stop().await;
        traces.assert_gone();
    });
}

fn anybody_may_read(source: Source) {
    wait(async {
        let etcd = start(&source, &without_tokens(STORY)).await.unwrap();
        assert_eq!(etcd.credentials(), None);
        client(&*etcd).await.get("k", None).await.unwrap();
        etcd.stop().await;
    });
}

fn parallel_servers(source: Source) {
    wait(async {
        let spec = with_tokens(STORY);
        let etcds = join_all(iter::repeat_with(|| start(&source, &spec)).take(4)).await;
        let etcds: Vec<_> = etcds.into_iter().map(Result::unwrap).collect();
        for (number, etcd) in etcds.iter().enumerate() {
            client(&**etcd).await.put(format!("only-{number}"), "v", None).await.unwrap();
        }
        for (number, etcd) in etcds.iter().enumerate() {
            let all = etcd_client::GetOptions::new().with_all_keys();
            let seen = client(&**etcd).await.get("", Some(all)).await.unwrap();
            let keys: Vec<_> = seen.kvs().iter().map(|kv| kv.key_str().unwrap().to_owned()).collect();
            assert_eq!(keys, [format!("only-{number}")]);
        }
        let traces: Vec<_> = etcds.iter().map(|etcd| Traces::of(&**etcd)).collect();
        join_all(etcds.into_iter().map(|etcd| etcd.stop())).await;
        traces.iter().for_each(Traces::assert_gone);
    });
}

fn another_version(source: Source) {
    let refused = wait(start(&source, &with_tokens(Version::new(3, 5, 6)))).map(|_| ());
    match refused.unwrap_err() {
        EtcdError::WrongVersion { expected, found, .. } => {
            assert_eq!((expected.to_string().as_str(), found.as_str()), ("3.5.6", "3.5.5"));
        }
        other => panic!("{other}"),
    }
}

fn dropped(source: Source) {
    let etcd = wait(start(&source, &with_tokens(STORY))).unwrap();
    let traces = Traces::of(&*etcd);
    drop(etcd);
    traces.assert_gone();
}

fn panicked(source: Source) {
    let mut traces = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        wait(async {
            let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
            traces = Some(Traces::of(&*etcd));
            panic!("on purpose");
        });
    }));
    assert!(outcome.is_err());
    traces.unwrap().assert_gone();
}

/// A program in etcd's place, in a folder of its own. It is written by a child, since a file that this process had
/// open for writing may still be open in a child that another test is just starting, and cannot be run then.
fn stand_in(script: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::Builder::new().prefix("deadwatch-stand-in-").tempdir().unwrap();
    let path = folder.path().join("etcd");
    let write =
        r#"printf '#!/bin/sh\necho $$ >"$0.pid"; echo "$@" >"$0.arguments"; %s\n' "$2" >"$1"; chmod +x "$1""#;
    let status = Command::new("sh").args(["-c", write, "sh"]).arg(&path).arg(script).status();
    assert!(status.is_ok_and(|status| status.success()));
    (folder, path)
}

/// The folder that a stand-in was given, and its number, once it runs.
fn stand_ins_traces(binary: &Path) -> Option<(String, u32)> {
    let pid = fs::read_to_string(binary.with_extension("pid")).ok()?.trim().parse().ok()?;
    let arguments = fs::read_to_string(binary.with_extension("arguments")).ok()?;
    let data = arguments.split_whitespace().nth(1)?;
    Some((data.trim_end_matches("/data").to_owned(), pid))
}

fn ends_at_once() {
    let (_folder, binary) = stand_in("echo boom >&2; exit 3");
    let source = Source::Binary(binary.clone());
    let error = wait(start(&source, &with_tokens(STORY))).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("it has ended (exit status: 3)"), "{error}");
    assert!(error.contains("boom"), "{error}");
    let (data, _) = stand_ins_traces(&binary).unwrap();
    assert!(!Path::new(&data).exists(), "{data}");
}

fn given_up() {
    let (_folder, binary) = stand_in("exec sleep 600");
    let source = Source::Binary(binary.clone());
    let runs = async {
        while stand_ins_traces(&binary).is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let spec = with_tokens(STORY);
    wait(async {
        tokio::select! {
            started = start(&source, &spec) => panic!("{:?}", started.map(|_| ()).unwrap_err()),
            () = runs => {}
        }
    });
    let (data, pid) = stand_ins_traces(&binary).unwrap();
    assert!(!Path::new(&data).exists(), "{data}");
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    assert!(rustix::process::test_kill_process(pid).is_err());
}
