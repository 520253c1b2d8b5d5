//! Stores what is given on the command line: `cargo run --example producer -- 127.0.0.1:2379 /jobs a b c`.

use etcd_client::Client;
use etcd_queue::{Error, Queue, connect_options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let endpoint = arguments.next().ok_or("give an endpoint, a prefix, and items")?;
    let prefix = arguments.next().ok_or("give a prefix, for example /jobs, and items")?;

    let mut options = connect_options();
    if let (Ok(user), Ok(password)) = (std::env::var("ETCD_USER"), std::env::var("ETCD_PASSWORD")) {
        options = options.with_user(user, password);
    }
    let client = Client::connect([endpoint], Some(options)).await?;
    let queue = Queue::builder(client, prefix).open()?;
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
