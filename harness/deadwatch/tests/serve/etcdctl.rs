//! etcdctl, command by command.

use std::{path::PathBuf, process::Stdio, time::Duration};

use libtest_mimic::Trial;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::{
    arms,
    stand::{self, Require},
    transcript::redacted,
};

/// Which etcdctl meets which etcd.
const PAIRS: [(&str, &str); 4] =
    [("3.5.16", "3.5.5"), ("3.5.16", "3.5.16"), ("3.7.3", "3.7.3"), ("3.7.3", "3.5.5")];

/// Longer than a command takes, with all its attempts to connect.
const PATIENCE: Duration = Duration::from_secs(20);

/// One command.
#[derive(Clone, Copy)]
enum Step {
    /// It runs to its end.
    Run(&'static str),
    /// The same, and it is told something on stdin.
    Told(&'static str, &'static str),
    /// It would go on for ever, and is ended after having said so many lines.
    Until(usize, &'static str),
}

use Step::{Run, Told, Until};

/// What is asked for, in this order, of an etcd with nothing in it. `{lease}` is the lease that was granted last.
const SESSION: &[Step] = &[
    // Keys.
    Run("put a 1"),
    Run("put b 2"),
    Run("get a"),
    Run("get a --write-out json"),
    Run("get --prefix ''"),
    Run("get a z --keys-only --order descend --sort-by modify"),
    Run("get a z --count-only --write-out fields"),
    Run("get a --rev 99"),
    Run("get nothing"),
    Run("put b 3 --prev-kv"),
    Run("put b --ignore-value"),
    Run("put nothing --ignore-value"),
    Run("put '' x"),
    Run("del a --prev-kv"),
    Run("del --prefix nothing"),
    // Transactions.
    Told("txn", "value(\"b\") = \"3\"\n\nput c 7\nget b\n\ndel b\n\n"),
    Told("txn", "mod(\"b\") < \"2\"\n\nput c 8\n\nget c\nput d 9\n\n"),
    Told("txn", "\nput e 1\nput e 2\n\n\n"),
    // Watches.
    Until(3, "watch b --rev 2"),
    Until(7, "watch --prefix '' --rev 2 --prev-kv"),
    Run("compaction 4"),
    Run("compaction 4"),
    Run("compaction 100"),
    Run("get b --rev 3"),
    Run("watch b --rev 2"),
    // Leases.
    Run("lease grant 100"),
    Run("lease list"),
    Run("put leased v --lease {lease}"),
    Run("lease timetolive {lease} --keys"),
    Run("lease keep-alive --once {lease}"),
    Run("lease revoke {lease}"),
    Run("get leased"),
    Run("lease list"),
    Run("lease timetolive 1234 --keys"),
    Run("lease revoke 1234"),
    Run("lease keep-alive --once 1234"),
    Run("put q v --lease=1234"),
    Run("lease grant 9000000001"),
    Until(1, "lock name"),
    Run("lock other echo locked"),
    Until(2, "elect post me"),
    // The cluster and its upkeep.
    Run("member list"),
    Run("member remove 1"),
    Run("member promote 8e9e05c52164694d"),
    Run("move-leader 1"),
    Run("move-leader 8e9e05c52164694d"),
    Run("endpoint status"),
    Run("endpoint health"),
    Run("alarm list"),
    Run("alarm disarm"),
    Run("defrag"),
    Run("check perf --load nothing"),
    // Users and roles.
    Run("auth status"),
    Run("user add u:p"),
    Run("user add u:p"),
    Run("user add nobody --no-password"),
    Run("user list"),
    Run("user get u"),
    Run("role add r"),
    Run("role grant-permission r readwrite k"),
    Run("role grant-permission r read p --prefix"),
    Run("role grant-permission r write z --from-key"),
    Run("role get r"),
    Run("user grant-role u r"),
    Run("user grant-role u nothing"),
    Run("user get u --detail"),
    Run("role list"),
    Run("user add root:root"),
    Run("auth enable"),
    Run("user grant-role root root"),
    Run("auth enable"),
    Run("get k"),
    Run("--user u:p put k v"),
    Run("--user u:p get k"),
    Run("--user u:p get q"),
    Run("--user u:p get p pz"),
    Until(3, "--user u:p watch k --rev 5"),
    Run("--user u:p watch q"),
    Run("--user u:wrong get k"),
    Run("--user u:p user list"),
    Run("--user root:root role revoke-permission r k"),
    Run("--user u:p get k"),
    Told("--user root:root user passwd u --interactive=false", "new\n"),
    Run("--user u:p get k"),
    Run("--user u:new get p"),
    Run("--user root:root auth status"),
    Run("--user root:root endpoint status"),
    Run("--user root:root member list"),
    Run("member list"),
    Run("endpoint status"),
    Run("defrag"),
    Run("--user root:root user revoke-role u r"),
    Run("--user root:root role delete r"),
    Run("--user root:root user delete u"),
    Run("--user root:root user delete root"),
    Run("--user root:root auth disable"),
    Run("get k"),
];

/// The session, of each pair.
pub fn trials(require: &Require) -> Vec<Trial> {
    let trial = |(ctl, release)| {
        let missing = missing(ctl);
        arms(&format!("etcdctl-{ctl}"), release, missing.as_ref(), require, move |address| {
            Box::pin(session(ctl, address.to_owned()))
        })
    };
    PAIRS.into_iter().flat_map(trial).collect()
}

fn binary(ctl: &str) -> PathBuf {
    stand::repository().join("target/etcdctl").join(ctl).join("etcdctl")
}

fn missing(ctl: &str) -> Option<String> {
    let there = binary(ctl).is_file();
    (!there).then(|| format!("no target/etcdctl/{ctl}/etcdctl: harness/tools/etcdctl/build {ctl} builds it"))
}

async fn session(ctl: &'static str, address: String) -> String {
    let mut told = String::new();
    let mut lease = String::new();
    for step in SESSION {
        let (Run(line) | Told(line, _) | Until(_, line)) = step;
        let arguments = shell_words::split(&line.replace("{lease}", &lease)).unwrap();
        let said = one(ctl, &address, *step, &arguments).await;
        if let Some(granted) = said.iter().find_map(|line| line.strip_suffix(" granted with TTL(100s)")) {
            lease = granted.trim_start_matches("lease ").to_owned();
        }
        told.push_str(&format!("$ etcdctl {line}\n"));
        told.extend(said.iter().map(|line| redacted(line) + "\n"));
    }
    told
}

/// What one command says, and how it ended if not well.
async fn one(ctl: &str, address: &str, step: Step, arguments: &[String]) -> Vec<String> {
    let mut command = Command::new(binary(ctl));
    command.args(["--endpoints", address]).args(arguments);
    // Nothing of the caller's settings for etcdctl.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let said = match step {
        Run(_) => timeout(PATIENCE, to_its_end(command, "")).await,
        Told(_, words) => timeout(PATIENCE, to_its_end(command, words)).await,
        Until(lines, _) => timeout(PATIENCE, until(command, lines)).await,
    };
    said.unwrap_or_else(|_| panic!("expected `etcdctl {arguments:?}` to be done within {PATIENCE:?}"))
}

async fn to_its_end(mut command: Command, words: &str) -> Vec<String> {
    let mut process = command.spawn().unwrap();
    // A command that does not read what it is told may have ended already.
    let _ = process.stdin.take().unwrap().write_all(words.as_bytes()).await;
    let output = process.wait_with_output().await.unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    // The client's own log says how often it tried: that is for people.
    let lines = text.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with("{\"level\""));
    let ended = output.status.code().filter(|code| *code != 0).map(|code| format!("[ended with {code}]"));
    lines.map(str::to_owned).chain(ended).collect()
}

async fn until(mut command: Command, count: usize) -> Vec<String> {
    let mut process = command.spawn().unwrap();
    let mut stdout = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut lines = Vec::new();
    while lines.len() < count {
        lines.push(stdout.next_line().await.unwrap().expect("it goes on"));
    }
    process.kill().await.unwrap();
    lines
}
