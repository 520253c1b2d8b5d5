//! Whose a folder, a process or a container is, in words that another run understands.

use std::{fmt, fs, process, str::FromStr, sync::OnceLock};

/// The environment variable that tells a program, and all that it starts, which harness started it.
pub(super) const VARIABLE: &str = "DEADWATCH_OWNER";

/// A process that owns things which may outlive it. Numbers of processes are used again, so it is known by its start
/// time too; and by the realm in which it has its number, as machines share daemons and containers share folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pid: u32,
    started: u64,
    realm: u32,
}

/// Whether an owner is there still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It is, or may be: what it owns is left alone.
    Alive,
    /// It is not.
    Dead,
    /// Of another machine, an earlier boot, or another container: nobody can tell from here.
    Elsewhere,
}

impl Owner {
    /// This process.
    pub fn here() -> Self {
        static HERE: OnceLock<Owner> = OnceLock::new();
        *HERE.get_or_init(|| {
            let pid = process::id();
            Self { pid, started: system::started(pid).unwrap_or_default(), realm: system::realm() }
        })
    }

    /// Whether it is there still.
    pub fn life(self) -> Life {
        if self.realm != Self::here().realm {
            return Life::Elsewhere;
        }
        if system::started(self.pid) == Some(self.started) { Life::Alive } else { Life::Dead }
    }

    /// Its number.
    pub const fn pid(self) -> u32 {
        self.pid
    }

    /// When it started, in the system's own measure.
    pub const fn started(self) -> u64 {
        self.started
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:08x}", self.pid, self.started, self.realm)
    }
}

/// The text names no owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoOwner;

impl FromStr for Owner {
    type Err = NoOwner;

    fn from_str(text: &str) -> Result<Self, NoOwner> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(NoOwner);
        let (pid, started, realm) = (next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err(NoOwner);
        }
        Ok(Self {
            pid: pid.parse().map_err(|_| NoOwner)?,
            started: started.parse().map_err(|_| NoOwner)?,
            realm: u32::from_str_radix(realm, 16).map_err(|_| NoOwner)?,
        })
    }
}

/// 32-bit FNV-1a: the same in every version of this program.
fn digest(parts: &[&[u8]]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.iter().chain(&[0]));
    bytes.fold(0x811c_9dc5, |digest, byte| (digest ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(target_os = "linux")]
mod system {
    use super::{digest, fs};

    /// The boot, and the namespace that numbers this process.
    pub(super) fn realm() -> u32 {
        let boot = fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        digest(&[&boot, namespace.as_os_str().as_encoded_bytes()])
    }

    /// When a process started, in clock ticks since the boot; none if it is not there or has ended.
    pub(super) fn started(pid: u32) -> Option<u64> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything. After it come the state and 18 more; then this.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        if matches!(fields.next()?, "Z" | "X" | "x") {
            return None;
        }
        fields.nth(18)?.parse().ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::process::Command;

    use super::digest;

    pub(super) fn realm() -> u32 {
        digest(&[rustix::system::uname().nodename().to_bytes()])
    }

    /// When a process started, as `ps` writes it, made a number.
    pub(super) fn started(pid: u32) -> Option<u64> {
        let listed = Command::new("/bin/ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
        let text = String::from_utf8(listed.stdout).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| digest(&[text.as_bytes()]).into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn an_owner_is_read_as_it_is_written() {
        let here = Owner::here();
        assert_eq!(here.to_string().parse(), Ok(here));
        assert!("1-2".parse::<Owner>().is_err());
        assert!("1-2-3-4".parse::<Owner>().is_err());
        assert!("x-2-3".parse::<Owner>().is_err());
    }

    #[test]
    fn this_process_is_alive_and_another_that_had_its_number_is_dead() {
        let here = Owner::here();
        assert_eq!(here.life(), Life::Alive);
        assert_eq!(Owner { started: here.started + 1, ..here }.life(), Life::Dead);
    }

    #[test]
    fn a_process_that_nobody_has_buried_is_dead() {
        let mut child = process::Command::new("true").spawn().unwrap();
        let owner = |started| Owner { pid: child.id(), started, ..Owner::here() };
        while system::started(child.id()).is_some() {
            std::thread::yield_now();
        }
        assert_eq!(owner(0).life(), Life::Dead);
        child.wait().unwrap();
    }

    #[test]
    fn nobody_can_tell_about_a_process_of_another_machine() {
        let here = Owner::here();
        assert_eq!(Owner { realm: here.realm ^ 1, pid: 1, started: 1 }.life(), Life::Elsewhere);
    }
}
