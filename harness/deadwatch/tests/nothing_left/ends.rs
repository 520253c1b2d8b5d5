//! Every way in which a run can end before its time, each a row: whatever it is, nothing is left.
//!
//! What runs is as hard to clear away as it gets: an etcd of its own for each run, and a program under test whose
//! grandchild has a session of its own and no parent any more.

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::{
    desk::{self, Desk},
    interrupted::{Working, real},
    leftovers::{self, At},
};

/// A way to end.
#[derive(Clone, Copy)]
pub enum End {
    /// These signals, each so many milliseconds after the one before.
    Signals(&'static [(u64, Signal)]),
    /// This one, to its whole process group: what a terminal, `timeout` and CI runners do.
    ToTheGroup(Signal),
}

/// The rows that are the same on every backend.
pub const ENDS: &[(&str, End)] = &[
    ("int", End::Signals(&[(0, Signal::INT)])),
    ("term", End::Signals(&[(0, Signal::TERM)])),
    ("term_twice_at_once", End::Signals(&[(0, Signal::TERM), (0, Signal::TERM)])),
    ("term_twice_within_50_ms", End::Signals(&[(0, Signal::TERM), (50, Signal::TERM)])),
    ("term_twice_within_200_ms", End::Signals(&[(0, Signal::TERM), (200, Signal::TERM)])),
    ("term_to_the_group_and_again", End::ToTheGroup(Signal::TERM)),
    ("hup", End::Signals(&[(0, Signal::HUP)])),
    ("quit", End::Signals(&[(0, Signal::QUIT)])),
    ("abrt", End::Signals(&[(0, Signal::ABORT)])),
    ("usr1", End::Signals(&[(0, Signal::USR1)])),
    ("usr2", End::Signals(&[(0, Signal::USR2)])),
    ("alrm", End::Signals(&[(0, Signal::ALARM)])),
    ("xcpu", End::Signals(&[(0, Signal::XCPU)])),
    ("vtalrm", End::Signals(&[(0, Signal::VTALARM)])),
    ("kill", End::Signals(&[(0, Signal::KILL)])),
    ("kill_to_the_group", End::ToTheGroup(Signal::KILL)),
    ("term_and_kill_before_it_is_done", End::Signals(&[(0, Signal::TERM), (1, Signal::KILL)])),
    ("segv", End::Signals(&[(0, Signal::SEGV)])),
];

impl End {
    /// Brings it about, and waits until the program is no more.
    pub fn of(self, working: Working) {
        match self {
            End::Signals(signals) => {
                for (wait_ms, signal) in signals {
                    thread::sleep(Duration::from_millis(*wait_ms));
                    working.signal(*signal);
                }
            }
            End::ToTheGroup(signal) => {
                // `timeout` sends it to its child, and then to the group.
                working.signal(signal);
                working.signal_group(signal);
            }
        }
        let asked = self.can_be_heard();
        let status = working.wait();
        if let Some(first) = asked {
            assert_eq!(status.code(), Some(128 + first.as_raw()), "{status}");
        }
    }

    /// The signal whose number is in the exit code; none where the program ends without a word.
    fn can_be_heard(self) -> Option<Signal> {
        let deaf = |signal: &Signal| [Signal::KILL, Signal::SEGV].contains(signal);
        match self {
            End::Signals(signals) if signals.iter().any(|(_, signal)| deaf(signal)) => None,
            End::Signals(signals) => signals.first().map(|(_, signal)| *signal),
            End::ToTheGroup(signal) => (!deaf(&signal)).then_some(signal),
        }
    }

    /// When nothing may be left any more: where it could do nothing itself, a moment later.
    pub fn clear(self) -> At {
        if self.can_be_heard().is_some() { At::Once } else { At::WithinASecond }
    }
}

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = ENDS
        .iter()
        .map(|&(name, end)| {
            real(&format!("{name}_leaves_nothing"), move |desk| {
                let working = at_work(desk);
                end.of(working);
                leftovers::assert_nothing(desk, end.clear());
            })
        })
        .collect();
    trials.push(real("a_closed_terminal_leaves_nothing", closed_terminal));
    trials.push(real("a_low_limit_of_open_files_leaves_nothing", few_files));
    trials.push(real("a_full_disk_leaves_nothing", full_disk));
    trials
}

/// The arguments of runs with two etcds, and a program whose offspring escapes.
fn arguments(desk: &Desk) -> Vec<String> {
    let subject = desk.consumer("escapes");
    let words = ["run", "auth/story", "--on", "process", "--subject", "naive", "--subject", &subject];
    words.map(str::to_owned).to_vec()
}

fn at_work(desk: &Desk) -> Working {
    let arguments = arguments(desk);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let working = Working::begin(desk, &arguments);
    until_all_is_there(desk);
    working
}

fn until_all_is_there(desk: &Desk) {
    leftovers::wait_until("two etcds, a program, its child and one that has escaped", || {
        desk.path("called").exists()
            && leftovers::running(desk, "--data-dir") == 2
            && leftovers::running(desk, "child.sh") == 2
    });
}

/// A terminal goes away with all that has it: its other end is closed.
fn closed_terminal(desk: &Desk) {
    let words = arguments(desk).join("' '");
    let mut terminal = Command::new("/usr/bin/script");
    terminal.args(["-q", "-c", &format!("exec '{}' '{words}'", desk::PROGRAM), "/dev/null"]);
    terminal.env_clear().envs(desk.variables()).env("PATH", "/usr/bin:/bin").env("SHELL", "/bin/sh");
    terminal.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut terminal = terminal.spawn().unwrap();
    until_all_is_there(desk);
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    leftovers::assert_nothing(desk, At::WithinASecond);
}

/// It comes to nothing, but it says so and clears away what there was.
fn few_files(desk: &Desk) {
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\"", desk::PROGRAM]);
    limited.args(["run", "auth/quick", "--on", "process", "--subject", "naive,checked", "--repeat", "8"]);
    limited.env_clear().envs(desk.variables()).env("PATH", "/usr/bin:/bin").current_dir(desk.path(""));
    let said = desk.ask(&mut limited);
    assert!(said.code.is_some_and(|code| code != 0), "{said}");
    leftovers::assert_nothing(desk, At::Once);
}

/// The temporary folder is a disk of 300 kB, in a namespace of its own that ends with the test.
fn full_disk(desk: &Desk) {
    let script = "mount -t tmpfs -o size=300k none \"$TMPDIR\" || exit 99; \"$0\" \"$@\" >&2; code=$?; \
                  ls -A \"$TMPDIR\"; exit $code";
    let mut full = Command::new("/usr/bin/unshare");
    full.args(["--mount", "/bin/sh", "-c", script, desk::PROGRAM]);
    full.args(["run", "auth/quick", "--on", "process", "--subject", "naive"]);
    full.env_clear()
        .envs(desk.variables())
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .current_dir(desk.path(""));
    let said = desk.ask(&mut full).expect(2);
    assert_eq!(said.out, "", "{said}");
    leftovers::assert_nothing(desk, At::Once);
}
