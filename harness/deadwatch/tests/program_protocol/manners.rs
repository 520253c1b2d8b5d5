//! Programs that keep the protocol.

use deadwatch::subject::{Call, Reply, Request, Returned};

use crate::talk::{Talk, item, on_a_runtime, returned};

crate::cases![
    hello_comes_first,
    an_open_that_fails_says_why,
    calls_are_answered_out_of_order,
    a_token_comes_with_its_item_and_goes_back,
    what_is_not_offered_is_unsupported,
    a_call_is_cancelled,
    an_item_that_crosses_a_cancel_is_accepted,
    a_client_is_closed,
    what_is_logged_is_no_answer,
];

fn hello_comes_first() {
    on_a_runtime(async {
        // It says what it heard as the reason why its client is not opened.
        let mut talk = Talk::with(
            r#"IFS= read -r hello; read -r open
            hello=$(printf %s "$hello" | tr '"' "'")
            printf '{"op":"open","client":"shared","error":"%s"}\n' "$hello"; read -r end"#,
        );
        talk.open();
        let error = Some("{'op':'hello','protocol':1}".to_owned());
        assert_eq!(talk.next().await, Some(Reply::Opened { client: "shared".to_owned(), error }));
    });
}

fn an_open_that_fails_says_why() {
    on_a_runtime(async {
        let mut talk = Talk::with(
            r#"read -r hello; read -r open
            echo '{"op":"open","client":"shared","error":"no etcd there"}'; read -r end"#,
        );
        talk.open();
        let error = Some("no etcd there".to_owned());
        assert_eq!(talk.next().await, Some(Reply::Opened { client: "shared".to_owned(), error }));
    });
}

fn calls_are_answered_out_of_order() {
    on_a_runtime(async {
        let script = r#"hear; hear; say '{"id":2,"item":"b"}'; say '{"id":1,"item":"a"}'; hear"#;
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        talk.dequeue(2);
        assert_eq!(talk.next().await, item(2, "b"));
        assert_eq!(talk.next().await, item(1, "a"));
    });
}

fn a_token_comes_with_its_item_and_goes_back() {
    on_a_runtime(async {
        let script = r#"hear; say '{"id":1,"item":"a","ack":"T"}'
            hear; case $line in *'"method":"ack"'*'"token":"T"'*) say '{"id":2,"ok":true}';; esac; hear"#;
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        let with_token = Returned::Item { item: "a".to_owned(), ack: Some("T".to_owned()) };
        assert_eq!(talk.next().await, returned(1, with_token));
        talk.call(2, Call::Ack { token: "T".to_owned() });
        assert_eq!(talk.next().await, returned(2, Returned::Done));
    });
}

fn what_is_not_offered_is_unsupported() {
    on_a_runtime(async {
        let mut talk = Talk::after_open(r#"hear; say '{"id":1,"unsupported":true}'; hear"#).await;
        talk.enqueue(1, "/test", "a");
        assert_eq!(talk.next().await, returned(1, Returned::Unsupported));
    });
}

fn a_call_is_cancelled() {
    on_a_runtime(async {
        let script = r#"hear; hear
            case $line in '{"op":"cancel","id":1}') say '{"id":1,"cancelled":true}';; esac; hear"#;
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        talk.ask(Request::Cancel { id: 1 });
        assert_eq!(talk.next().await, Some(Reply::Cancelled { id: 1 }));
    });
}

fn an_item_that_crosses_a_cancel_is_accepted() {
    on_a_runtime(async {
        let script = r#"hear; hear; say '{"id":1,"item":"a"}'; say '{"id":1,"cancelled":true}'
            hear; say '{"id":2,"item":"b"}'; hear"#;
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        talk.ask(Request::Cancel { id: 1 });
        assert_eq!(talk.next().await, item(1, "a"));
        talk.dequeue(2);
        assert_eq!(talk.next().await, item(2, "b"));
    });
}

fn a_client_is_closed() {
    on_a_runtime(async {
        let mut talk = Talk::after_open(r#"hear; say '{"op":"close","client":"shared"}'; hear"#).await;
        talk.ask(Request::Close { client: "shared".to_owned() });
        assert_eq!(talk.next().await, Some(Reply::Closed { client: "shared".to_owned() }));
    });
}

fn what_is_logged_is_no_answer() {
    on_a_runtime(async {
        let script = r#"hear; echo 'taking an item' >&2; say '{"id":1,"item":"a"}'; hear"#;
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        assert_eq!(talk.next().await, item(1, "a"));
        drop(talk.running.requests);
        assert_eq!(talk.running.replies.recv().await, None);
        assert_eq!(talk.running.log.text(), "taking an item\n");
    });
}
