//! A program that is interrupted while it runs an etcd.
//!
//! The program is this one, started again with a task in its environment.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpStream},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use deadwatch::{
    etcd::{Address, Etcd, Image, Presence, Source},
    reaper,
    scenario::{Data, Ending, EtcdSpec, Restart},
};
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};

use super::{STORY, binary, start, traces::Traces, trial, wait, with_tokens};

/// The environment variable that holds the task.
pub const TASK: &str = "DEADWATCH_TEST_TASK";

pub fn trials() -> Vec<Trial> {
    let story = binary(STORY);
    let storm = trial(
        "process::a_signal_amid_many_starts_and_stops_leaves_nothing",
        "process",
        story.clone(),
        |source| interrupt_a_storm(&source),
    );
    let signals = [("int", Signal::INT), ("term", Signal::TERM), ("hup", Signal::HUP)];
    let changing = ["pausing", "restarting", "pausing-members", "restarting-members"].map(|task| {
        let name = format!("process::a_signal_while_{task}_leaves_nothing");
        trial(&name, "process", story.clone(), move |source| interrupt_amid(task, &source))
    });
    signals
        .into_iter()
        .map(|(name, signal)| {
            let name = format!("process::sig{name}_leaves_nothing_and_exits_as_a_shell_expects");
            trial(&name, "process", story.clone(), move |source| interrupt_a_process(&source, signal))
        })
        .chain([storm])
        .chain(changing)
        .collect()
}

/// What the interrupted program does: it starts an etcd, tells about it, and waits for its end.
pub fn run(task: &str) -> ExitCode {
    reaper::on_signals();
    if let Some((name, binary)) = task.split_once(' ') {
        let source = Source::Binary(binary.into());
        match name {
            "storm" => storm(&source),
            "pausing" => amid(&source, 1, pause),
            "restarting" => amid(&source, 1, restart),
            "pausing-members" => amid(&source, 3, pause),
            "restarting-members" => amid(&source, 3, restart),
            _ => {}
        }
    }
    let (source, before) = match task.split_once(' ') {
        Some(("process", path)) => (Source::Binary(path.into()), None),
        Some(("docker", reference)) => (image(reference), None),
        Some(("docker-starting", reference)) => (image(reference), Some("starting")),
        other => panic!("{other:?}"),
    };
    wait(async {
        if let Some(word) = before {
            println!("{word}");
        }
        let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
        let Address::Tcp(address) = etcd.address() else { panic!("no port") };
        match source {
            Source::Binary(_) => println!("{address} {}", Traces::of(&*etcd).folder.display()),
            Source::Image(_) | Source::Embedded => println!("{address}"),
        }
        std::future::pending::<()>().await;
    });
    ExitCode::FAILURE
}

/// Starts and gives up etcds without end, so that a signal most often comes amid a start or a clearing away.
fn storm(source: &Source) -> ! {
    println!("starting");
    wait(async {
        loop {
            let spec = with_tokens(STORY);
            let lives = [0, 0, 1, 2].map(Duration::from_millis).map(|life| {
                let started = start(source, &spec);
                async move { tokio::time::timeout(life, started).await.is_ok() }
            });
            futures::future::join_all(lives).await;
        }
    })
}

/// Starts an etcd of so many members and does something to it without end.
fn amid(source: &Source, members: usize, act: impl AsyncFn(&dyn Etcd)) -> ! {
    wait(async {
        let etcd = start(source, &EtcdSpec { members, ..with_tokens(STORY) }).await.unwrap();
        act(&*etcd).await;
        unreachable!("it goes on until it is interrupted")
    })
}

async fn pause(etcd: &dyn Etcd) {
    etcd.pause().await.unwrap();
    println!("paused");
    std::future::pending().await
}

async fn restart(etcd: &dyn Etcd) {
    println!("restarting");
    loop {
        let down = Duration::from_millis(5);
        if let Err(error) = etcd.restart(Restart { ending: Ending::Kill, down, data: Data::Kept }).await {
            // Its etcd was killed under it, by the signal.
            reaper::yield_to_signal();
            panic!("could not {error}");
        }
    }
}

fn image(reference: &str) -> Source {
    Source::Image(Image { reference: reference.to_owned(), presence: Presence::Here })
}

/// The started program; a test that fails ends it as an interrupt would.
pub struct Program(Child);

impl Program {
    #[cfg_attr(not(feature = "docker"), expect(dead_code, reason = "only containers are found by it"))]
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
            self.0.wait().unwrap();
        }
    }
}

/// Starts this program with a task, and returns it with the first line that it prints.
pub fn begin(task: &str) -> (Program, String) {
    begin_in(&env::temp_dir(), task)
}

/// The same with a folder of its own for what is temporary.
fn begin_in(temporary: &Path, task: &str) -> (Program, String) {
    let mut child = Command::new(env::current_exe().unwrap())
        .env(TASK, task)
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let program = Program(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).unwrap();
    (program, line.trim().to_owned())
}

/// Sends a signal and waits for the end: by exiting, and with the code that a shell gives to the signal.
pub fn interrupt(mut program: Program, signal: Signal) {
    kill_process(Pid::from_child(&program.0), signal).unwrap();
    let status = program.0.wait().unwrap();
    assert_eq!(status.signal(), None);
    assert_eq!(status.code(), Some(128 + signal.as_raw()));
}

fn interrupt_a_process(source: &Source, signal: Signal) {
    let Source::Binary(binary) = source else { panic!("{source}") };
    let (program, line) = begin(&format!("process {}", binary.display()));
    let (address, folder) = line.split_once(' ').expect("an address and a folder");
    let address: SocketAddr = address.parse().unwrap();
    assert!(TcpStream::connect(address).is_ok());
    assert!(Path::new(folder).is_dir());
    interrupt(program, signal);
    assert!(TcpStream::connect(address).is_err());
    assert!(!Path::new(folder).exists());
}

fn interrupt_a_storm(source: &Source) {
    let Source::Binary(binary) = source else { panic!("{source}") };
    let task = format!("storm {}", binary.display());
    for delay in (0..20).map(|number| Duration::from_micros(1700 * number)) {
        let temporary = tempfile::tempdir().unwrap();
        let (program, word) = begin_in(temporary.path(), &task);
        assert_eq!(word, "starting");
        thread::sleep(delay);
        interrupt(program, Signal::TERM);
        let left: Vec<_> =
            fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "interrupted after {delay:?}");
        assert_eq!(processes_with(temporary.path()), Vec::<String>::new(), "interrupted after {delay:?}");
    }
}

/// At several moments of what goes on without end.
fn interrupt_amid(task: &str, source: &Source) {
    let Source::Binary(binary) = source else { panic!("{source}") };
    let task = format!("{task} {}", binary.display());
    for delay in [0, 3, 10, 40, 90, 200].map(Duration::from_millis) {
        let temporary = tempfile::tempdir().unwrap();
        let (program, word) = begin_in(temporary.path(), &task);
        assert!(["paused", "restarting"].contains(&word.as_str()), "{word}");
        assert!(fs::read_dir(temporary.path()).unwrap().next().is_some(), "it has no folder");
        thread::sleep(delay);
        interrupt(program, Signal::TERM);
        let left: Vec<_> =
            fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "interrupted after {delay:?}");
        assert_eq!(processes_with(temporary.path()), Vec::<String>::new(), "interrupted after {delay:?}");
    }
}

/// The command lines that name this folder, where the system lists them.
fn processes_with(folder: &Path) -> Vec<String> {
    let listed = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let lines = String::from_utf8_lossy(&listed.stdout).into_owned();
    lines.lines().filter(|line| line.contains(folder.to_str().unwrap())).map(str::to_owned).collect()
}
