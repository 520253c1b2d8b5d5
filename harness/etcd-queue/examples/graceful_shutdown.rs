//! Works on items in batches until it is interrupted, and ends without losing any:
//! `cargo run --example graceful_shutdown -- 127.0.0.1:2379 /jobs`, and Ctrl-C.

use std::time::Duration;

use etcd_client::Client;
use etcd_queue::{Error, Item, Queue, connect_options};
use tokio::time::sleep;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let endpoint = arguments.next().ok_or("give an endpoint and a prefix")?;
    let prefix = arguments.next().ok_or("give a prefix, for example /jobs")?;

    let mut options = connect_options();
    if let (Ok(user), Ok(password)) = (std::env::var("ETCD_USER"), std::env::var("ETCD_PASSWORD")) {
        options = options.with_user(user, password);
    }
    let client = Client::connect([endpoint], Some(options)).await?;
    // What is claimed ahead is put back at the end.
    let queue = Queue::builder(client, prefix).read_ahead(20).open()?;
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let outcome = loop {
        // Dropping the call loses nothing: it can stand here beside the signal.
        let items = tokio::select! {
            items = queue.next_batch(10) => items,
            _ = &mut interrupted => break Ok(()),
        };
        match items {
            Ok(items) => work_on(&items).await,
            // What was claimed ahead is put back after an error too.
            Err(error) => break Err(error),
        }
    };
    match queue.close().await {
        Ok(()) => println!("everything that was claimed and not worked on is back in the queue"),
        Err(Error::LeftOver { items, reason }) => {
            println!("etcd is away ({reason}); these are in nobody's hands but ours:");
            items.iter().for_each(|item| println!("{}", String::from_utf8_lossy(item.value())));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(outcome?)
}

async fn work_on(items: &[Item]) {
    for item in items {
        println!("{}", String::from_utf8_lossy(item.value()));
        sleep(Duration::from_millis(100)).await;
    }
}
