//! Replies lost by chance, requests that arrive late, connections cut, restarts and compactions: every item
//! that was enqueued comes out once, and no other.

use std::collections::BTreeMap;
use std::time::Duration;

use etcd_client::Client;
use etcd_queue::Certainty;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::dice::Dice;
use crate::etcd::{Etcd, stored};
use crate::open;
use crate::wire::{Weather, Wire};

const ITEMS: u64 = 600;

/// What besides lost replies goes wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    Cuts,
    Restarts,
    Compactions,
}

struct Outcome {
    ambiguous: usize,
    handed_out: BTreeMap<String, usize>,
    left: i64,
}

/// Two producers, three consumers, one bad wire for each.
async fn run(seed: u64, trouble: Trouble) -> Outcome {
    let etcd = Etcd::start("3.5.5");
    let mut clients: Vec<(Client, Wire)> = Vec::new();
    for n in 0..5 {
        let (client, wire) = etcd.wired(None).await;
        wire.weather(Some(Weather { dice: Dice::of(seed * 10 + n), per_mille: 150 }));
        clients.push((client, wire));
    }
    let (sender, mut taken) = mpsc::unbounded_channel();
    let queues: Vec<_> = clients.iter().map(|(client, _)| open(client, "/test")).collect();
    for (n, queue) in queues[..3].iter().enumerate() {
        let (queue, sender) = (queue.clone(), sender.clone());
        tokio::spawn(async move {
            while let Ok(items) = queue.next_batch([1, 7, 40][n]).await {
                sender.send(items).unwrap();
            }
        });
    }
    for (producer, queue) in queues[3..].iter().enumerate() {
        let queue = queue.clone();
        tokio::spawn(async move {
            let mut dice = Dice::of(seed + 77);
            let mut n = 0;
            while n < ITEMS / 2 {
                let many = (1 + dice.below(20)).min(ITEMS / 2 - n);
                let values = (n..n + many).map(|n| format!("{producer}.{n}"));
                queue.enqueue_all(values).await.unwrap();
                n += many;
                sleep(Duration::from_millis(dice.below(30))).await;
            }
        });
    }
    let wires: Vec<Wire> = clients.iter().map(|(_, wire)| wire.clone()).collect();
    let mut root = etcd.client().await;
    let troublemaker = tokio::spawn(async move {
        let mut dice = Dice::of(seed + 5);
        loop {
            sleep(Duration::from_millis(20 + dice.below(400))).await;
            match trouble {
                Trouble::None => {}
                Trouble::Cuts => wires[usize::try_from(dice.below(5)).unwrap()].cut(),
                Trouble::Compactions => etcd.compact(&mut root).await,
                Trouble::Restarts => {
                    etcd.kill().await;
                    sleep(Duration::from_millis(dice.below(300))).await;
                    etcd.start_again().await;
                }
            }
        }
    });
    let mut handed_out = BTreeMap::new();
    let mut count = 0;
    while count < ITEMS {
        let items = timeout(Duration::from_secs(60), taken.recv()).await;
        let items = items.unwrap_or_else(|_| panic!("seed {seed}: only {count} came out")).unwrap();
        for item in items {
            assert_eq!(item.certainty(), Certainty::Confirmed);
            *handed_out.entry(crate::text(&item)).or_default() += 1;
            count += 1;
        }
    }
    troublemaker.abort();
    for (_, wire) in &clients {
        wire.weather(None);
    }
    // Requests that are late come in, and nothing may come of them.
    sleep(Duration::from_secs(3)).await;
    while let Ok(items) = taken.try_recv() {
        items.iter().for_each(|item| *handed_out.entry(crate::text(item)).or_default() += 1);
    }
    let ambiguous = clients.iter().map(|(_, wire)| wire.carried_out_unheard()).sum();
    Outcome { ambiguous, handed_out, left: stored(&mut clients[0].0, "/test/").await }
}

async fn nothing_is_lost_or_doubled(trouble: Trouble) {
    let mut ambiguous = 0;
    for seed in 0..4 {
        let outcome = run(seed, trouble).await;
        let doubled: Vec<_> = outcome.handed_out.iter().filter(|(_, count)| **count > 1).collect();
        assert_eq!(doubled, [], "seed {seed}: handed out twice");
        assert_eq!(outcome.handed_out.len(), usize::try_from(ITEMS).unwrap(), "seed {seed}: lost");
        assert_eq!(outcome.left, 0, "seed {seed}: stored after all were handed out");
        ambiguous += outcome.ambiguous;
    }
    assert!(ambiguous >= 60, "only {ambiguous} transactions were carried out unheard");
}

#[tokio::test(start_paused = true)]
async fn lost_replies_lose_and_double_nothing() {
    nothing_is_lost_or_doubled(Trouble::None).await;
}

#[tokio::test(start_paused = true)]
async fn lost_replies_and_cut_connections_lose_and_double_nothing() {
    nothing_is_lost_or_doubled(Trouble::Cuts).await;
}

#[tokio::test(start_paused = true)]
async fn lost_replies_and_restarts_lose_and_double_nothing() {
    nothing_is_lost_or_doubled(Trouble::Restarts).await;
}

#[tokio::test(start_paused = true)]
async fn lost_replies_and_compactions_lose_and_double_nothing() {
    nothing_is_lost_or_doubled(Trouble::Compactions).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    let [one, other] = [run(3, Trouble::Cuts).await, run(3, Trouble::Cuts).await];
    assert_eq!((one.ambiguous, one.handed_out), (other.ambiguous, other.handed_out));
}

#[tokio::test(start_paused = true)]
async fn a_lone_consumer_gets_everything_in_commit_order_through_all_this() {
    for seed in 0..4 {
        let etcd = Etcd::start("3.5.16");
        let (producer, for_producer) = etcd.wired(None).await;
        let (consumer, for_consumer) = etcd.wired(None).await;
        let queue = crate::builder(&consumer, "/test").read_ahead(300).open().unwrap();
        for (wire, seed) in [(&for_producer, seed), (&for_consumer, seed + 100)] {
            wire.weather(Some(Weather { dice: Dice::of(seed), per_mille: 150 }));
        }
        let producing = tokio::spawn(async move {
            let (queue, mut dice) = (open(&producer, "/test"), Dice::of(seed));
            let mut n = 0;
            while n < 3_000 {
                let many = 1 + dice.below(300);
                queue.enqueue_all((n..n + many).map(|n| n.to_string())).await.unwrap();
                n += many;
            }
            n
        });
        let mut dice = Dice::of(seed + 3);
        for n in 0..3_000 {
            if dice.below(100) == 0 {
                for_consumer.cut();
            }
            assert_eq!(crate::next_text(&queue).await, n.to_string(), "seed {seed}");
        }
        assert!(producing.await.unwrap() >= 3_000);
    }
}
