//! Rights and limits as real etcds have them: what the in-memory one was told, seen for true.

use etcd_queue::Error;

use crate::server::{Server, options};
use crate::{next_text, open, text, trials, waiting};

trials![
    without_rights_on_its_records_a_queue_says_so_and_works,
    a_changed_password_is_named,
    batches_at_the_limit_pass_whole_and_in_parts,
    the_largest_value_is_almost_as_large_as_etcd_takes,
];

async fn without_rights_on_its_records_a_queue_says_so_and_works(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    server.add_user("worker", &[("/test/", "/test0")]).await;
    let queue = open(&server.connect(Some("worker")).await, "/test");
    queue.enqueue_all((0..200).map(|n| n.to_string())).await.unwrap();
    let mut taken = Vec::new();
    while taken.len() < 200 {
        taken.extend(queue.next_batch(126).await.unwrap().iter().map(text));
    }
    assert_eq!(taken, (0..200).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(queue.degraded().unwrap().range, "[__rq1:5:/test/, __rq1:5:/test0)");
}

async fn a_changed_password_is_named(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    server.add_user("worker", &[("/test/", "/test0"), ("__rq1:5:/test/", "__rq1:5:/test0")]).await;
    let queue = open(&server.connect(Some("worker")).await, "/test");
    queue.enqueue("a").await.unwrap();
    assert_eq!(next_text(&queue).await, "a");
    let waiting = waiting(&queue);
    let mut root = server.connect(Some("root")).await;
    root.user_change_password("worker", "another").await.unwrap();
    open(&root, "/test").enqueue("b").await.unwrap();
    let refused = waiting.await.unwrap().unwrap_err();
    let Error::LoginRefused { range, reason } = &refused else { panic!("{refused:?}") };
    assert_eq!(range, "[/test/, /test0)");
    assert_eq!(reason, "etcdserver: authentication failed, invalid user ID or password");
    let refused = queue.enqueue("c").await.unwrap_err();
    assert!(matches!(refused, Error::LoginRefused { .. }), "{refused:?}");
    let again = etcd_client::Client::connect(
        [server.endpoint()],
        Some(options("worker").with_user("worker", "another")),
    );
    assert_eq!(next_text(&open(&again.await.unwrap(), "/test")).await, "b");
}

async fn batches_at_the_limit_pass_whole_and_in_parts(version: &'static str) {
    let server = Server::start(version).await;
    let consumers = [
        open(&server.connect(None).await, "/test"),
        open(&server.connect(None).await, "/test"),
        open(&server.connect(None).await, "/test"),
    ];
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    for queue in consumers {
        let sender = sender.clone();
        tokio::spawn(async move {
            loop {
                // An error, as of a transaction that is too large, ends the test by the panic of its task.
                let items = queue.next_batch(126).await.unwrap();
                items.iter().for_each(|item| sender.send(text(item)).unwrap());
            }
        });
    }
    let producer = open(&server.connect(None).await, "/test");
    let mut all = std::collections::BTreeSet::new();
    producer.enqueue_all((0..5_000).map(|n| n.to_string())).await.unwrap();
    while all.len() < 5_000 {
        assert!(all.insert(taken.recv().await.unwrap()), "handed out twice");
    }
}

async fn the_largest_value_is_almost_as_large_as_etcd_takes(version: &'static str) {
    let server = Server::start(version).await;
    let queue = open(&server.connect(None).await, "/test");
    let limit = 1536 * 1024;
    queue.enqueue(vec![7; limit - 512]).await.unwrap();
    let refused = queue.enqueue(vec![7; limit]).await.unwrap_err();
    assert!(matches!(refused, Error::TooLarge { .. }), "{refused:?}");
    assert_eq!(queue.next().await.unwrap().value().len(), limit - 512);
}
