//! Programs that die while a call is open.

use std::{env, time::Duration};

use deadwatch::subject::{Death, Patience, Reply};
use tokio::time::sleep;

use crate::talk::{IN_VAIN, OUT_OF_THE_GROUP, Talk, item, on_a_runtime};

crate::cases![
    an_exit_with_a_call_open_is_a_crash_whatever_its_status,
    a_signal_with_a_call_open_is_a_crash,
    a_panic_is_told_by_its_message_and_its_place,
    what_was_answered_before_the_crash_counts,
    a_call_on_its_way_into_a_crash_was_open,
    a_line_that_the_crash_cut_short_is_no_breach,
    a_flooded_log_is_drained_before_the_crash_is_told,
    a_call_soon_after_the_crash_was_open_too,
    a_process_left_behind_does_not_hold_up_the_news,
    all_that_comes_out_of_the_pipes_counts,
];

/// The death of a program that does this when it has got the call 1.
fn death(script: &str) -> Death {
    let mut death = None;
    on_a_runtime(async {
        let mut talk = Talk::after_open(&format!("hear\n{script}")).await;
        talk.dequeue(1);
        death = died(&mut talk).await;
    });
    death.unwrap()
}

async fn died(talk: &mut Talk) -> Option<Death> {
    let reply = talk.next().await;
    let Some(Reply::Died(death)) = reply else { panic!("expected a death, got {reply:?}") };
    assert_eq!(talk.next().await, None, "something follows a death");
    Some(death)
}

fn an_exit_with_a_call_open_is_a_crash_whatever_its_status() {
    for code in [0, 3] {
        let cause = format!("exit status {code}");
        let expected = Death { cause, place: None, exit_code: Some(code) };
        assert_eq!(death(&format!("exit {code}")), expected);
    }
}

fn a_signal_with_a_call_open_is_a_crash() {
    let killed = Death { cause: "signal 9".to_owned(), place: None, exit_code: None };
    assert_eq!(death("kill -9 $$"), killed);
}

fn a_panic_is_told_by_its_message_and_its_place() {
    let script = r"printf 'panic: no event\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/queue.go:70 +0x1ee\n' >&2
        exit 2";
    let cause = "panic: no event".to_owned();
    let place = Some("queue.go:70".to_owned());
    assert_eq!(death(script), Death { cause, place, exit_code: Some(2) });
}

fn what_was_answered_before_the_crash_counts() {
    on_a_runtime(async {
        let script = r#"hear; hear; say '{"id":2,"item":"b"}'; exit 3"#;
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        talk.dequeue(2);
        assert_eq!(talk.next().await, item(2, "b"));
        died(&mut talk).await;
    });
}

fn a_call_on_its_way_into_a_crash_was_open() {
    on_a_runtime(async {
        // It takes the item and is gone before the next call, which comes at once.
        let mut talk = Talk::after_open(r#"hear; say '{"id":1,"item":"a"}'; exit 3"#).await;
        talk.dequeue(1);
        assert_eq!(talk.next().await, item(1, "a"));
        talk.dequeue(2);
        assert_eq!(died(&mut talk).await.unwrap().cause, "exit status 3");
    });
}

fn a_line_that_the_crash_cut_short_is_no_breach() {
    assert_eq!(death(r#"printf '{"id":1,"it'; exit 3"#).cause, "exit status 3");
}

fn a_flooded_log_is_drained_before_the_crash_is_told() {
    on_a_runtime(async {
        // 2.4 MB, far more than a pipe holds and a log keeps; the panic comes last.
        let script = r"hear; n=0
            while [ $n -lt 20000 ]; do
                echo 'the quick brown fox jumps over the lazy dog, and over the lazy dog again, and then once more, as if it had to be done' >&2
                n=$((n+1))
            done
            printf 'panic: at last\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/a.go:7 +0x1\n' >&2; exit 2";
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        let death = died(&mut talk).await.unwrap();
        assert_eq!((death.cause.as_str(), death.place.as_deref()), ("panic: at last", Some("a.go:7")));
        let log = talk.running.log.text();
        assert!(log.starts_with("[2"), "{}", &log[..100]);
        assert!(log.len() <= 64 * 1024 + 100, "{} bytes", log.len());
        assert!(log.ends_with("/srv/a.go:7 +0x1\n"));
    });
}

fn a_process_left_behind_does_not_hold_up_the_news() {
    on_a_runtime(async {
        // The sleeper holds all three pipes open. Were it not killed, waiting for the rest would have to give up.
        let patience = Patience { rest: IN_VAIN * 2, ..Patience::default() };
        let mut talk = Talk::after_open_with("hear; sleep 600 & exit 3", "", patience).await;
        talk.dequeue(1);
        assert_eq!(died(&mut talk).await.unwrap().cause, "exit status 3");
    });
}

fn a_call_soon_after_the_crash_was_open_too() {
    on_a_runtime(async {
        let patience = Patience { next_call: IN_VAIN, ..Patience::default() };
        let script = r#"hear; say '{"id":1,"item":"a"}'; exit 3"#;
        let mut talk = Talk::after_open_with(script, "", patience).await;
        talk.dequeue(1);
        assert_eq!(talk.next().await, item(1, "a"));
        // Time for the end to be noticed, so that the call comes after it; were it not, this would be the case above.
        sleep(Duration::from_millis(500)).await;
        talk.dequeue(2);
        assert_eq!(died(&mut talk).await.unwrap().cause, "exit status 3");
    });
}

fn all_that_comes_out_of_the_pipes_counts() {
    on_a_runtime(async {
        // One that has left the group holds the pipes, and writes to them when the program has ended.
        let script = format!(
            r#"hear; hear
            "$1" {OUT_OF_THE_GROUP} sh -c 'sleep 1; echo "{{\"id\":2,\"item\":\"b\"}}"; exec >&-; sleep 1; echo late >&2'
            exit 3"#
        );
        let patience = Patience { rest: IN_VAIN, ..Patience::default() };
        let itself = env::current_exe().unwrap();
        let mut talk = Talk::after_open_with(&script, itself.to_str().unwrap(), patience).await;
        talk.dequeue(1);
        talk.dequeue(2);
        assert_eq!(talk.next().await, item(2, "b"));
        assert_eq!(died(&mut talk).await.unwrap().cause, "exit status 3");
        assert_eq!(talk.running.log.text(), "late\n");
    });
}
