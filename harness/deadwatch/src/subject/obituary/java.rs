//! Java and its kin: `Exception in thread "main" java.lang.IllegalStateException: no item`, then the frames from
//! the innermost to the outermost.

use super::{LastWords, place};

const STANDARD: [&str; 7] = ["java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin.", "scala."];

/// The last uncaught exception.
pub(super) fn last_words(lines: &[&str]) -> Option<LastWords> {
    let (line, cause) = lines.iter().enumerate().rev().find_map(|(line, text)| {
        let thread_and_cause = text.strip_prefix("Exception in thread \"")?;
        Some((line, thread_and_cause.split_once("\" ")?.1.to_owned()))
    })?;
    // A message of several lines comes before the frames; what caused the exception comes after them.
    let frames = || {
        let below = lines[line + 1..].iter().skip_while(|text| !text.starts_with("\tat "));
        below.map_while(|text| frame(text.strip_prefix("\tat ")?))
    };
    let own = frames().find(|frame| !frame.standard);
    Some(LastWords { line, cause, place: own.or_else(|| frames().next()).and_then(|frame| frame.place) })
}

struct Frame {
    standard: bool,
    place: Option<String>,
}

/// `app//org.example.Consumer.take(Consumer.java:12)`, where the module may be missing, and the position be unknown.
fn frame(text: &str) -> Option<Frame> {
    let (method, position) = text.split_once('(')?;
    let class = method.rsplit('/').next().unwrap_or(method);
    let place = position.split(')').next().and_then(|position| {
        let (file, line) = position.rsplit_once(':')?;
        place(file, line)
    });
    Some(Frame { standard: STANDARD.iter().any(|package| class.starts_with(package)), place })
}
