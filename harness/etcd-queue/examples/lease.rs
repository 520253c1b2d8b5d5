//! Works on items at least once: `cargo run --example lease -- 127.0.0.1:2379 /jobs`.
//!
//! The length of each item is written to `/done<prefix>/…` in the same transaction that acknowledges it (a name that
//! does not begin with the queue's: the Go recipe would take it for an item). Kill this program while it works: another one takes over what it held when its
//! session ends. An item `fail` is given back each time, and ends among the dead letters.

use std::time::Duration;

use etcd_client::TxnOp;
use etcd_queue::{ClusterOptions, Delivery, Error, Joined, LeaseQueue};
use futures::StreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let mut arguments = std::env::args().skip(1);
    let endpoints = arguments.next().ok_or("give endpoints, with commas between them, and a prefix")?;
    let prefix = arguments.next().ok_or("give a prefix, for example /jobs")?;

    let mut options = ClusterOptions::new();
    if let (Ok(user), Ok(password)) = (std::env::var("ETCD_USER"), std::env::var("ETCD_PASSWORD")) {
        options = options.user(user, password);
    }
    let queue = LeaseQueue::connect(endpoints.split(','), options, prefix.clone())?
        .session_ttl(Duration::from_secs(10))
        .max_deliveries(3)
        .open()?;
    let mut deliveries = queue.stream().take_until(Box::pin(tokio::signal::ctrl_c()));
    while let Some(delivery) = deliveries.next().await {
        if let Err(error) = work(&prefix, delivery?).await {
            eprintln!("{error}");
        }
    }
    // What is held is given back at once, and not only when the session has ended.
    queue.close().await;
    for letter in queue.dead_letters().list(10).await? {
        let value = String::from_utf8_lossy(letter.value());
        eprintln!("put aside after {} deliveries: {value:?}: {}", letter.attempts(), letter.why());
    }
    Ok(())
}

async fn work(prefix: &str, delivery: Delivery) -> Result<(), Error> {
    if delivery.value() == b"fail" {
        return delivery.nack(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let done = format!("/done{prefix}/{}", delivery.key().escape_ascii());
    let result = TxnOp::put(done, delivery.value().len().to_string(), None);
    if let Joined::Committed { revision } = delivery.ack_with([], [result]).await? {
        println!("{} at revision {revision}", String::from_utf8_lossy(delivery.value()));
    }
    Ok(())
}
