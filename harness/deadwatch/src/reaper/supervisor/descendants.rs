//! Who would get away: descendants that have lost their parents.

use std::io;

use rustix::process::Pid;

/// From now on descendants of this process that lose their parents become its children.
#[cfg(target_os = "linux")]
pub(super) fn adopt() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Here no process can have that; the process group is what is reached.
#[cfg(not(target_os = "linux"))]
pub(super) fn adopt() -> io::Result<()> {
    Ok(())
}

/// The children of this process, born or adopted, those that nobody has reaped included.
#[cfg(target_os = "linux")]
pub(super) fn children() -> Vec<Pid> {
    let pid = std::process::id();
    // There is one thread only, and it is called as the process is.
    match std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")) {
        Ok(listed) => {
            listed.split_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?)).collect()
        }
        Err(_) => found_by_parent(pid),
    }
}

/// A kernel without that list has every process's parent.
#[cfg(target_os = "linux")]
fn found_by_parent(pid: u32) -> Vec<Pid> {
    let parent = format!("PPid:\t{pid}\n");
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_child = |entry: std::fs::DirEntry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        status.contains(&parent).then(|| Pid::from_raw(number))?
    };
    entries.filter_map(is_child).collect()
}

/// None are adopted here, and those that were born are in the process group.
#[cfg(not(target_os = "linux"))]
pub(super) fn children() -> Vec<Pid> {
    Vec::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_child_is_found_by_its_parent() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let found = found_by_parent(std::process::id());
        assert!(found.contains(&Pid::from_child(&child)), "{found:?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
