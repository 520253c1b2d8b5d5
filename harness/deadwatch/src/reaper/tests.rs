#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, Command},
};

use std::{fs, path::PathBuf, thread, time::Duration};

use rustix::process::{Pid, Signal};

use super::{clear::remove_folder, *};

const LOOK_EVERY: Duration = Duration::from_millis(2);
const LOOKS: u32 = 2500;

fn sleeper() -> (Child, Kept) {
    keep_made(|| {
        let child = Command::new("sleep").arg("600").process_group(0).spawn()?;
        let leftover = Leftover::ProcessGroup(child.id());
        Ok::<_, std::io::Error>((child, leftover))
    })
    .unwrap()
}

fn folder() -> PathBuf {
    let path = tempfile::Builder::new().prefix("deadwatch-reaper-").tempdir().unwrap().keep();
    fs::create_dir(path.join("inner")).unwrap();
    fs::write(path.join("inner/file"), "x").unwrap();
    path
}

#[test]
fn a_dropped_process_group_is_dead_and_still_its_owners_to_reap() {
    let (mut child, kept) = sleeper();
    assert_eq!(child.try_wait().unwrap(), None);
    drop(kept);
    let status = child.try_wait().unwrap().expect("it has ended when drop returns");
    assert_eq!(status.signal(), Some(9));
}

#[test]
fn the_children_of_a_dropped_process_group_die_too() {
    let file = folder().join("pid");
    let script = format!("sleep 600 & echo $! >{0}.new; mv {0}.new {0}; wait", file.display());
    let (mut child, kept) = keep_made(|| {
        let child = Command::new("sh").args(["-c", &script]).process_group(0).spawn()?;
        let leftover = Leftover::ProcessGroup(child.id());
        Ok::<_, std::io::Error>((child, leftover))
    })
    .unwrap();
    while !file.exists() {
        thread::sleep(LOOK_EVERY);
    }
    let grandchild: i32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    drop(kept);
    child.wait().unwrap();
    let grandchild = Pid::from_raw(grandchild).unwrap();
    let gone = (0..LOOKS).any(|_| {
        thread::sleep(LOOK_EVERY);
        rustix::process::test_kill_process(grandchild).is_err() || is_zombie(grandchild)
    });
    assert!(gone);
    remove_folder(file.parent().unwrap()).unwrap();
}

/// An orphan that nobody reaps (a container without an init process) stays listed after its death.
fn is_zombie(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn a_dropped_folder_is_gone_with_all_that_is_in_it() {
    let path = folder();
    drop(keep(Leftover::Folder(path.clone())));
    assert!(!path.exists());
}

#[test]
fn a_panic_clears_away_what_is_kept() {
    let path = folder();
    let kept = keep(Leftover::Folder(path.clone()));
    let outcome = thread::spawn(move || {
        let _kept = kept;
        panic!("on purpose");
    })
    .join();
    assert!(outcome.is_err());
    assert!(!path.exists());
}

#[test]
fn what_is_forgotten_stays() {
    let path = folder();
    keep(Leftover::Folder(path.clone())).forget();
    assert!(path.exists());
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn dropping_what_is_gone_already_does_nothing() {
    let (mut child, kept) = sleeper();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(kept);
    drop(keep(Leftover::Folder(Path::new("/nowhere/at/all").to_owned())));
}

#[test]
fn a_thing_that_could_not_be_made_is_not_kept() {
    let made = keep_made(|| Err::<((), Leftover), _>("no"));
    assert_eq!(made.map(|_| ()).unwrap_err(), "no");
}

fn quiet() -> Streams {
    [(); 3].map(|()| fs::File::options().read(true).write(true).open("/dev/null").unwrap().into())
}

fn told(keeper: &mut Keeper, script: &str) {
    keeper.start(Command::new("sh").args(["-c", script]), quiet()).unwrap();
}

fn until(mut is_so: impl FnMut() -> bool) {
    assert!((0..LOOKS).any(|_| is_so() || {
        thread::sleep(LOOK_EVERY);
        false
    }));
}

#[test]
fn without_a_supervisor_a_program_stops_goes_on_and_ends_as_told() {
    let mut keeper = Keeper::new().unwrap();
    assert_eq!(keeper.ended(), None);
    told(&mut keeper, "sleep 600");
    assert!(keeper.id().is_some());
    assert!(!keeper.is_stopped());
    keeper.signal(Signal::STOP).unwrap();
    until(|| keeper.is_stopped());
    keeper.signal(Signal::CONT).unwrap();
    assert!(!keeper.is_stopped());
    keeper.signal(Signal::TERM).unwrap();
    until(|| keeper.ended().is_some());
    assert_eq!(keeper.ended().unwrap().signal(), Some(15));
    told(&mut keeper, "exit 3");
    until(|| keeper.ended().is_some());
    assert_eq!(keeper.finish().unwrap().code(), Some(3));
}

#[test]
fn without_a_supervisor_a_folder_goes_with_the_program_that_writes_to_it() {
    let mut keeper = Keeper::with_folder("test").unwrap();
    let folder = keeper.folder().unwrap().to_owned();
    told(&mut keeper, &format!("while :; do echo x >>{}/file; done", folder.display()));
    until(|| folder.join("file").exists());
    assert!(keeper.start(&mut Command::new("true"), quiet()).is_err(), "one at a time");
    drop(keeper);
    assert!(!folder.exists());
}

#[test]
fn a_program_that_is_not_there_is_the_systems_own_error() {
    let mut keeper = Keeper::new().unwrap();
    let error = keeper.start(&mut Command::new("/no/such/program"), quiet()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
