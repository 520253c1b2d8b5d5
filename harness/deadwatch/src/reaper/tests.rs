#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command},
};

use super::*;

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
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
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
    remove_folder(&file.parent().unwrap().to_owned());
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
