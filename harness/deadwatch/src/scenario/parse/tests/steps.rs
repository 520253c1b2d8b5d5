//! Every form of every step, and the action it becomes.

use std::time::Duration;

use super::scenario;
use crate::scenario::{
    Action, BlackHole, ChangePassword, Data, Delay, Delete, Ending, Enqueue, Instead, LoseReplies, Method,
    OnError, Producer, Put, Reach, Restart, User, parse,
};

/// The steps' file: three members, a user, two clients, and what the steps that end something end.
fn file(steps: &str) -> String {
    format!(
        r#"
        title = "t"
        [etcd]
        version = "3.5.5"
        members = 3
        [[etcd.user]]
        name = "worker"
        [queue]
        prefix = "/q"
        [[consumer]]
        [[consumer]]
        client = "own"
        {steps}
        [run]
        length = "16s"
        [not-on]
        embedded = "it is one member"
        docker = "it is one member"
        "#
    )
}

/// The action that a step with this key and value becomes, 1 s after one step with each of these actions.
fn action_after(before: &[&str], written: &str) -> Action {
    let before: String = before.iter().map(|action| format!("[[step]]\nat = \"1s\"\n{action}\n")).collect();
    let steps = scenario(&file(&format!("{before}[[step]]\nat = \"2s\"\n{written}"))).steps;
    let last = steps.into_iter().next_back().expect("a step is there");
    assert_eq!(last.at, Duration::from_secs(2));
    last.action
}

fn action(written: &str) -> Action {
    action_after(&[], written)
}

/// An item by the harness, on the scenario's queue.
fn item(value: &str) -> Enqueue {
    Enqueue {
        values: vec![value.to_owned()],
        prefix: "/q".to_owned(),
        by: Producer::Harness,
        bytes: 0,
        producers: 1,
        on_error: OnError::Stop,
    }
}

fn own() -> Reach {
    Reach::Client("own".to_owned())
}

#[test]
fn items_are_written_by_whom_where_how_long_and_how_many_at_once() {
    assert_eq!(action("enqueue = \"a\""), Action::Enqueue(item("a")));
    assert_eq!(action("enqueue = { value = \"a\" }"), Action::Enqueue(item("a")));
    let all = r#"enqueue = { value = "a", count = 2, prefix = "/x", by = "subject", bytes = 2000000, producers = 2, on-error = "retry" }"#;
    let expected = Enqueue {
        values: vec!["a.1".to_owned(), "a.2".to_owned()],
        prefix: "/x".to_owned(),
        by: Producer::Subject,
        bytes: 2_000_000,
        producers: 2,
        on_error: OnError::Retry,
    };
    assert_eq!(action(all), Action::Enqueue(expected));
    let as_long = Enqueue { bytes: 3, ..item("abc") };
    assert_eq!(action("enqueue = { value = \"abc\", bytes = 3 }"), Action::Enqueue(as_long));
}

#[test]
fn keys_that_are_no_items_are_put_and_deleted() {
    let least = Put { key: "/o/a".to_owned(), value: "1".to_owned(), bytes: 0, count: 1 };
    assert_eq!(action("put = { key = \"/o/a\" }"), Action::Put(least));
    let all = Put { key: "/o/a".to_owned(), value: "2 ".to_owned(), bytes: 100, count: 5 };
    assert_eq!(action("put = { key = \"/o/a\", value = \"2 \", bytes = 100, count = 5 }"), Action::Put(all));
    assert_eq!(action("delete = \"/o/a\""), Action::Delete(Delete::Key("/o/a".to_owned())));
    let below = Delete::Prefix("/o/".to_owned());
    assert_eq!(action("delete = { prefix = \"/o/\" }"), Action::Delete(below));
    assert_eq!(action("compact = \"latest\""), Action::Compact);
}

#[test]
fn a_server_restarts_at_once_or_after_a_time() {
    let restart = |ending, down_s| {
        Action::Restart(Restart { ending, down: Duration::from_secs(down_s), data: Data::Kept })
    };
    assert_eq!(action("restart = \"graceful\""), restart(Ending::Graceful, 0));
    assert_eq!(action("restart = \"kill\""), restart(Ending::Kill, 0));
    assert_eq!(action("restart = { how = \"kill\" }"), restart(Ending::Kill, 0));
    assert_eq!(action("restart = { how = \"graceful\", down = \"13s\" }"), restart(Ending::Graceful, 13));
}

#[test]
fn what_goes_on_for_a_while_begins_and_ends() {
    assert_eq!(action("pause = \"server\""), Action::Pause);
    assert_eq!(action_after(&["pause = \"server\""], "resume = \"server\""), Action::Resume);
    assert_eq!(action("isolate = \"leader\""), Action::Isolate);
    assert_eq!(action_after(&["isolate = \"leader\""], "rejoin = \"leader\""), Action::Rejoin);
    let key = || "/q".to_owned();
    assert_eq!(action("hold-barrier = \"/q\""), Action::HoldBarrier(key()));
    let released = action_after(&["hold-barrier = \"/q\""], "release-barrier = \"/q\"");
    assert_eq!(released, Action::ReleaseBarrier(key()));
    assert_eq!(action("hold-lock = \"/q\""), Action::HoldLock(key()));
    assert_eq!(action_after(&["hold-lock = \"/q\""], "release-lock = \"/q\""), Action::ReleaseLock(key()));
}

#[test]
fn what_ends_something_looks_back_in_time_and_not_in_the_file() {
    let turned_around =
        "[[step]]\nat = \"2s\"\nresume = \"server\"\n[[step]]\nat = \"1s\"\npause = \"server\"";
    let actions: Vec<Action> =
        scenario(&file(turned_around)).steps.into_iter().map(|step| step.action).collect();
    assert_eq!(actions, [Action::Resume, Action::Pause]);
    let too_early = "[[step]]\nat = \"1s\"\nresume = \"server\"\n[[step]]\nat = \"2s\"\npause = \"server\"";
    assert!(parse("t", "t.toml", &file(too_early)).is_err());
    let another_key =
        "[[step]]\nat = \"1s\"\nhold-lock = \"/q\"\n[[step]]\nat = \"2s\"\nrelease-lock = \"/r\"";
    assert!(parse("t", "t.toml", &file(another_key)).is_err());
    let twice = "[[step]]\nat = \"1s\"\npause = \"server\"\n[[step]]\nat = \"2s\"\nresume = \"server\"\n\
                 [[step]]\nat = \"3s\"\nresume = \"server\"";
    assert!(parse("t", "t.toml", &file(twice)).is_err());
}

#[test]
fn faults_of_the_network_reach_one_client_or_all() {
    assert_eq!(action("drop-connections = \"all\""), Action::DropConnections(Reach::All));
    assert_eq!(action("drop-connections = \"own\""), Action::DropConnections(own()));
    let black_hole = |reach| Action::BlackHole(BlackHole { reach, length: Duration::from_secs(6) });
    assert_eq!(action("black-hole = \"6s\""), black_hole(Reach::All));
    assert_eq!(action("black-hole = { for = \"6s\" }"), black_hole(Reach::All));
    assert_eq!(action("black-hole = { for = \"6s\", client = \"all\" }"), black_hole(Reach::All));
    assert_eq!(action("black-hole = { for = \"6s\", client = \"own\" }"), black_hole(own()));
    let delay = |reach| {
        Action::Delay(Delay { reach, by: Duration::from_millis(200), length: Duration::from_secs(2) })
    };
    assert_eq!(action("delay = { by = \"200ms\", for = \"2s\" }"), delay(Reach::All));
    assert_eq!(action("delay = { by = \"200ms\", for = \"2s\", client = \"own\" }"), delay(own()));
}

#[test]
fn replies_of_each_kind_are_lost_once_by_default_and_the_connection_is_closed() {
    let methods = [
        ("range", Method::Range),
        ("put", Method::Put),
        ("delete-range", Method::DeleteRange),
        ("txn", Method::Txn),
        ("authenticate", Method::Authenticate),
        ("lease-grant", Method::LeaseGrant),
    ];
    for (name, method) in methods {
        let least = LoseReplies { reach: Reach::All, method, count: 1, instead: Instead::Close };
        let written = format!("lose-replies = {{ method = \"{name}\" }}");
        assert_eq!(action(&written), Action::LoseReplies(least));
    }
    let all = LoseReplies { reach: own(), method: Method::Txn, count: 3, instead: Instead::Hang };
    let written = r#"lose-replies = { method = "txn", count = 3, client = "own", hang = true }"#;
    assert_eq!(action(written), Action::LoseReplies(all));
    let closing = "lose-replies = { method = \"txn\", hang = false }";
    assert!(matches!(action(closing), Action::LoseReplies(LoseReplies { instead: Instead::Close, .. })));
}

#[test]
fn users_come_change_and_go() {
    let user = |password: &str, prefixes: &[&str]| {
        Action::AddUser(User {
            name: "other".to_owned(),
            password: password.to_owned(),
            prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
        })
    };
    assert_eq!(action("add-user = \"other\""), user("other", &["/q"]));
    assert_eq!(action("add-user = { name = \"other\" }"), user("other", &["/q"]));
    let all = "add-user = { name = \"other\", password = \"p\", prefixes = [\"/a\", \"/b\"] }";
    assert_eq!(action(all), user("p", &["/a", "/b"]));
    assert_eq!(action("add-user = { name = \"other\", prefixes = [] }"), user("other", &[]));
    let change = |user: &str| ChangePassword { user: user.to_owned(), password: "new".to_owned() };
    let written = |user: &str| format!("change-password = {{ user = \"{user}\", password = \"new\" }}");
    for name in ["worker", "root"] {
        assert_eq!(action(&written(name)), Action::ChangePassword(change(name)));
    }
    let added = action_after(&["add-user = \"other\""], &written("other"));
    assert_eq!(added, Action::ChangePassword(change("other")));
    assert_eq!(action("delete-user = \"worker\""), Action::DeleteUser("worker".to_owned()));
    assert_eq!(action("revoke-role = \"worker\""), Action::RevokeRole("worker".to_owned()));
    assert_eq!(action("enable-auth = \"root\""), Action::EnableAuth);
    assert_eq!(action("disable-auth = \"root\""), Action::DisableAuth);
}

#[test]
fn a_client_is_closed_and_a_call_given_up() {
    assert_eq!(action("close-client = \"shared\""), Action::CloseClient("shared".to_owned()));
    assert_eq!(action("cancel-call = \"2\""), Action::CancelCall("2".to_owned()));
}

#[test]
fn the_producers_client_is_there_once_the_subject_produces() {
    let written = "close-client = \"producer\"";
    let producer = action_after(&["enqueue = { value = \"a\", by = \"subject\" }"], written);
    assert_eq!(producer, Action::CloseClient("producer".to_owned()));
    let by_nobody =
        file(&format!("[[step]]\nat = \"1s\"\nenqueue = \"a\"\n[[step]]\nat = \"2s\"\n{written}"));
    assert!(parse("t", "t.toml", &by_nobody).is_err());
}
