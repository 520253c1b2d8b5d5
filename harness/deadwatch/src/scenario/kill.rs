//! Kills of which it is open what they do to tokens.

use std::time::Duration;

use super::{Action, Ending, Restart, Scenario, TokenKind};

/// By then a write has surely reached the disk: etcd commits its batch every 100 ms (etcd v3.5.5
/// server/mvcc/backend/backend.go, defaultBatchInterval); the rest is leeway for a machine that is late.
const FLUSHED: Duration = Duration::from_secs(1);

/// A kill before which the last write is too near, or missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kill {
    /// Which step it is, by its place in the file.
    pub step: usize,
    /// How long before it the last write is; none if there is none.
    pub last_write: Option<Duration>,
}

/// The kills after which a token from before may be alive or dead, in file order.
///
/// Simple tokens live in memory. A server that is killed replays the log from its last flushed write on, and the
/// logins in it: their tokens come back. So what the kill does is one thing only where a write lies at least a
/// second before it, and none nearer. JWTs are on no server, and outlive it either way.
///
/// Only writes by steps count. A claim that an item leads to follows its step by about 100 ms, which the second
/// has room for; one by a slow consumer is not thought of.
pub(super) fn unsettled_kills(scenario: &Scenario) -> Vec<Kill> {
    if scenario.etcd.token_ttl.is_none() || scenario.etcd.token_kind == TokenKind::Jwt {
        return Vec::new();
    }
    let kills = scenario
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| matches!(step.action, Action::Restart(Restart { ending: Ending::Kill, .. })));
    kills
        .map(|(place, step)| Kill { step: place, last_write: last_write(scenario, step.at) })
        .filter(|kill| kill.last_write.is_none_or(|before| before < FLUSHED))
        .collect()
}

/// How long before this time the last write is. One at the same instant is at hand: steps do not wait for each
/// other.
fn last_write(scenario: &Scenario, at: Duration) -> Option<Duration> {
    let writes = scenario.steps.iter().filter(|step| writes(&step.action));
    writes.filter_map(|write| at.checked_sub(write.at)).min()
}

const fn writes(action: &Action) -> bool {
    matches!(action, Action::Enqueue(_) | Action::Put(_) | Action::Delete(_))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// How long before each doubtful kill the last write is, with these steps, `at action`, and this `[etcd]`.
    fn doubtful(etcd: &str, steps: &[&str]) -> Vec<Option<u128>> {
        let steps: String = steps
            .iter()
            .map(|step| step.split_once(' ').expect("a time and an action"))
            .map(|(at, action)| format!("[[step]]\nat = \"{at}\"\n{action}\n"))
            .collect();
        let text = format!(
            "title = \"t\"\n[etcd]\nversion = \"3.5.5\"\n{etcd}\n[[consumer]]\n{steps}[run]\nlength = \"16s\"\n"
        );
        let parsed = super::super::parse("t", "t.toml", &text).expect("the scenario is right");
        let kills = unsettled_kills(&parsed.scenario);
        assert_eq!(kills.len(), parsed.warnings.len());
        kills.into_iter().map(|kill| kill.last_write.map(|before| before.as_millis())).collect()
    }

    const SIMPLE: &str = "token-ttl = \"60s\"";
    const KILL: &str = "5s restart = \"kill\"";
    const SETTLED: [Option<u128>; 0] = [];

    #[test]
    fn a_kill_wants_a_write_a_second_before_it() {
        assert_eq!(doubtful(SIMPLE, &[KILL]), [None]);
        for write in ["put = { key = \"/k\" }", "enqueue = \"a\"", "delete = \"/k\""] {
            assert_eq!(doubtful(SIMPLE, &[&format!("4s {write}"), KILL]), SETTLED, "{write}");
            assert_eq!(doubtful(SIMPLE, &[&format!("4001ms {write}"), KILL]), [Some(999)], "{write}");
            assert_eq!(doubtful(SIMPLE, &[KILL, &format!("5s {write}")]), [Some(0)], "{write}");
            assert_eq!(doubtful(SIMPLE, &[KILL, &format!("6s {write}")]), [None], "{write}: too late");
        }
        let nearer = ["1s put = { key = \"/k\" }", "4500ms enqueue = \"a\"", KILL];
        assert_eq!(doubtful(SIMPLE, &nearer), [Some(500)]);
        assert_eq!(doubtful(SIMPLE, &["4s compact = \"latest\"", KILL]), [None], "that writes no key");
    }

    #[test]
    fn a_server_that_goes_gracefully_or_has_no_token_leaves_nothing_open() {
        assert_eq!(doubtful(SIMPLE, &["5s restart = \"graceful\""]), SETTLED);
        assert_eq!(doubtful("", &[KILL]), SETTLED);
        assert_eq!(doubtful("token-ttl = \"60s\"\nauth-token = \"jwt\"", &[KILL]), SETTLED);
    }

    #[test]
    fn each_kill_is_looked_at_on_its_own() {
        let table = "9s restart = { how = \"kill\", down = \"1s\" }";
        assert_eq!(
            doubtful(SIMPLE, &["4s put = { key = \"/k\" }", KILL, "8500ms delete = \"/k\"", table]),
            [Some(500)]
        );
    }
}
