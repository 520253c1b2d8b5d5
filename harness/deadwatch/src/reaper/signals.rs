//! Signals that would end this process: all that is kept is cleared away first.

use std::{
    io::{self, Write},
    process,
    sync::Once,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use signal_hook::iterator::Signals;

use super::{clear::left, registry};

/// Those that end a process that does not handle them, as far as they come from outside. SIGKILL cannot be handled; it
/// is what [supervisors](super::supervisor) are for.
const ENDS: &[Signal] = &[
    Signal::INT,
    Signal::TERM,
    Signal::HUP,
    Signal::QUIT,
    Signal::ABORT,
    Signal::USR1,
    Signal::USR2,
    Signal::ALARM,
    Signal::XCPU,
    Signal::XFSZ,
    Signal::VTALARM,
    Signal::PROF,
    Signal::IO,
    #[cfg(target_os = "linux")]
    Signal::POWER,
    #[cfg(target_os = "linux")]
    Signal::STKFLT,
];

/// Signals within this time are taken for one: `timeout` sends its own to its child and to the group, a terminal and a
/// runner may do so both.
const ONE: Duration = Duration::from_secs(1);

/// From now on a signal that would end this process clears away all that is kept, and ends it with 128 + the signal's
/// number. A second one ends it at once if it comes more than a second later. SIGHUP is left alone where it is ignored,
/// as under `nohup`. Calling it again changes nothing.
pub fn on_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let heard = ENDS.iter().filter(|signal| **signal != Signal::HUP || !is_ignored(**signal));
        match Signals::new(heard.map(|signal| signal.as_raw())) {
            Ok(signals) => drop(thread::spawn(|| listen(signals))),
            Err(error) => {
                tracing::warn!(%error, "signals are not handled: an interrupted run leaves containers behind");
            }
        }
    });
}

fn listen(mut signals: Signals) {
    let mut first: Option<(i32, Instant)> = None;
    for signal in signals.forever() {
        match first {
            None => {
                first = Some((signal, Instant::now()));
                let ending = thread::Builder::new().spawn(move || end(signal));
                if ending.is_err() {
                    end(signal);
                }
            }
            Some((_, at)) if at.elapsed() < ONE => {}
            Some((signal, _)) => {
                for what in registry::listed() {
                    tell(&format!("deadwatch: told to end before it was cleared away: {what}"));
                }
                signal_hook::low_level::exit(128 + signal);
            }
        }
    }
}

fn end(signal: i32) {
    registry::clear_all();
    for what in left() {
        tell(&format!("deadwatch: could not clear away {what}"));
    }
    process::exit(128 + signal);
}

/// Where there is nobody to be told, nobody is.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether this process was started with the signal ignored.
#[cfg(target_os = "linux")]
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal.as_raw() - 1) & 1 == 1
}

#[cfg(not(target_os = "linux"))]
fn is_ignored(_signal: Signal) -> bool {
    false
}
