//! Stores what is given on the command line: `cargo run --example producer -- 127.0.0.1:2379 /jobs a b c`.

use etcd_queue::{ClusterOptions, Error, Queue};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let endpoints =
        arguments.next().ok_or("give endpoints, with commas between them, a prefix, and items")?;
    let prefix = arguments.next().ok_or("give a prefix, for example /jobs, and items")?;

    let mut options = ClusterOptions::new();
    if let (Ok(user), Ok(password)) = (std::env::var("ETCD_USER"), std::env::var("ETCD_PASSWORD")) {
        options = options.user(user, password);
    }
    let queue = Queue::connect(endpoints.split(','), options, prefix)?.open()?;
    match queue.enqueue_all(arguments).await {
        Ok(()) => {}
        // Nothing is stored twice by going on from there, unless the cause is `Unsettled`.
        Err(Error::Partly { stored, cause }) => println!("{stored} items are stored, and then: {cause}"),
        Err(error) => return Err(error.into()),
    }
    println!("{} items are stored now", queue.len().await?);
    queue.close().await?;
    Ok(())
}
