//! Processes that are measured: the program that drives the recipe, and this one as its own child.
//!
//! Each connects, says "ready", begins when it is sent a line, and ends with a line of JSON. A consumer says before how
//! many items it has taken, and ends when its stdin does.

use std::{fs, io, path::Path, process::Stdio, time::Duration};

use deadwatch::reaper::{self, Kept, Leftover};
use etcd_queue::Queue;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines, Stdin},
    process::{Child as Process, ChildStdin, ChildStdout, Command},
    time::Instant,
};

use crate::{
    Outcome,
    arguments::{CHILD, Role},
    ground::{Done, connect},
};

/// A process that is ready to begin.
pub struct Child {
    group: Kept,
    process: Process,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

/// The line it ends with.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    items: usize,
    wall_ms: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    latencies_ms: Vec<f64>,
    peak_bytes: u64,
}

impl Child {
    /// Starts a program, and waits until it is ready.
    pub async fn start(program: &Path, words: &[String]) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let (mut process, group) = reaper::keep_made(|| {
            let process = command.spawn()?;
            let id = process.id().ok_or_else(|| io::Error::other("it has ended at once"))?;
            Ok::<_, io::Error>((process, Leftover::ProcessGroup(id)))
        })
        .map_err(|error| format!("run {}: {error}", program.display()))?;
        let stdin = process.stdin.take().ok_or("write to a child")?;
        let stdout = process.stdout.take().ok_or("read from a child")?;
        let mut child = Self { group, process, stdin, lines: BufReader::new(stdout).lines() };
        match child.line().await?.as_str() {
            "ready" => Ok(child),
            other => Err(format!("start {}: expected \"ready\", got {other:?}", program.display()).into()),
        }
    }

    /// Starts this program as a child of itself.
    pub async fn of_self(words: &[String]) -> Outcome<Self> {
        let words = [&[CHILD.to_owned()], words].concat();
        Self::start(&std::env::current_exe()?, &words).await
    }

    /// Lets it begin.
    pub async fn begin(&mut self) -> Outcome<()> {
        Ok(self.stdin.write_all(b"go\n").await?)
    }

    /// Its next line.
    pub async fn line(&mut self) -> Outcome<String> {
        let line = self.lines.next_line().await?;
        line.ok_or_else(|| "hear from a child: it has ended (its own words are above)".into())
    }

    /// Lets it begin, and waits for what it has measured.
    pub async fn measured(&mut self) -> Outcome<Done> {
        self.begin().await?;
        let answer: Answer = serde_json::from_str(&self.line().await?)?;
        Ok(Done {
            items: answer.items,
            wall: Duration::from_secs_f64(answer.wall_ms / 1e3),
            latencies_ms: answer.latencies_ms,
            peak_bytes: Some(answer.peak_bytes),
        })
    }

    /// Ends its stdin, and waits for its end.
    pub async fn end(mut self) -> Outcome<()> {
        drop(self.stdin);
        let status = self.process.wait().await?;
        self.group.forget();
        if status.success() { Ok(()) } else { Err(format!("end a child: {status}").into()) }
    }
}

/// Does what a child of this program is there for.
pub async fn play(role: Role) -> Outcome<()> {
    let mut words = BufReader::new(tokio::io::stdin()).lines();
    match role {
        Role::Consume { endpoint, prefix, each } => consume(&mut words, &endpoint, &prefix, each).await,
        Role::First { endpoint, prefix, then } => first(&mut words, &endpoint, &prefix, then).await,
    }
}

async fn consume(
    words: &mut Lines<BufReader<Stdin>>,
    endpoint: &str,
    prefix: &str,
    each: usize,
) -> Outcome<()> {
    let queue = opened(words, endpoint, prefix).await?;
    loop {
        tokio::select! {
            biased;
            _ended = words.next_line() => break,
            items = queue.next_batch(each) => println!("{}", items?.len()),
        }
    }
    Ok(queue.close().await?)
}

async fn first(
    words: &mut Lines<BufReader<Stdin>>,
    endpoint: &str,
    prefix: &str,
    then: usize,
) -> Outcome<()> {
    let queue = opened(words, endpoint, prefix).await?;
    let began = Instant::now();
    queue.next().await?;
    let wall_ms = began.elapsed().as_secs_f64() * 1e3;
    let mut items = 1;
    while items <= then {
        items += queue.next_batch(126).await?.len();
    }
    let answer = Answer { items: 1, wall_ms, latencies_ms: Vec::new(), peak_bytes: peak_bytes()? };
    println!("{}", serde_json::to_string(&answer)?);
    Ok(queue.close().await?)
}

/// A queue that nothing was asked of yet, on a client that is connected.
async fn opened(words: &mut Lines<BufReader<Stdin>>, endpoint: &str, prefix: &str) -> Outcome<Queue> {
    let client = connect(endpoint).await?;
    println!("ready");
    words.next_line().await?;
    Ok(Queue::builder(client, prefix).open()?)
}

/// The high-water mark of this process's resident memory.
fn peak_bytes() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.ok_or("find VmHWM in /proc/self/status")? * 1024)
}
