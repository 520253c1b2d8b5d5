//! Which starts are warned of, and which are not.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::scenario::parse;

const NOBODY: [usize; 0] = [];

/// The followers that are warned of, with a TTL of 5 s, consumers at these starts, and these steps.
fn warned(starts: &[&str], more: &str) -> Vec<usize> {
    warned_of("", starts, more)
}

/// The same with more in its `[etcd]`.
fn warned_of(etcd: &str, starts: &[&str], more: &str) -> Vec<usize> {
    let consumers: String =
        starts.iter().map(|start| format!("[[consumer]]\nstart = \"{start}\"\n")).collect();
    let text = format!(
        "title = \"t\"\n[etcd]\nversion = \"3.5.5\"\ntoken-ttl = \"5s\"\n{etcd}\n{consumers}{more}\n[run]\nlength = \"1m\"\n"
    );
    let parsed = parse("t", "t.toml", &text).expect("the scenario is right");
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
    let produce = "[[step]]\nat = \"3s\"\nenqueue = { value = \"a\", prefix = \"/other\", by = \"subject\" }";
    assert_eq!(warned(&["0s\"\nclient = \"a", "6s\"\nclient = \"a"], produce), [1]);
    assert_eq!(warned(&["0s\"\nclient = \"producer", "6s\"\nclient = \"producer"], produce), NOBODY);
}

/// Steps, each written `at action`.
fn steps(steps: &[&str]) -> String {
    let each = steps.iter().map(|step| step.split_once(' ').expect("a time and an action"));
    each.map(|(at, action)| format!("[[step]]\nat = \"{at}\"\n{action}\n")).collect()
}

const JWT: &str = "auth-token = \"jwt\"";

#[test]
fn a_jwt_lives_from_its_login_and_no_use_prolongs_it() {
    let item = steps(&["3s enqueue = \"a\""]);
    assert_eq!(warned_of(JWT, &["0s", "1s", "6s"], &item), [2]);
    assert_eq!(warned(&["0s", "1s", "6s"], &item), NOBODY);
    assert_eq!(warned_of(JWT, &["0s", "3s", "6s"], ""), [2], "from the first start and not the second");
}

#[test]
fn a_jwt_may_end_a_second_before_its_time_or_after() {
    for (start, expected) in
        [("4s", &NOBODY as &[usize]), ("4001ms", &[1]), ("5s", &[1]), ("6100ms", &[1]), ("6101ms", &NOBODY)]
    {
        assert_eq!(warned_of(JWT, &["0s", start], ""), expected, "{start}");
    }
}

#[test]
fn an_item_has_a_lone_consumer_log_in_again() {
    let item = steps(&["3s enqueue = \"a\""]);
    assert_eq!(warned_of(JWT, &["0s", "6s"], &item), NOBODY);
    assert_eq!(warned_of(JWT, &["0s", "8s"], &item), [1], "5 s after the item");
    assert_eq!(warned_of(JWT, &["0s", "0s", "8s"], &item), NOBODY, "8 s after the login of the two");
}

#[test]
fn a_connection_made_again_carries_a_new_token() {
    for step in
        ["3s drop-connections = \"all\"", "3s drop-connections = \"shared\"", "3s restart = \"graceful\""]
    {
        for etcd in ["", JWT] {
            assert_eq!(warned_of(etcd, &["0s", "6s"], &steps(&[step])), NOBODY, "{step}");
            assert_eq!(warned_of(etcd, &["0s", "9s"], &steps(&[step])), [1], "{step}");
        }
    }
    let down = steps(&["3s restart = { how = \"graceful\", down = \"2s\" }"]);
    assert_eq!(warned(&["0s", "9s"], &down), NOBODY, "4 s after it is up");
    assert_eq!(warned(&["0s", "11s"], &down), [1]);
    let long = steps(&["1s restart = { how = \"graceful\", down = \"10s\" }"]);
    assert_eq!(warned(&["0s", "6s"], &long), NOBODY, "it waits for the server");
    let other = "client = \"other\"\n".to_owned() + &steps(&["3s drop-connections = \"other\""]);
    assert_eq!(warned(&["0s", "6s", "0s"], &other), [1], "of another client");
}

#[test]
fn what_the_harness_writes_elsewhere_is_no_use_of_the_token() {
    assert_eq!(warned(&["0s", "6s"], &steps(&["3s put = { key = \"/other\" }"])), [1]);
    assert_eq!(warned(&["0s", "6s"], &steps(&["3s delete = \"/test/1\""])), [1]);
    assert_eq!(
        warned(&["0s", "6s"], &steps(&["3s put = { key = \"/test2\" }"])),
        NOBODY,
        "it wakes who waits"
    );
}

#[test]
fn an_item_wakes_those_who_wait_for_it_and_nobody_else() {
    let own = |call: &str| ["0s\"\nprefix = \"/own".to_owned() + call, "6s".to_owned()];
    let to = |prefix: &str| steps(&[&format!("3s enqueue = {{ value = \"a\", prefix = \"{prefix}\" }}")]);
    let warned = |call: &str, prefix: &str| {
        let starts = own(call);
        warned(&[&starts[0], &starts[1]], &to(prefix))
    };
    assert_eq!(warned("", "/own"), NOBODY);
    assert_eq!(warned("", "/test"), [1], "the scenario's queue is not what it waits for");
    assert_eq!(warned("\"\ncall = \"priority-dequeue", "/own"), NOBODY);
    assert_eq!(warned("\"\ncall = \"barrier-wait", "/own"), [1], "a barrier is no queue");
}

#[test]
fn a_token_that_is_ended_is_at_no_edge() {
    let user = "[[etcd.user]]\nname = \"worker\"";
    let change = |user: &str| format!("3s change-password = {{ user = \"{user}\", password = \"new\" }}");
    for step in [change("root").as_str(), "3s disable-auth = \"root\"", "3s close-client = \"shared\""] {
        assert_eq!(warned_of(user, &["0s", "6s"], &steps(&[step])), NOBODY, "{step}");
    }
    let jwt = &format!("{JWT}\n{user}");
    for step in [
        change("worker").as_str(),
        "3s delete-user = \"worker\"",
        "3s add-user = \"x\"",
        "3s revoke-role = \"worker\"",
    ] {
        assert_eq!(warned_of(user, &["0s", "6s"], &steps(&[step])), [1], "{step}: that of another user");
        assert_eq!(warned_of(jwt, &["0s", "6s"], &steps(&[step])), NOBODY, "{step}: every JWT");
    }
    let as_worker = ["0s\"\nuser = \"worker", "6s\"\nuser = \"worker"];
    for step in [change("worker").as_str(), "3s delete-user = \"worker\""] {
        assert_eq!(warned_of(user, &as_worker, &steps(&[step])), NOBODY, "{step}");
    }
    let earlier = steps(&["0s add-user = \"x\""]);
    assert_eq!(warned_of(JWT, &["1s", "7s"], &earlier), [1], "before the login");
}
