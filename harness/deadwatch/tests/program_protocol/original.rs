//! The untouched Go recipe behind the protocol, against a real etcd 3.5.5.

use std::{env, time::Duration};

use deadwatch::{
    etcd::Credentials,
    scenario::Version,
    subject::{Call, Death, Original, Patience, Reply, Request, Returned, Running},
};
use libtest_mimic::Trial;
use tokio::time::sleep;

use crate::{
    Case,
    etcd::{self, Etcd},
    talk::{Talk, item, on_a_runtime, returned},
};

crate::cases![
    a_second_dequeue_after_the_token_died_is_the_death_of_all,
    calls_wait_beside_each_other,
    a_refused_login_fails_the_open,
    what_the_recipe_cannot_do_is_unsupported,
    a_waiting_dequeue_does_not_hold_up_the_end,
    a_client_that_is_closed_fails_its_later_calls_and_can_be_opened_again,
];

/// The cases of the rooms that need the program; ignored where it or etcd is missing, unless `DEADWATCH_REQUIRE` has
/// `go`.
pub fn trials(rooms: &[(&str, &[Case])]) -> Vec<Trial> {
    let missing = missing();
    let required =
        env::var("DEADWATCH_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == "go"));
    if let Some(reason) = &missing {
        eprintln!("original::*: {reason}");
    }
    let trial = |room: &str, &(name, case): &Case| {
        let missing = missing.clone();
        let ignored = missing.is_some() && !required;
        let run = move || match missing {
            Some(reason) => Err(reason.into()),
            None => {
                case();
                Ok(())
            }
        };
        Trial::test(format!("{room}::{name}"), run).with_ignored_flag(ignored)
    };
    rooms.iter().flat_map(|(room, cases)| cases.iter().map(|case| trial(room, case))).collect()
}

fn missing() -> Option<String> {
    match find() {
        Original::Missing(words) => Some(words),
        Original::Found(_) if !etcd::binary().is_file() => {
            Some(format!("no etcd {0} built: run `just etcd {0}`", etcd::VERSION))
        }
        Original::Found(_) => None,
    }
}

fn find() -> Original {
    Original::find(Version::new(3, 5, 11))
}

fn started() -> Talk {
    let Original::Found(program) = find() else { panic!("it was there a moment ago") };
    Talk::started(&[program.to_str().unwrap().to_owned()], Patience::default())
}

pub async fn opened(etcd: &Etcd) -> Talk {
    let mut talk = started();
    talk.open_at(etcd.address, Some(Credentials::root()));
    assert_eq!(talk.next().await, Some(Reply::Opened { client: "shared".to_owned(), error: None }));
    talk
}

fn a_second_dequeue_after_the_token_died_is_the_death_of_all() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        talk.dequeue(1);
        // A token dies between 1 and 2 s after its last use; there is no sign of it to wait for.
        sleep(Duration::from_secs(3)).await;
        talk.dequeue(2);
        let cause = "panic: runtime error: invalid memory address or nil pointer dereference".to_owned();
        let death = Death { cause, place: Some("queue.go:70".to_owned()), exit_code: Some(2) };
        assert_eq!(talk.next().await, Some(Reply::Died(death)));
        let log = talk.running.log.text();
        assert!(log.contains("etcdserver: invalid auth token"), "{log}");
        assert!(log.contains("client/v3@v3.5.11/experimental/recipes/queue.go:70"), "{log}");
    });
}

fn calls_wait_beside_each_other() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        talk.dequeue_from(1, "/a");
        talk.dequeue_from(2, "/b");
        talk.enqueue(3, "/b", "late");
        assert_eq!(talk.next().await, returned(3, Returned::Done));
        assert_eq!(talk.next().await, item(2, "late"));
        talk.enqueue(4, "/a", "later");
        assert_eq!(talk.next().await, returned(4, Returned::Done));
        assert_eq!(talk.next().await, item(1, "later"));
    });
}

fn a_refused_login_fails_the_open() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = started();
        let wrong = Credentials { user: "root".to_owned(), password: "wrong".to_owned() };
        talk.open_at(etcd.address, Some(wrong));
        let reply = talk.next().await;
        let Some(Reply::Opened { error: Some(error), .. }) = reply else { panic!("{reply:?}") };
        assert_eq!(error, "etcdserver: authentication failed, invalid user ID or password");
    });
}

fn what_the_recipe_cannot_do_is_unsupported() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        talk.call(1, Call::Ack { token: "T".to_owned() });
        assert_eq!(talk.next().await, returned(1, Returned::Unsupported));
        talk.dequeue(2);
        talk.ask(Request::Cancel { id: 2 });
        assert_eq!(talk.next().await, returned(2, Returned::Unsupported));
        // The call itself goes on.
        talk.enqueue(3, "/test", "a");
        let mut replies = [talk.next().await, talk.next().await];
        replies.sort_by_key(|reply| !matches!(reply, Some(Reply::Returned { id: 2, .. })));
        assert_eq!(replies, [item(2, "a"), returned(3, Returned::Done)]);
    });
}

fn a_waiting_dequeue_does_not_hold_up_the_end() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let Talk { running } = {
            let mut talk = opened(&etcd).await;
            talk.dequeue(1);
            // By this answer the call before it is known to have been read.
            talk.enqueue(2, "/other", "a");
            assert_eq!(talk.next().await, returned(2, Returned::Done));
            talk
        };
        let Running { requests, mut replies, log } = running;
        drop(requests);
        assert_eq!(replies.recv().await, None);
        assert_eq!(log.text(), "");
    });
}

fn a_client_that_is_closed_fails_its_later_calls_and_can_be_opened_again() {
    on_a_runtime(async {
        let etcd = Etcd::with_short_tokens().await;
        let mut talk = opened(&etcd).await;
        let closed = Some(Reply::Closed { client: "shared".to_owned() });
        for _ in 0..2 {
            talk.ask(Request::Close { client: "shared".to_owned() });
            assert_eq!(talk.next().await, closed);
        }
        talk.dequeue(1);
        let closing = "rpc error: code = Canceled desc = grpc: the client connection is closing".to_owned();
        assert_eq!(talk.next().await, returned(1, Returned::Error(closing)));
        talk.open_at(etcd.address, Some(Credentials::root()));
        assert_eq!(talk.next().await, Some(Reply::Opened { client: "shared".to_owned(), error: None }));
        talk.enqueue(2, "/test", "a");
        assert_eq!(talk.next().await, returned(2, Returned::Done));
    });
}
