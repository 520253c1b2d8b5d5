//! What set things off, as the explanation tells it.

use std::time::Duration;

use deadwatch::{
    history::{Happening, History, ServerState},
    scenario::{
        Action, BlackHole, ChangePassword, Data, Delay, Ending, OnError, Reach, Restart, TokenKind, User,
    },
    verdict::judge,
};

use crate::sample::{INVALID_TOKEN, Sample};

fn waiting() -> Sample {
    Sample::with(&[0.0]).calls(0.0, "1")
}

fn survived(sample: Sample) -> History {
    sample.aftermath(16.0, &["1"]).probe_taken(16.1, "1", 1).ends(16.2, &[])
}

fn failed(sample: Sample, at: f64) -> History {
    sample.fails(at, "1", "watch failed").aftermath(16.0, &[]).ends(16.1, &[])
}

fn told(history: &History) -> String {
    judge(history).explanation.to_string()
}

fn server(sample: Sample, at: f64, state: ServerState) -> Sample {
    sample.at(at, Happening::Server { state })
}

fn restarted(sample: Sample, at: f64, down_s: u64) -> Sample {
    let restart = Restart { ending: Ending::Kill, down: Duration::from_secs(down_s), data: Data::Kept };
    #[allow(clippy::cast_precision_loss)]
    let up = at + down_s as f64 + 0.1;
    let step = sample.clone().history().scenario.steps.len();
    let sample = server(sample.step(at, Action::Restart(restart)), at, ServerState::Down);
    let sample = sample.scenario(|scenario| assert_eq!(scenario.steps.len(), step + 1));
    server(sample, up, ServerState::Up)
}

fn lose(at: f64, client: &str, sample: Sample) -> Sample {
    let (client, method) = (client.to_owned(), "/etcdserverpb.KV/Txn".to_owned());
    sample.at(at, Happening::ReplyLost { client, method })
}

fn worker() -> Sample {
    waiting().scenario(|scenario| {
        let name = "worker".to_owned();
        scenario.consumers[0].user = Some(name.clone());
        let user = User { name, password: "worker".to_owned(), prefixes: vec!["/test".to_owned()] };
        scenario.etcd.users = vec![user];
        scenario.etcd.token_kind = TokenKind::Jwt;
    })
}

fn cut(client: &str) -> Happening {
    Happening::Disconnected { client: client.to_owned() }
}

#[test]
fn what_was_done_to_a_server_or_a_network_that_everybody_survived_is_told() {
    let hole = BlackHole { reach: Reach::All, length: Duration::from_secs(6) };
    let delay = Delay {
        reach: Reach::Client("shared".to_owned()),
        by: Duration::from_millis(200),
        length: Duration::from_secs(2),
    };
    let shared = || "shared".to_owned();
    let restart = Restart { ending: Ending::Graceful, down: Duration::ZERO, data: Data::Kept };
    let graceful = server(waiting().step(3.0, Action::Restart(restart)), 3.0, ServerState::Down);
    let cases = [
        (restarted(waiting(), 3.0, 2), "the server was killed and started again 2s later"),
        (graceful, "the server was shut down and started again"),
        (server(waiting(), 3.0, ServerState::Paused), "the server was paused"),
        (server(waiting(), 3.0, ServerState::Isolated), "the leader was cut off from the other members"),
        (waiting().step(3.0, Action::DropConnections(Reach::All)), "the connections of all clients were cut"),
        (
            waiting().step(3.0, Action::DropConnections(Reach::Client(shared()))),
            "the connections of client shared were cut",
        ),
        (
            waiting().step(3.0, Action::BlackHole(hole)),
            "the connections of all clients fell silent, and new ones for 6s",
        ),
        (
            waiting().step(3.0, Action::Delay(delay)),
            "what the server sends to client shared began to take 200ms longer, for 2s",
        ),
        (waiting().step(3.0, Action::EnableAuth), "authentication was switched on"),
        (waiting().step(3.0, Action::DisableAuth), "authentication was switched off"),
        (waiting().step(3.0, Action::CloseClient(shared())), "client shared was closed by its owner"),
        (waiting().at(3.0, cut("shared")), "client shared lost its connection"),
        (lose(3.0, "shared", waiting()), "the reply to a Txn of client shared was lost"),
    ];
    for (sample, what) in cases {
        let expected =
            format!("At 3.0 s {what}; no call failed, and every consumer took its item in the aftermath.");
        assert_eq!(told(&survived(sample)), expected);
    }
}

#[test]
fn rights_that_were_taken_away_are_told_for_as_long_as_they_are_missed() {
    let user = || "worker".to_owned();
    let change = ChangePassword { user: user(), password: "new".to_owned() };
    let cases = [
        (Action::RevokeRole(user()), "user worker lost its role"),
        (Action::DeleteUser(user()), "user worker was deleted"),
        (Action::ChangePassword(change), "the password of user worker was changed"),
    ];
    for (action, what) in cases {
        for at in [3.1, 14.0] {
            let expected = format!("At 3.0 s {what}; consumer 1 got the error `watch failed`.");
            assert_eq!(told(&failed(worker().step(3.0, action.clone()), at)), expected);
        }
        // Consumer 1 is root here.
        let others = told(&failed(waiting().step(3.0, action), 3.1));
        assert_eq!(others, "At 3.1 s consumer 1 got the error `watch failed`.");
    }
}

#[test]
fn a_closed_client_is_told_of_however_late_its_consumer_calls() {
    let closed = || waiting().step(3.0, Action::CloseClient("shared".to_owned()));
    let expected = "At 3.0 s client shared was closed by its owner; consumer 1 got the error `watch failed`.";
    assert_eq!(told(&failed(closed(), 3.01)), expected);
    assert_eq!(told(&failed(closed(), 12.0)), expected);
    let another = waiting().step(3.0, Action::CloseClient("own".to_owned()));
    assert_eq!(told(&failed(another, 3.01)), "At 3.0 s consumer 1 got the error `watch failed`.");
}

#[test]
fn what_was_done_and_what_came_of_it_are_one_story() {
    let sample = restarted(waiting().logs_in(-0.1, 1), 3.0, 0).watch_refused(3.2, INVALID_TOKEN, 1);
    assert_eq!(
        told(&failed(sample, 3.3)),
        "At 3.0 s the server was killed and started again, and at 3.2 s the server refused consumer 1's watch \
         (invalid auth token); consumer 1 got the error `watch failed`."
    );
    let compacted = waiting()
        .step(3.0, Action::DropConnections(Reach::All))
        .at(3.0, cut("shared"))
        .at(3.1, Happening::WatchCompacted { client: "shared".to_owned() });
    assert_eq!(
        told(&failed(compacted, 3.1)),
        "At 3.0 s the connections of all clients were cut, and at 3.1 s the server ended a watch of client \
         shared, whose revision was compacted; consumer 1 got the error `watch failed`."
    );
}

#[test]
fn an_error_that_is_the_refusal_itself_is_not_told_twice() {
    let sample = restarted(waiting().logs_in(-0.1, 1), 3.0, 0).watch_refused(3.2, INVALID_TOKEN, 1);
    let history = sample.fails(3.3, "1", INVALID_TOKEN).aftermath(16.0, &[]).ends(16.1, &[]);
    assert!(told(&history).ends_with("(invalid auth token); consumer 1 got that as an error."));
}

#[test]
fn what_was_done_comes_before_the_connection_that_ended_of_it() {
    let sample = server(waiting().at(2.999, cut("shared")), 3.0, ServerState::Paused);
    assert_eq!(
        told(&failed(sample, 3.5)),
        "At 3.0 s the server was paused; consumer 1 got the error `watch failed`."
    );
}

#[test]
fn what_was_done_counts_from_when_it_was_due_as_its_effect_may_be_seen_first() {
    let step = Happening::Acted { step: 0 };
    let sample = worker().scenario(|scenario| {
        let action = Action::RevokeRole("worker".to_owned());
        scenario.steps.push(deadwatch::scenario::Step::new(Duration::from_secs(3), action));
    });
    let history = sample.fails(3.005, "1", "watch failed").at(3.01, step);
    let told = told(&history.aftermath(16.0, &[]).ends(16.1, &[]));
    assert_eq!(told, "At 3.0 s user worker lost its role; consumer 1 got the error `watch failed`.");
}

#[test]
fn what_is_over_is_not_told_of_what_comes_much_later() {
    let alone = "At 9.0 s consumer 1 got the error `watch failed`.";
    assert_eq!(told(&failed(restarted(waiting(), 3.0, 0), 9.0)), alone);
    assert_eq!(told(&failed(waiting().step(3.0, Action::DropConnections(Reach::All)), 9.0)), alone);
    let paused = server(waiting(), 3.0, ServerState::Paused);
    assert_eq!(told(&failed(server(paused.clone(), 5.0, ServerState::Resumed), 9.0)), alone);
    let still = told(&failed(paused, 9.0));
    assert_eq!(still, "At 3.0 s the server was paused; consumer 1 got the error `watch failed`.");
}

#[test]
fn what_comes_back_is_told_where_it_went_too_long_ago() {
    assert_eq!(
        told(&failed(restarted(waiting(), 3.0, 4), 7.2)),
        "At 7.1 s the server was up again; consumer 1 got the error `watch failed`."
    );
}

#[test]
fn what_was_done_to_another_client_is_not_told() {
    let other = || "other".to_owned();
    for action in [
        Action::DropConnections(Reach::Client(other())),
        Action::BlackHole(BlackHole { reach: Reach::Client(other()), length: Duration::from_secs(1) }),
    ] {
        let sample = waiting().step(3.0, action).at(3.0, cut("other"));
        assert_eq!(told(&failed(sample, 3.1)), "At 3.1 s consumer 1 got the error `watch failed`.");
    }
}

#[test]
fn a_lost_item_is_laid_to_the_reply_that_was_lost_after_it_was_stored() {
    let sample = waiting()
        .scenario(|scenario| scenario.consumers[0].on_error = OnError::Retry)
        .step(2.0, Action::DropConnections(Reach::All))
        .enqueued(3.0, "a");
    assert_eq!(
        told(&survived(lose(8.0, "shared", sample))),
        "At 8.0 s the reply to a Txn of client shared was lost; item a was acknowledged to its producer at 3.0 s, \
         but nobody got it and it is gone."
    );
}

#[test]
fn an_item_that_came_twice_is_laid_to_the_reply_that_was_lost_while_it_was_stored() {
    let sample = lose(3.1, "producer", waiting().enqueue_began(3.0, "a", "/test")).enqueue_ended(3.3, "a");
    let history = survived(sample.gets(9.0, "1", "a").gets(9.1, "1", "a"));
    assert_eq!(
        told(&history),
        "At 3.1 s the reply to a Txn of client producer was lost; item a was handed out twice, to consumer 1."
    );
}

#[test]
fn an_item_of_another_queue_is_laid_to_nothing_but_its_name() {
    let sample = waiting().step(3.0, Action::DropConnections(Reach::All)).enqueue_began(3.1, "a", "/test2");
    assert_eq!(
        told(&survived(sample.enqueue_ended(3.1, "a").gets(3.2, "1", "a"))),
        "Consumer 1 got item a, which belongs to the queue /test2."
    );
}

#[test]
fn who_went_deaf_is_told_what_happened_to_its_own_client() {
    let sample = Sample::with(&[0.0, 0.0])
        .scenario(|scenario| scenario.consumers[1].client = "own".to_owned())
        .calls(0.0, "1")
        .calls(0.0, "2")
        .step(3.0, Action::DropConnections(Reach::Client("own".to_owned())))
        .step(5.0, Action::DropConnections(Reach::Client("shared".to_owned())));
    let history = sample.aftermath(16.0, &["1", "2"]).probe_taken(16.1, "2", 1).bound(19.0).ends(19.1, &[]);
    assert_eq!(
        told(&history),
        "At 5.0 s the connections of client shared were cut; no call failed, but consumer 1 has gone deaf: no \
         item arrives, and no error."
    );
}

#[test]
fn a_password_that_was_changed_long_ago_and_the_restart_that_showed_it_are_one_story() {
    let change = ChangePassword { user: "worker".to_owned(), password: "new".to_owned() };
    let sample = restarted(worker().step(3.0, Action::ChangePassword(change)), 9.0, 0);
    assert_eq!(
        told(&failed(sample, 9.5)),
        "At 3.0 s the password of user worker was changed, and at 9.0 s the server was killed and started again; \
         consumer 1 got the error `watch failed`."
    );
}

#[test]
fn of_many_things_the_first_and_the_last_are_told() {
    let sample =
        restarted(restarted(waiting(), 3.0, 0), 5.0, 0).step(6.0, Action::DropConnections(Reach::All));
    assert_eq!(
        told(&survived(sample)),
        "At 3.0 s the server was killed and started again, and at 6.0 s the connections of all clients were cut; \
         no call failed, and every consumer took its item in the aftermath."
    );
}

#[test]
fn a_reply_to_a_login_that_was_lost_is_told_in_english() {
    let (client, method) = ("shared".to_owned(), "/etcdserverpb.Auth/Authenticate".to_owned());
    let history = failed(waiting().at(3.0, Happening::ReplyLost { client, method }), 3.1);
    assert!(told(&history).starts_with("At 3.0 s the reply to an Authenticate of client shared was lost; "));
}

#[test]
fn who_calls_again_after_every_error_is_quoted_with_the_one_that_it_met_last() {
    let spinning = Happening::CallsSpinning { consumer: "1".to_owned(), failures: 101 };
    let sample = waiting()
        .scenario(|scenario| scenario.consumers[0].on_error = OnError::Retry)
        .fails(2.0, "1", "watch failed")
        .calls(2.0, "1")
        .fails(5.0, "1", "rpc error: code = PermissionDenied desc = etcdserver: permission denied")
        .at(5.5, spinning);
    assert_eq!(
        told(&survived(sample)),
        "Consumer 1 called again after every error (`permission denied`), more than 100 times within a second."
    );
}
