//! Every action in words; passwords are in none.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;

use super::Method;
use crate::scenario::{Action, parse};

/// What a step with this action is described as.
fn describe(action: &str) -> String {
    let text = format!(
        r#"
        title = "t"
        [etcd]
        version = "3.5.5"
        members = 3
        [[consumer]]
        [[step]]
        at = "2s"
        {action}
        [[step]]
        at = "1s"
        pause = "server"
        [[step]]
        at = "1s"
        isolate = "leader"
        [[step]]
        at = "1s"
        hold-requests = {{ method = "put" }}
        [[step]]
        at = "1s"
        hold-barrier = "/b"
        [[step]]
        at = "1s"
        hold-lock = "/l"
        [run]
        length = "16s"
        [not-on]
        embedded = "it is one member"
        docker = "it is one member"
        "#
    );
    let scenario = parse("t", "t.toml", &text).expect("the scenario is right").scenario;
    scenario.steps[0].describe()
}

#[test]
fn every_action_is_one_line_in_words() {
    let lines = [
        (r#"enqueue = "a""#, "enqueues a to /test"),
        (r#"enqueue = { value = "a", count = 3, prefix = "/x" }"#, "enqueues 3 items, a.1 to a.3, to /x"),
        (
            r#"enqueue = { value = "a", count = 9, by = "subject", producers = 4, on-error = "retry", bytes = 20 }"#,
            "enqueues 9 items, a.1 to a.9, to /test by the subject, 4 at once, which retries, 20 bytes long",
        ),
        (r#"enqueue = { value = "a", by = "subject" }"#, "enqueues a to /test by the subject"),
        (
            r#"enqueue = { value = "a", count = 2, producers = 2 }"#,
            "enqueues 2 items, a.1 to a.2, to /test by 2 at once",
        ),
        (r#"put = { key = "/o/a" }"#, "puts /o/a"),
        (r#"put = { key = "/o/a", count = 5, bytes = 100 }"#, "puts /o/a 5 times, 100 bytes long"),
        (r#"delete = "/o/a""#, "deletes /o/a"),
        (r#"delete = { prefix = "/o/" }"#, "deletes all that begins with /o/"),
        (r#"compact = "latest""#, "compacts the history"),
        (r#"restart = "graceful""#, "restarts the server (graceful)"),
        (r#"restart = { how = "kill", down = "2s" }"#, "restarts the server (kill), down for 2s"),
        (r#"pause = "server""#, "pauses the server"),
        (r#"resume = "server""#, "lets the server go on"),
        ("restart = \"kill\"\nmember = 2", "restarts member 2 (kill)"),
        ("pause = \"server\"\nmember = 3", "pauses member 3"),
        ("isolate = \"leader\"\nmember = 2", "cuts member 2 off from the others"),
        ("drop-connections = \"all\"\nmember = 2", "drops the connections of all clients to member 2"),
        ("black-hole = \"6s\"\nmember = 1", "swallows what all clients and member 1 send for 6s"),
        (r#"drop-connections = "all""#, "drops the connections of all clients"),
        (r#"drop-connections = "shared""#, "drops the connections of client shared"),
        (r#"black-hole = "6s""#, "swallows what all clients and the server send for 6s"),
        (
            r#"black-hole = { for = "6s", client = "shared" }"#,
            "swallows what client shared and the server send for 6s",
        ),
        (
            r#"lose-replies = { method = "txn", client = "shared" }"#,
            "loses the reply to the next txn of client shared",
        ),
        (
            r#"lose-replies = { method = "delete-range", count = 3, hang = true }"#,
            "loses the replies to the next 3 delete-range of all clients, which hangs",
        ),
        (
            r#"delay = { by = "200ms", for = "2s" }"#,
            "delays what the server sends to all clients by 200ms for 2s",
        ),
        (
            r#"hold-requests = { method = "txn", client = "shared" }"#,
            "holds back the next txn of client shared",
        ),
        (
            r#"hold-requests = { method = "lease-grant", count = 3 }"#,
            "holds back the next 3 lease-grant of all clients",
        ),
        (r#"release-requests = "all""#, "lets the requests go on that are held back"),
        (r#"add-user = "other""#, "adds the user other with rights to /test"),
        (
            r#"add-user = { name = "other", password = "secret", prefixes = ["/a", "/b"] }"#,
            "adds the user other with rights to /a, /b",
        ),
        (r#"add-user = { name = "other", prefixes = [] }"#, "adds the user other without rights"),
        (r#"change-password = { user = "root", password = "secret" }"#, "changes the password of root"),
        (r#"delete-user = "root""#, "deletes the user root"),
        (r#"revoke-role = "root""#, "revokes the role of root"),
        (r#"enable-auth = "root""#, "enables authentication"),
        (r#"disable-auth = "root""#, "disables authentication"),
        (r#"close-client = "shared""#, "closes client shared"),
        (r#"cancel-call = "1""#, "gives up the call of consumer 1"),
        (r#"isolate = "leader""#, "cuts the leader off from the other members"),
        (r#"rejoin = "leader""#, "lets the leader talk to the other members again"),
        (r#"hold-barrier = "/b""#, "holds the barrier /b"),
        (r#"release-barrier = "/b""#, "releases the barrier /b"),
        (r#"hold-lock = "/l""#, "holds the lock /l"),
        (r#"release-lock = "/l""#, "releases the lock /l"),
    ];
    for (action, line) in lines {
        assert_eq!(describe(action), line, "{action}");
    }
}

#[test]
fn a_method_is_called_what_a_file_calls_it() {
    for method in [
        Method::Range,
        Method::Put,
        Method::DeleteRange,
        Method::Txn,
        Method::Authenticate,
        Method::LeaseGrant,
    ] {
        assert_eq!(json!(method), json!(method.name()));
    }
}

#[test]
fn a_step_is_described_as_its_action() {
    assert_eq!(Action::Compact.describe(), describe("compact = \"latest\""));
}
