//! Takes items and prints them, for ever: `cargo run --example consumer -- 127.0.0.1:2379 /jobs`;
//! with authentication: `ETCD_USER=worker ETCD_PASSWORD=secret cargo run …`.
//!
//! Kill etcd under it and start it again; compact it; take the user's rights away and give them back. With
//! `RUST_LOG=etcd_queue=info` it tells what it mends.

use std::io::Write;

use etcd_queue::{Certainty, ClusterOptions, Error, Queue};
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
    let queue = Queue::connect(endpoints.split(','), options, prefix)?.open()?;
    let mut items = queue.stream();
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => {
                let mut out = std::io::stdout().lock();
                out.write_all(item.value())?;
                writeln!(out)?;
                if item.certainty() == Certainty::Presumed {
                    eprintln!("somebody else may have got this one too: {:?}", queue.degraded());
                }
            }
            // Somebody has to give the right back; until then this comes a few times a second at most.
            Err(error @ (Error::PermissionDenied { .. } | Error::LoginRefused { .. })) => {
                eprintln!("{error}")
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
