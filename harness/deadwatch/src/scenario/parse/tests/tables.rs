//! The tables beside the steps: users, members, limits, consumers of every kind.

use std::time::Duration;

use super::{LEAST, consumer, scenario};
use crate::scenario::{Action, Consumer, ConsumerCall, Data, Ending, NotOn, Restart, TokenKind, User, parse};

/// The least file with more in its `[etcd]`, `[[consumer]]` and behind its end.
fn file(etcd: &str, consumer: &str, end: &str) -> String {
    LEAST.replace("[[consumer]]", &format!("{etcd}\n[[consumer]]\n{consumer}")) + end
}

fn user(name: &str, password: &str, prefixes: &[&str]) -> User {
    User {
        name: name.to_owned(),
        password: password.to_owned(),
        prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
    }
}

#[test]
fn tokens_are_simple_unless_they_are_to_be_signed() {
    let etcd = |written: &str| scenario(&file(written, "", "")).etcd;
    assert_eq!(etcd("token-ttl = \"5s\"").token_kind, TokenKind::Simple);
    assert_eq!(etcd("token-ttl = \"5s\"\nauth-token = \"simple\"").token_kind, TokenKind::Simple);
    let jwt = etcd("token-ttl = \"5s\"\nauth-token = \"jwt\"");
    assert_eq!((jwt.token_kind, jwt.token_ttl), (TokenKind::Jwt, Some(Duration::from_secs(5))));
}

#[test]
fn a_user_has_its_name_as_password_and_the_queue_as_its_own() {
    let users = |written: &str| scenario(&file(written, "", "")).etcd.users;
    assert_eq!(users("[[etcd.user]]\nname = \"worker\""), [user("worker", "worker", &["/test"])]);
    let of_a_queue = users("[[etcd.user]]\nname = \"worker\"\n[queue]\nprefix = \"/q\"");
    assert_eq!(of_a_queue, [user("worker", "worker", &["/q"])]);
    let all = "[[etcd.user]]\nname = \"worker\"\npassword = \"p\"\nprefixes = [\"/a\", \"/b\"]\n\
               [[etcd.user]]\nname = \"nobody\"\nprefixes = []";
    assert_eq!(users(all), [user("worker", "p", &["/a", "/b"]), user("nobody", "nobody", &[])]);
}

#[test]
fn several_members_say_where_they_cannot_be() {
    let why = "[not-on]\ndocker = \"d\"\nembedded = \"e\"\n";
    for members in [3, 5] {
        let scenario = scenario(&file(&format!("members = {members}"), "", why));
        let not_on = NotOn { embedded: Some("e".to_owned()), process: None, docker: Some("d".to_owned()) };
        assert_eq!((scenario.etcd.members, scenario.not_on), (members, not_on));
    }
    assert_eq!(scenario(&file("members = 1", "", "")).etcd.members, 1);
}

#[test]
fn a_quota_and_flags_are_the_etcds_own() {
    let etcd = |written: &str| scenario(&file(written, "", "")).etcd;
    let asked = etcd("quota-bytes = 20_000_000\nflags = [\"--max-txn-ops=16\", \"--pre-vote\"]");
    assert_eq!(asked.quota_bytes, Some(20_000_000));
    assert_eq!(asked.flags, ["--max-txn-ops=16", "--pre-vote"]);
    assert_eq!((etcd("").quota_bytes, etcd("").flags), (None, Vec::new()));
}

#[test]
fn a_server_comes_back_on_the_data_that_it_is_given() {
    let steps = |written: &str| {
        let why = "[not-on]\ndocker = \"d\"\n";
        let steps = scenario(&file("", written, why)).steps;
        steps.into_iter().map(|step| (step.action.describe(), step.action)).collect::<Vec<_>>()
    };
    let kill = |data| Action::Restart(Restart { ending: Ending::Kill, down: Duration::ZERO, data });
    let step = |at: u32, action: &str| format!("[[step]]\nat = \"{at}s\"\n{action}\n");
    let wiped = steps(&step(1, "restart = { how = \"kill\", data = \"wiped\" }"));
    assert_eq!(wiped, [("restarts the server (kill) on nothing".to_owned(), kill(Data::Wiped))]);
    let saved = [step(1, "save = \"server\""), step(2, "restart = { how = \"kill\", data = \"saved\" }")];
    assert_eq!(
        steps(&saved.concat()),
        [
            ("saves the server's data".to_owned(), Action::Save),
            ("restarts the server (kill) on the data that were saved".to_owned(), kill(Data::Saved)),
        ]
    );
    let defrag = steps(&step(1, "defrag = \"server\""));
    assert_eq!(defrag, [("defragments the server and clears its alarm".to_owned(), Action::Defrag)]);
}

#[test]
fn a_reason_not_to_run_somewhere_is_kept() {
    let not_on = scenario(&file("", "", "[not-on]\nprocess = \"p\"\n")).not_on;
    assert_eq!(not_on, NotOn { process: Some("p".to_owned()), ..NotOn::default() });
}

#[test]
fn a_limit_on_what_clients_receive_is_heeded() {
    let limit = |written: &str| scenario(&file(written, "", "")).receive_limit_bytes;
    assert_eq!(limit("[client]\nreceive-limit-bytes = 1048576"), Some(1_048_576));
    assert_eq!(limit("[client]\nversion = \"3.5.6\""), None);
}

#[test]
fn a_consumer_calls_what_it_says_on_what_it_says_as_whom_it_says() {
    let calls = [
        ("dequeue", ConsumerCall::Dequeue),
        ("priority-dequeue", ConsumerCall::PriorityDequeue),
        ("barrier-wait", ConsumerCall::BarrierWait),
        ("double-barrier-enter", ConsumerCall::DoubleBarrierEnter),
        ("double-barrier-leave", ConsumerCall::DoubleBarrierLeave),
        ("lock", ConsumerCall::Lock),
        ("read-lock", ConsumerCall::ReadLock),
    ];
    let etcd = "[[etcd.user]]\nname = \"worker\"";
    for (name, call) in calls {
        let written = format!("call = \"{name}\"\nprefix = \"/other\"\nuser = \"worker\"");
        let expected =
            Consumer { call, prefix: "/other".to_owned(), user: Some("worker".to_owned()), ..consumer("1") };
        assert_eq!(scenario(&file(etcd, &written, "")).consumers, [expected]);
    }
}

#[test]
fn a_clock_is_off_for_all_consumers_of_a_client() {
    let with = |second: &str| {
        let written = format!("clock = \"+2d\"\nclient = \"off\"\n[[consumer]]\n{second}");
        parse("t", "t.toml", &file("", &written, "")).map(|parsed| parsed.scenario)
    };
    let scenario = with("client = \"off\"\nclock = \"+48h\"").expect("that is the same");
    assert_eq!(scenario.client_clock("off"), "+2d".parse().unwrap());
    let scenario = with("").expect("that is another client");
    assert!(scenario.client_clock("shared").is_zero() && scenario.client_clock("producer").is_zero());
    assert!(with("client = \"off\"").is_err(), "a clock that is right is another one");
}

#[test]
fn consumers_that_are_counted_are_alike_but_for_their_names() {
    let written = "count = 3\nstart = \"2s\"\n[[consumer]]\nname = \"late\"\ncount = 1\n[[consumer]]";
    let early = |name: &str| Consumer { start: Duration::from_secs(2), ..consumer(name) };
    let expected = [early("1.1"), early("1.2"), early("1.3"), consumer("late.1"), consumer("3")];
    assert_eq!(scenario(&file("", written, "")).consumers, expected);
}

#[test]
fn a_counted_consumer_is_named_by_a_step_with_its_number() {
    let step = |name: &str| format!("[[step]]\nat = \"1s\"\ncancel-call = \"{name}\"\n");
    let with = |name: &str| parse("t", "t.toml", &file("", "count = 2", &step(name)));
    assert!(with("1.2").is_ok());
    assert!(with("1").is_err(), "nobody is called so");
    assert!(with("1.3").is_err());
}

#[test]
fn consumers_of_one_client_have_one_user() {
    let etcd = "[[etcd.user]]\nname = \"worker\"";
    let with = |first: &str, second: &str| {
        parse("t", "t.toml", &file(etcd, &format!("{first}\n[[consumer]]\n{second}"), "")).is_ok()
    };
    let worker = "user = \"worker\"";
    assert!(with(worker, worker));
    assert!(with("user = \"root\"", ""), "root is whom a consumer without a user calls as");
    assert!(with(worker, "client = \"own\""));
    assert!(!with(worker, ""));
    assert!(!with("", worker));
}
