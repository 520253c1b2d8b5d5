//! What an etcd's log tells about it: where it listens, and who leads.

use std::net::SocketAddr;

use super::peers::MemberId;

/// The address in the line `serving client traffic insecurely …` (etcd v3.5.5 server/embed/serve.go, `serve`;
/// the same from 3.4 to 3.7).
pub(super) fn client_address(log: &str) -> Option<SocketAddr> {
    address_in(log, "serving client traffic")
}

/// The address in the line `serving peer traffic` (etcd v3.5.5 server/embed/etcd.go, `servePeers`; the same from 3.4 to
/// 3.7).
pub(super) fn peer_address(log: &str) -> Option<SocketAddr> {
    address_in(log, "serving peer traffic")
}

fn address_in(log: &str, line: &str) -> Option<SocketAddr> {
    log.lines().filter(|read| read.contains(line)).find_map(|read| {
        let read: serde_json::Value = serde_json::from_str(read).ok()?;
        read.get("address")?.as_str()?.parse().ok()
    })
}

/// The member that leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leader {
    /// Its place in the cluster.
    pub(super) place: usize,
    pub(super) id: MemberId,
}

/// Which member wrote this log: it says of itself that it `… became follower at term …` before anything else of the kind
/// (etcd v3.5.5 raft/raft.go, `becomeFollower`; the same from 3.4 to 3.7).
pub(super) fn member(log: &str) -> Option<MemberId> {
    log.lines().find_map(|line| who(line.split_once(" became follower at term ")?.0))
}

/// The member that the last word names.
fn who(before: &str) -> Option<MemberId> {
    before.rsplit(|letter: char| !letter.is_ascii_hexdigit()).next()?.parse().ok()
}

/// Who leads, by the logs of all members: who said last `… became leader at term …` (etcd v3.5.5 raft/raft.go,
/// `becomeLeader`; the same from 3.4 to 3.7). No call says so without a login in every release.
pub(super) fn leader(logs: &[String]) -> Option<Leader> {
    let said = logs.iter().enumerate().flat_map(|(place, log)| {
        log.lines().filter_map(move |line| {
            let (before, after) = line.split_once(" became leader at term ")?;
            let id = who(before)?;
            let digits = after.split(|letter: char| !letter.is_ascii_digit()).next()?;
            Some((digits.parse::<u64>().ok()?, Leader { place, id }))
        })
    });
    said.max_by_key(|(term, _)| *term).map(|(_, leader)| leader)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn the_address_is_read_from_the_line_about_client_traffic() {
        let log = concat!(
            r#"{"level":"info","msg":"serving peer traffic","address":"127.0.0.1:43581"}"#,
            "\n",
            r#"{"level":"info","msg":"ready to serve client requests"}"#,
            "\nnot JSON\n",
            r#"{"level":"info","msg":"serving client traffic insecurely; this is strongly discouraged!","address":"127.0.0.1:37025"}"#,
        );
        assert_eq!(client_address(log), Some("127.0.0.1:37025".parse().unwrap()));
        assert_eq!(peer_address(log), Some("127.0.0.1:43581".parse().unwrap()));
    }

    #[test]
    fn a_member_names_itself_when_it_begins_to_follow() {
        let log = concat!(
            r#"{"msg":"raft.node","info":"8e9e05c52164694d switched to configuration voters=(1)"}"#,
            "\n",
            r#"{"level":"info","msg":"8e9e05c52164694d became follower at term 0"}"#,
        );
        assert_eq!(member(log), "8e9e05c52164694d".parse().ok());
        assert_eq!(member("nothing of the kind"), None);
    }

    #[test]
    fn a_half_written_line_tells_no_address() {
        assert_eq!(
            client_address(r#"{"msg":"serving client traffic insecurely","address":"127.0.0.1:37"#),
            None
        );
    }

    #[test]
    fn the_leader_is_who_became_it_at_the_latest_term() {
        let line = |id: &str, term: u64| {
            format!(r#"{{"caller":"raft/raft.go:765","msg":"{id} became leader at term {term}"}}"#)
        };
        let logs = [line("a1", 9), format!("{}\n{}", line("b2", 2), line("b2", 10)), String::new()];
        assert_eq!(leader(&logs), Some(Leader { place: 1, id: "b2".parse().unwrap() }));
        assert_eq!(leader(&[String::new()]), None);
    }
}
