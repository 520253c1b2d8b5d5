//! Programs that break the protocol: the run is inconclusive, and the line is quoted.

use std::time::Duration;

use deadwatch::subject::{
    Patience, Reply,
    program::{StartError, start},
};

use crate::talk::{Talk, item, on_a_runtime, sh};

crate::cases![
    a_line_that_is_no_json_is_quoted,
    an_empty_line_is_no_json,
    an_answer_to_a_call_that_was_never_made_is_quoted,
    a_second_answer_to_a_call_is_quoted,
    an_item_for_an_enqueue_is_quoted,
    a_client_that_nobody_opens_is_quoted,
    a_line_without_end_is_not_kept,
    an_open_that_is_not_answered_has_a_limit,
    a_program_that_takes_no_input_has_the_same_limit,
    a_command_that_does_not_exist_says_so,
    a_command_that_is_no_program_says_so,
    an_empty_command_says_so,
    an_end_without_an_open_call_is_no_crash,
    an_end_before_the_client_is_open_is_no_crash,
    a_program_that_closes_its_output_must_end,
];

/// What a program that writes this after the call 1 is told.
fn breach(script: &str) -> String {
    let mut words = String::new();
    on_a_runtime(async {
        let mut talk = Talk::after_open(&format!("hear\n{script}\nhear")).await;
        talk.dequeue(1);
        words = talk.broke().await;
    });
    words
}

fn starts_with(words: &str, start: &str) {
    assert!(words.starts_with(start), "{words}");
}

fn a_line_that_is_no_json_is_quoted() {
    starts_with(&breach("say 'connected to etcd'"), "the line `connected to etcd` is no JSON (");
}

fn an_empty_line_is_no_json() {
    starts_with(&breach("say ''"), "the line `` is no JSON (");
}

fn an_answer_to_a_call_that_was_never_made_is_quoted() {
    let line = r#"{"id":7,"item":"a"}"#;
    let words = format!("the line `{line}` answers the call 7, which was never made");
    assert_eq!(breach(&format!("say '{line}'")), words);
}

fn a_second_answer_to_a_call_is_quoted() {
    on_a_runtime(async {
        let script = r#"hear; say '{"id":1,"item":"a"}'; say '{"id":1,"item":"b"}'; hear"#;
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        assert_eq!(talk.next().await, item(1, "a"));
        assert_eq!(talk.broke().await, r#"the line `{"id":1,"item":"b"}` answers the call 1 once more"#);
    });
}

fn an_item_for_an_enqueue_is_quoted() {
    on_a_runtime(async {
        let mut talk = Talk::after_open(r#"hear; say '{"id":1,"item":"a"}'; hear"#).await;
        talk.enqueue(1, "/test", "a");
        let words =
            r#"the line `{"id":1,"item":"a"}` answers the call 1 with an item, where "ok" was expected"#;
        assert_eq!(talk.broke().await, words);
    });
}

fn a_client_that_nobody_opens_is_quoted() {
    let line = r#"{"op":"open","client":"shared"}"#;
    let words = format!("the line `{line}` says that the client \"shared\" is open, which nobody asked for");
    assert_eq!(breach(&format!("say '{line}'")), words);
}

fn a_line_without_end_is_not_kept() {
    // 8 MiB, and no end of the line.
    let words =
        breach("x=xxxxxxxxxxxxxxxx; n=0; while [ $n -lt 19 ]; do x=$x$x; n=$((n+1)); done; printf %s $x");
    starts_with(&words, "the line `xxxx");
    assert!(words.ends_with("x…` is longer than 4194304 bytes"), "{words}");
}

fn an_open_that_is_not_answered_has_a_limit() {
    on_a_runtime(async {
        let patience = Patience { open: Duration::from_millis(300), ..Patience::default() };
        let mut talk = Talk::started(&sh("while read -r line; do :; done", ""), patience);
        talk.open();
        assert_eq!(talk.broke().await, "the client \"shared\" was not opened within 300ms");
    });
}

fn a_program_that_takes_no_input_has_the_same_limit() {
    on_a_runtime(async {
        let patience = Patience { open: Duration::from_millis(300), ..Patience::default() };
        let mut talk = Talk::started(&sh("while :; do sleep 1; done", ""), patience);
        for id in 0..10_000 {
            talk.dequeue(id);
        }
        talk.open();
        assert_eq!(talk.broke().await, "the client \"shared\" was not opened within 300ms");
    });
}

fn refusal(command: &[&str]) -> String {
    let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
    let mut words = String::new();
    on_a_runtime(async {
        let error: StartError = start(&command).expect_err("this cannot be started");
        words = error.to_string();
    });
    words
}

fn a_command_that_does_not_exist_says_so() {
    let words = refusal(&["./no-such-consumer", "--now"]);
    starts_with(&words, "start `./no-such-consumer` (expected a path, or a name in PATH): No such file");
}

fn a_command_that_is_no_program_says_so() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let words = refusal(&[manifest]);
    assert!(words.contains("Permission denied"), "{words}");
}

fn an_empty_command_says_so() {
    starts_with(&refusal(&[]), "start a program: the command is empty");
}

fn an_end_without_an_open_call_is_no_crash() {
    on_a_runtime(async {
        let script = r#"hear; say '{"id":1,"item":"a"}'; echo 'all done' >&2; exit 3"#;
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        assert_eq!(talk.next().await, item(1, "a"));
        let words = "the program ended (exit status 3) with no call open, though its input had not ended; \
                     the last line of its log is `all done`";
        assert_eq!(talk.broke().await, words);
    });
}

fn an_end_before_the_client_is_open_is_no_crash() {
    on_a_runtime(async {
        let mut talk = Talk::with("read -r hello; read -r open; exit 127");
        talk.open();
        let words = "the program ended (exit status 127) while the client \"shared\" was being opened";
        assert_eq!(talk.broke().await, words);
    });
}

fn a_program_that_closes_its_output_must_end() {
    on_a_runtime(async {
        let patience = Patience { end: Duration::from_millis(300), ..Patience::default() };
        let script = "hear; exec >/dev/null; while :; do sleep 1; done";
        let mut talk = Talk::after_open_with(script, "", patience).await;
        talk.dequeue(1);
        let reply = talk.next().await;
        let words = "the program closed its standard output but did not end".to_owned();
        assert_eq!(reply, Some(Reply::Broke(words)));
    });
}
