//! What a supervisor does for a keeper, with this program as the harness.

use std::{
    fs::{self, File},
    io::Read,
    process::Command,
};

use deadwatch::reaper::{Keeper, Streams, supervise_with};
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};

use crate::{desk::PROGRAM, leftovers::wait_until};

pub fn trials() -> Vec<Trial> {
    supervise_with(PROGRAM);
    let trials: [(&str, fn()); 6] = [
        ("a_program_stops_goes_on_and_ends_as_told", as_told),
        ("a_program_ends_with_its_own_status_and_another_follows", statuses),
        ("streams_end_when_the_program_ends", streams),
        ("a_program_that_is_not_there_is_the_systems_own_error", absent),
        ("a_killed_supervisor_is_the_end_of_its_program_and_folder", killed_supervisor),
        ("a_child_in_a_session_of_its_own_ends_with_its_program", sessions),
    ];
    trials
        .into_iter()
        .map(|(name, test)| {
            Trial::test(format!("supervised::{name}"), move || {
                test();
                Ok(())
            })
        })
        .collect()
}

fn nothing() -> File {
    File::options().read(true).write(true).open("/dev/null").unwrap()
}

fn quiet() -> Streams {
    [nothing().into(), nothing().into(), nothing().into()]
}

fn shell(keeper: &mut Keeper, script: &str) {
    keeper.start(Command::new("/bin/sh").args(["-c", script]), quiet()).unwrap();
}

fn as_told() {
    let mut keeper = Keeper::new().unwrap();
    assert_eq!(keeper.ended(), None);
    shell(&mut keeper, "sleep 600");
    assert!(keeper.id().is_some());
    keeper.signal(Signal::STOP).unwrap();
    wait_until("a stop", || keeper.is_stopped());
    keeper.signal(Signal::CONT).unwrap();
    assert!(!keeper.is_stopped());
    keeper.signal(Signal::TERM).unwrap();
    wait_until("an end", || keeper.ended().is_some());
    let status = keeper.ended().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
}

fn statuses() {
    let mut keeper = Keeper::new().unwrap();
    for code in [3, 0, 200] {
        shell(&mut keeper, &format!("exit {code}"));
        wait_until("an end", || keeper.ended().is_some());
        assert_eq!(keeper.ended().unwrap().code(), Some(code));
        assert_eq!(keeper.id(), None);
    }
    shell(&mut keeper, "exec sleep 600");
    let killed = keeper.finish().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&killed), Some(9));
}

fn streams() {
    let mut keeper = Keeper::new().unwrap();
    let (mut output, theirs) = std::io::pipe().unwrap();
    let streams = [nothing().into(), theirs.into(), nothing().into()];
    keeper.start(Command::new("/bin/sh").args(["-c", "echo heard; exec >&-; sleep 600"]), streams).unwrap();
    let mut said = String::new();
    // It would not end if somebody else had the pipe's other end too.
    output.read_to_string(&mut said).unwrap();
    assert_eq!(said, "heard\n");
    assert!(keeper.id().is_some());
}

fn absent() {
    let mut keeper = Keeper::new().unwrap();
    let error = keeper.start(&mut Command::new("/no/such/program"), quiet()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    shell(&mut keeper, "exit 7");
    wait_until("an end", || keeper.ended().is_some());
}

fn killed_supervisor() {
    let mut keeper = Keeper::with_folder("test").unwrap();
    let folder = keeper.folder().unwrap().to_owned();
    shell(&mut keeper, "sleep 600");
    let program = Pid::from_raw(keeper.id().unwrap().cast_signed()).unwrap();
    let supervisor = parent(program);
    kill_process(supervisor, Signal::KILL).unwrap();
    wait_until("an end", || keeper.ended().is_some());
    drop(keeper);
    assert!(!folder.exists());
    wait_until("the program's end", || is_gone(program));
}

fn sessions() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("pid");
    let script = format!(
        "(setsid sh -c 'echo $$ >{0}.new; mv {0}.new {0}; exec sleep 600' &) ; sleep 600",
        file.display()
    );
    let mut keeper = Keeper::new().unwrap();
    shell(&mut keeper, &script);
    wait_until("a session of its own", || file.exists());
    let pid: i32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    let escaped = Pid::from_raw(pid).unwrap();
    assert!(!is_gone(escaped));
    keeper.signal(Signal::KILL).unwrap();
    wait_until("the program's end", || keeper.ended().is_some());
    // As soon as that is known.
    assert!(is_gone(escaped));
}

fn status(pid: Pid) -> Option<String> {
    fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()
}

/// Gone, or dead and not yet reaped by the system's first process.
fn is_gone(pid: Pid) -> bool {
    status(pid).is_none_or(|status| status.contains("\nState:\tZ"))
}

fn parent(pid: Pid) -> Pid {
    let status = status(pid).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:\t")).unwrap();
    Pid::from_raw(parent.parse().unwrap()).unwrap()
}
