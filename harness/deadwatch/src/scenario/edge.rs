//! Starts at a coin's edge: the token may still live, or be dead already.

use std::time::Duration;

use super::{Action, Consumer, Producer, Scenario};

/// How long after its life has passed a token is surely gone: etcd looks once a second, and not when the
/// token is used (etcd v3.5.5 server/auth/simple_token.go, simpleTokenTTLResolution); the rest is leeway for
/// a machine that is late.
const SWEEP: Duration = Duration::from_millis(1_100);

/// A start that follows the previous one on its client so that the token dies somewhere in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// Which consumer starts there, by its place in the file.
    pub follower: usize,
    /// How long after the previous start on the same client.
    pub gap: Duration,
    /// The first whole second after the previous start at which the token is surely dead.
    pub safe_gap: Duration,
}

/// The starts at which a token is dying, in file order.
pub(super) fn starts_at_the_edge(scenario: &Scenario) -> Vec<Edge> {
    let Some(ttl) = scenario.etcd.token_ttl else { return Vec::new() };
    let consumers = &scenario.consumers;
    (0..consumers.len())
        .filter_map(|follower| {
            let (start, client) = (consumers[follower].start, &consumers[follower].client);
            let previous = previous_start(consumers, follower)?;
            let gap = start - previous;
            let dying = gap > ttl && gap <= ttl + SWEEP;
            let safe_gap = ttl + Duration::from_secs(2);
            (dying && !item_between(scenario, client, previous, start)).then_some(Edge {
                follower,
                gap,
                safe_gap,
            })
        })
        .collect()
}

/// When the last consumer before this one started on the same client; those of one instant start in file order.
fn previous_start(consumers: &[Consumer], follower: usize) -> Option<Duration> {
    let this = &consumers[follower];
    let earlier = consumers.iter().enumerate().filter(|(place, other)| {
        other.client == this.client && (other.start, *place) < (this.start, follower)
    });
    earlier.map(|(_, other)| other.start).max()
}

/// Whether an item makes the client use, and so renew, its token in between. One at either end comes too
/// early or too late for that.
fn item_between(scenario: &Scenario, client: &str, after: Duration, before: Duration) -> bool {
    scenario.steps.iter().filter(|step| step.at > after && step.at < before).any(|step| match &step.action {
        Action::Enqueue(enqueue) => {
            // A queue's range is its prefix without a slash (etcd client/v3/experimental/recipes/queue.go).
            let woken = enqueue.prefix.starts_with(&scenario.queue.prefix);
            woken || (enqueue.by == Producer::Subject && client == super::PRODUCER_CLIENT)
        }
        _ => false,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const NOBODY: [usize; 0] = [];

    /// The followers that are warned of, with a TTL of 5 s, consumers at these starts, and these steps.
    fn warned(starts: &[&str], more: &str) -> Vec<usize> {
        let consumers: String =
            starts.iter().map(|start| format!("[[consumer]]\nstart = \"{start}\"\n")).collect();
        let text = format!(
            "title = \"t\"\n[etcd]\nversion = \"3.5.5\"\ntoken-ttl = \"5s\"\n{consumers}{more}\n[run]\nlength = \"1m\"\n"
        );
        let parsed = super::super::parse("t", "t.toml", &text).expect("the scenario is right");
        assert_eq!(starts_at_the_edge(&parsed.scenario).len(), parsed.warnings.len());
        starts_at_the_edge(&parsed.scenario).iter().map(|edge| edge.follower).collect()
    }

    #[test]
    fn only_a_start_within_the_second_in_which_the_token_dies_is_warned_of() {
        assert_eq!(warned(&["0s", "5s"], ""), NOBODY);
        assert_eq!(warned(&["0s", "5001ms"], ""), [1]);
        assert_eq!(warned(&["0s", "6s"], ""), [1]);
        assert_eq!(warned(&["0s", "6100ms"], ""), [1]);
        assert_eq!(warned(&["0s", "6101ms"], ""), NOBODY);
        assert_eq!(warned(&["0s", "7s"], ""), NOBODY);
    }

    #[test]
    fn the_gap_is_counted_from_the_previous_start_whatever_the_order_in_the_file() {
        assert_eq!(warned(&["0s", "6s", "12s"], ""), [1, 2]);
        assert_eq!(warned(&["6s", "0s"], ""), [0]);
        assert_eq!(warned(&["0s", "3s", "6s"], ""), NOBODY);
        assert_eq!(warned(&["6s", "0s", "6s"], ""), [0]);
    }

    #[test]
    fn an_item_in_between_wakes_the_consumer_and_renews_the_token() {
        let item = |at: &str, to: &str| format!("[[step]]\nat = \"{at}\"\nenqueue = {to}");
        assert_eq!(warned(&["0s", "6s"], &item("3s", "\"a\"")), NOBODY);
        assert_eq!(warned(&["0s", "6s"], &item("0s", "\"a\"")), [1], "at the previous start: no later use");
        assert_eq!(warned(&["0s", "6s"], &item("6s", "\"a\"")), [1], "at the start itself: too late");
        let elsewhere = "{ value = \"a\", prefix = \"/other\" }";
        assert_eq!(warned(&["0s", "6s"], &item("3s", elsewhere)), [1], "it wakes nobody here");
        let deeper = "{ value = \"a\", prefix = \"/test2\" }";
        assert_eq!(warned(&["0s", "6s"], &item("3s", deeper)), NOBODY, "it lies in the queue's range");
    }

    #[test]
    fn consumers_on_clients_of_their_own_do_not_age_each_others_token() {
        assert_eq!(warned(&["0s\"\nclient = \"a", "6s\"\nclient = \"b"], ""), NOBODY);
        assert_eq!(warned(&["0s\"\nclient = \"a", "6s\"\nclient = \"a"], ""), [1]);
        let produce =
            "[[step]]\nat = \"3s\"\nenqueue = { value = \"a\", prefix = \"/other\", by = \"subject\" }";
        assert_eq!(warned(&["0s\"\nclient = \"a", "6s\"\nclient = \"a"], produce), [1]);
        assert_eq!(warned(&["0s\"\nclient = \"producer", "6s\"\nclient = \"producer"], produce), NOBODY);
    }
}
