//! Replies lost by chance, requests that arrive late, connections cut, restarts, compactions and consumers
//! cut off for longer than their sessions: every item is acknowledged once, and in one living holder's hands
//! at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use etcd_client::Client;
use etcd_model::member::{Data, Ending, Settings};
use etcd_queue::{Delivery, Error, LeaseQueue};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::dice::Dice;
use crate::etcd::{Etcd, settings, stored};
use crate::lease::{TTL, builder, open, text};
use crate::lease_full;
use crate::wire::{Mishap, Weather, Wire};

const ITEMS: u64 = 600;
const FULL: (Code, &str) = (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded");
const TXN: &str = "/etcdserverpb.KV/Txn";

/// What besides lost replies goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    Cuts,
    Restarts,
    Compactions,
    Deaths,
    /// Requests that are held back, for longer than sessions last, and let go then.
    Held,
    /// An etcd that takes 16 operations in a transaction.
    Few,
    /// An etcd that runs full again and again.
    Full,
    /// Sessions that end while their queues live.
    Expiries,
}

/// So many runs of each kind, from the first seed on: more, if they are asked for.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let first = number("LEASE_ABUSE_FIRST_SEED").unwrap_or(0);
    first..first + number("LEASE_ABUSE_SEEDS").unwrap_or(usual)
}

fn etcd(seed: u64, trouble: Trouble) -> Etcd {
    let release = ["3.5.5", "3.5.16", "3.7.3"][usize::try_from(seed % 3).unwrap()];
    match trouble {
        Trouble::Few => Etcd::start_with(Settings { max_txn_operations: 16, ..settings(release) }),
        // Before 3.5.7 a full etcd takes no acknowledgements.
        Trouble::Full => lease_full::start(["3.5.16", "3.7.3"][usize::try_from(seed % 2).unwrap()]),
        _ => Etcd::start(release),
    }
}

struct Outcome {
    ambiguous: usize,
    acked: BTreeMap<String, usize>,
    fenced: usize,
    most_attempts: u32,
    left: i64,
}

/// All deliveries that are in somebody's hands, by item.
type InHand = Arc<Mutex<BTreeMap<String, (usize, Delivery)>>>;

/// What a consumer has to tell.
enum Told {
    Acked(String),
    Fenced,
    Attempt(u32),
}

/// Takes items into the hand, works on them a while, and acknowledges most of them.
async fn consume(n: usize, queue: LeaseQueue, in_hand: InHand, seed: u64, tell: mpsc::UnboundedSender<Told>) {
    let mut dice = Dice::of(seed);
    loop {
        let many = usize::try_from(1 + dice.below([1, 8, 40][n])).unwrap();
        let deliveries =
            match timeout(Duration::from_millis(50 + dice.below(200)), queue.next_batch(many)).await {
                Ok(Ok(deliveries)) => deliveries,
                Ok(Err(Error::Closed)) => return,
                // Told at most a few times a second.
                Ok(Err(Error::NoSpace { .. })) => continue,
                Ok(Err(error)) => panic!("{error}"),
                Err(_) => continue,
            };
        let mut mine = Vec::new();
        for delivery in deliveries {
            let _ = tell.send(Told::Attempt(delivery.attempt()));
            let (item, token) = (text(&delivery), delivery.fencing_token());
            let mut in_hand = in_hand.lock().unwrap();
            if let Some((holder, held)) = in_hand.get(&item) {
                assert!(held.is_stale(), "{item} is in the hands of {holder} and {n}");
                assert!(held.fencing_token() < token);
            }
            // Who has it still in hand, and is stale, drops it.
            in_hand.insert(item.clone(), (n, delivery));
            mine.push((item, token));
        }
        sleep(Duration::from_millis(dice.below(40))).await;
        for (item, token) in mine {
            let taken = {
                let mut in_hand = in_hand.lock().unwrap();
                let is_mine = in_hand.get(&item).is_some_and(|(_, held)| held.fencing_token() == token);
                if is_mine { in_hand.remove(&item) } else { None }
            };
            let Some((_, delivery)) = taken else { continue };
            let tell = tell.clone();
            match dice.below(20) {
                0 => drop(delivery),
                1 => drop(delivery.nack(Duration::from_millis(dice.below(100))).await),
                // The call is given up, and carried out all the same: then nobody tells.
                _ => {
                    let acking = async move {
                        match delivery.ack().await {
                            Ok(()) => drop(tell.send(Told::Acked(item))),
                            Err(Error::Fenced { .. }) => drop(tell.send(Told::Fenced)),
                            // It comes again.
                            Err(Error::NoSpace { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    };
                    drop(tokio::spawn(acking));
                }
            }
        }
    }
}

/// Two producers, three consumers, one bad wire for each.
async fn run(seed: u64, trouble: Trouble) -> Outcome {
    let etcd = etcd(seed, trouble);
    let mut clients: Vec<(Client, Wire)> = Vec::new();
    for n in 0..5 {
        let (client, wire) = etcd.wired(None).await;
        // To producers a full etcd that loses replies, too, leaves doubts that nobody can settle.
        if trouble != Trouble::Full || n < 3 {
            wire.weather(Some(Weather { dice: Dice::of(seed * 10 + n), per_mille: 150 }));
        }
        clients.push((client, wire));
    }
    let (tell, mut told) = mpsc::unbounded_channel();
    let in_hand = InHand::default();
    for (n, (client, _)) in clients[..3].iter().enumerate() {
        let queue = builder(client, "/test").max_deliveries(1_000).open().unwrap();
        tokio::spawn(consume(n, queue, in_hand.clone(), seed * 7 + n as u64, tell.clone()));
    }
    for (producer, (client, _)) in clients[3..].iter().enumerate() {
        let queue = open(client);
        tokio::spawn(async move {
            let mut dice = Dice::of(seed + 77);
            let mut n = 0;
            while n < ITEMS / 2 {
                let many = (1 + dice.below(20)).min(ITEMS / 2 - n);
                match trouble {
                    // An item that was refused was not stored.
                    Trouble::Full => match queue.enqueue(format!("{producer}.{n}")).await {
                        Ok(()) => n += 1,
                        Err(Error::NoSpace { .. }) => {}
                        Err(error) => panic!("{error}"),
                    },
                    _ => {
                        queue.enqueue_all((n..n + many).map(|n| format!("{producer}.{n}"))).await.unwrap();
                        n += many;
                    }
                }
                sleep(Duration::from_millis(dice.below(30))).await;
            }
        });
    }
    let wires: Vec<Wire> = clients.iter().map(|(_, wire)| wire.clone()).collect();
    let mut root = etcd.client().await;
    let calm_client = etcd.client().await;
    let troublemaker = tokio::spawn(async move {
        let mut dice = Dice::of(seed + 5);
        loop {
            sleep(Duration::from_millis(20 + dice.below(400))).await;
            let one = &wires[usize::try_from(dice.below(5)).unwrap()];
            match trouble {
                Trouble::None | Trouble::Few => {}
                Trouble::Held => one.plan(TXN, Mishap::Late(Duration::from_millis(dice.below(20_000)))),
                Trouble::Full => {
                    // One that crosses the quota is carried out, and answered as if it were not.
                    one.plan(TXN, Mishap::RefusedLate(FULL.0, FULL.1));
                    lease_full::fill(&mut root).await;
                    sleep(Duration::from_millis(dice.below(8_000))).await;
                    lease_full::make_room(&mut root).await;
                    sleep(Duration::from_millis(dice.below(2_000))).await;
                }
                Trouble::Expiries => {
                    let leases = root.leases().await.unwrap();
                    let some = usize::try_from(dice.below(9)).unwrap();
                    if let Some(lease) = leases.leases().get(some) {
                        let _ = root.lease_revoke(lease.id()).await;
                    }
                    sleep(Duration::from_millis(dice.below(2_000))).await;
                }
                Trouble::Cuts => one.cut(),
                Trouble::Compactions => etcd.compact(&mut root).await,
                Trouble::Restarts => {
                    etcd.kill().await;
                    sleep(Duration::from_millis(dice.below(300))).await;
                    etcd.start_again().await;
                }
                Trouble::Deaths => {
                    let consumer = &wires[usize::try_from(dice.below(3)).unwrap()];
                    consumer.deafen(true);
                    sleep(TTL + Duration::from_millis(dice.below(3_000))).await;
                    consumer.deafen(false);
                }
            }
        }
    });
    let mut outcome = Outcome { ambiguous: 0, acked: BTreeMap::new(), fenced: 0, most_attempts: 0, left: -1 };
    let mut is_calm = false;
    while !is_calm || outcome.acked.len() < usize::try_from(ITEMS).unwrap() {
        match timeout(Duration::from_secs(120), told.recv()).await {
            Ok(Some(Told::Acked(item))) => *outcome.acked.entry(item).or_default() += 1,
            Ok(Some(Told::Fenced)) => outcome.fenced += 1,
            Ok(Some(Told::Attempt(attempt))) => outcome.most_attempts = outcome.most_attempts.max(attempt),
            _ => panic!("seed {seed}, {trouble:?}: only {} were acknowledged", outcome.acked.len()),
        }
        is_calm = outcome.acked.len() == usize::try_from(ITEMS).unwrap();
    }
    troublemaker.abort();
    let mut keeper = calm_client;
    if trouble == Trouble::Full {
        lease_full::make_room(&mut keeper).await;
    }
    for (_, wire) in &clients {
        wire.weather(None);
        wire.deafen(false);
    }
    // Requests that are late come in, and nothing may come of them.
    sleep(Duration::from_secs(30)).await;
    while let Ok(told) = told.try_recv() {
        match told {
            Told::Acked(item) => *outcome.acked.entry(item).or_default() += 1,
            Told::Attempt(_) => panic!("handed out after all were acknowledged"),
            Told::Fenced => outcome.fenced += 1,
        }
    }
    outcome.ambiguous = clients.iter().map(|(_, wire)| wire.carried_out_unheard()).sum();
    let kv = &mut clients[0].0;
    outcome.left = stored(kv, "/test/").await + stored(kv, "__rq1:5:/test/c/").await;
    outcome
}

async fn each_item_is_acknowledged_once(trouble: Trouble) {
    let (mut ambiguous, mut fenced) = (0, 0);
    for seed in seeds(if trouble == Trouble::Full { 1 } else { 3 }) {
        let outcome = run(seed, trouble).await;
        let doubled: Vec<_> = outcome.acked.iter().filter(|(_, count)| **count > 1).collect();
        assert_eq!(doubled, [], "seed {seed}: acknowledged twice");
        assert_eq!(outcome.left, 0, "seed {seed}: left behind");
        assert!(outcome.most_attempts > 1, "seed {seed}: nothing was given back");
        if !matches!(trouble, Trouble::Deaths | Trouble::Expiries) {
            assert_eq!(outcome.fenced, 0, "seed {seed}: a living holder was fenced off");
        }
        ambiguous += outcome.ambiguous;
        fenced += outcome.fenced;
    }
    assert!(
        trouble == Trouble::Full || ambiguous >= 45,
        "only {ambiguous} transactions were carried out unheard"
    );
    assert!(trouble != Trouble::Deaths || fenced > 0, "nobody was fenced off");
}

#[tokio::test(start_paused = true)]
async fn lost_replies_lose_nothing_and_acknowledge_nothing_twice() {
    each_item_is_acknowledged_once(Trouble::None).await;
}

#[tokio::test(start_paused = true)]
async fn lost_replies_and_cut_connections_lose_nothing_and_acknowledge_nothing_twice() {
    each_item_is_acknowledged_once(Trouble::Cuts).await;
}

#[tokio::test(start_paused = true)]
async fn lost_replies_and_restarts_lose_nothing_and_acknowledge_nothing_twice() {
    each_item_is_acknowledged_once(Trouble::Restarts).await;
}

#[tokio::test(start_paused = true)]
async fn lost_replies_and_compactions_lose_nothing_and_acknowledge_nothing_twice() {
    each_item_is_acknowledged_once(Trouble::Compactions).await;
}

#[tokio::test(start_paused = true)]
async fn lost_replies_and_sessions_that_end_lose_nothing_and_acknowledge_nothing_twice() {
    each_item_is_acknowledged_once(Trouble::Deaths).await;
}

#[tokio::test(start_paused = true)]
async fn held_requests_lose_nothing_and_acknowledge_nothing_twice() {
    each_item_is_acknowledged_once(Trouble::Held).await;
}

#[tokio::test(start_paused = true)]
async fn few_operations_and_lost_replies_lose_nothing_and_acknowledge_nothing_twice() {
    each_item_is_acknowledged_once(Trouble::Few).await;
}

#[tokio::test(start_paused = true)]
async fn lost_replies_and_a_full_etcd_lose_nothing_and_acknowledge_nothing_twice() {
    each_item_is_acknowledged_once(Trouble::Full).await;
}

#[tokio::test(start_paused = true)]
async fn lost_replies_and_sessions_that_expire_lose_nothing_and_acknowledge_nothing_twice() {
    each_item_is_acknowledged_once(Trouble::Expiries).await;
}

/// What is stored after stores were restored at random is handed out and acknowledged, and nobody floods the etcd.
#[tokio::test(start_paused = true)]
async fn whatever_a_restored_store_holds_is_drained_by_queues_that_go_on() {
    for seed in seeds(3) {
        let etcd = etcd(seed, Trouble::None);
        let mut dice = Dice::of(seed + 11);
        let (mut wires, mut consumers) = (Vec::new(), Vec::new());
        for n in 0..3 {
            let (client, wire) = etcd.wired(None).await;
            wire.weather(Some(Weather { dice: Dice::of(seed * 10 + n), per_mille: 50 }));
            let queue =
                builder(&client, "/test").jitter_seed(seed * 7 + n).max_deliveries(1_000).open().unwrap();
            wires.push(wire);
            consumers.push(tokio::spawn(async move {
                loop {
                    let Ok(Ok(deliveries)) = timeout(Duration::from_millis(200), queue.next_batch(5)).await
                    else {
                        continue;
                    };
                    for delivery in deliveries {
                        // Fenced off, or not known: it may come again.
                        let _ = delivery.ack().await;
                    }
                }
            }));
        }
        let (client, wire) = etcd.wired(None).await;
        let producer = builder(&client, "/test").jitter_seed(seed * 7 + 3).open().unwrap();
        wires.push(wire);
        let producing = tokio::spawn(async move {
            for n in 0..300 {
                let _ = timeout(Duration::from_secs(20), producer.enqueue(n.to_string())).await;
                sleep(Duration::from_millis(50)).await;
            }
        });
        let asked = || wires.iter().map(Wire::all_requests).sum::<usize>();
        let mut backup = etcd.model.saved();
        for _ in 0..8 {
            sleep(Duration::from_millis(200 + dice.below(5_000))).await;
            let before = asked();
            sleep(Duration::from_secs(1)).await;
            assert!(asked() - before <= 1_000, "seed {seed}: {} requests in a second", asked() - before);
            match dice.below(3) {
                0 => backup = etcd.model.saved(),
                1 => restart_on(&etcd, Data::Saved(Box::new(backup.clone()))).await,
                _ => restart_on(&etcd, Data::Wiped).await,
            }
        }
        producing.await.unwrap();
        wires.iter().for_each(|wire| wire.weather(None));
        let mut kv = etcd.client().await;
        let mut left = -1;
        for _ in 0..60 {
            sleep(Duration::from_secs(1)).await;
            left = stored(&mut kv, "/test/").await;
            if left == 0 {
                break;
            }
        }
        assert_eq!(left, 0, "seed {seed}: stuck");
        consumers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

async fn restart_on(etcd: &Etcd, data: Data) {
    etcd.model.stop(Ending::Killed).await;
    etcd.model.start_again_on(data).await.unwrap();
}
