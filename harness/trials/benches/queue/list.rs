//! All contests, and what is aimed at in each. Those of a drain are in [`draining`](crate::draining).

use std::time::Duration;

use trials::comparison::Goal;

use crate::{
    arguments::{Extent, Part},
    contest::{Contest, Contestant, Doing, Line, Metric, thousands},
    draining::draining,
    enqueue,
    flow::{self, Flow},
    lease,
    members::{self, Trouble},
    million,
};

/// Every contest, in the order in which they are held and shown.
pub fn all(extent: Extent) -> Vec<Contest> {
    let mut contests: Vec<Contest> =
        [100, 1_000, 10_000, 30_000].map(|items| draining(items, extent)).into_iter().collect();
    contests.push(enqueueing(extent));
    contests.extend([5, 20].map(|every_ms| waiting(every_ms, extent)));
    contests.extend([offered(extent), one_by_one(extent), flowing(64, 1, extent), flowing(4, 126, extent)]);
    contests.extend(Trouble::ALL.map(|trouble| troubled(trouble, extent)));
    // A million items stay where they are, and etcd is no longer what it was.
    contests.extend([leasing(extent), a_million()]);
    contests
}

fn enqueueing(extent: Extent) -> Contest {
    use enqueue::By;
    let runs = extent.runs(3);
    let contestants = [
        ("recipe, 1 caller", 2_000, By::Recipe { callers: 1 }),
        ("raw with a slot", 2_000, By::RawWithSlot),
        ("1 caller", 2_000, By::Queue { callers: 1 }),
        ("recipe, 64 callers", 20_000, By::Recipe { callers: 64 }),
        ("raw, 64 callers", 20_000, By::Raw { callers: 64, each: 1 }),
        ("64 callers", 20_000, By::Queue { callers: 64 }),
        ("raw, 126", 20_000, By::Raw { callers: 1, each: 126 }),
        ("enqueue_all", 20_000, By::QueueAtOnce),
    ]
    .map(|(name, items, by)| Contestant { name, runs, doing: Doing::Enqueue { items, by } });
    let with_slot = "the queue's own transaction, write slot included, one after another";
    let one = Line::new("enqueue/1", "enqueue, 1 caller")
        .beside(Some("recipe, 1 caller"), Some(("raw with a slot", with_slot)), "1 caller")
        .aims(vec![Goal::ShareOfRaw(0.9)])
        .charted();
    let many = |id, what| {
        let raw = ("raw, 64 callers", "64 loops of the recipe's transaction on one connection");
        Line::new(id, what).beside(Some("recipe, 64 callers"), Some(raw), "64 callers")
    };
    let batches = ("raw, 126", "126 items a transaction, one transaction after another");
    let all = Line::new("enqueue/all", "enqueue_all of 20,000").beside(None, Some(batches), "enqueue_all");
    let lines = vec![
        one,
        many("enqueue/64", "enqueue, 64 callers").aims(vec![Goal::TimesRecipe(8.0)]).charted(),
        all,
        many("enqueue/64/cpu", "enqueue, 64 callers: etcd CPU").of(Metric::EtcdCpu),
    ];
    Contest { part: Part::Enqueue, name: "enqueue".to_owned(), contestants: contestants.into(), lines }
}

/// What the raw loop of a flow does.
const WATCHING: &str =
    "one watch, and a claim by key of what it shows: up to 126 items a transaction, four under way";

fn flow_line(id: &str, what: &str) -> Line {
    Line::new(id, what).beside(Some("recipe"), Some(("raw", WATCHING)), "queue")
}

fn waiting(every_ms: u64, extent: Extent) -> Contest {
    let items = if every_ms < 10 { 400 } else { 200 };
    let flow = Flow { items, producers: 1, each: 1, every: Duration::from_millis(every_ms), takes: 1 };
    let lines = [(0.5, "p50", 25.0), (0.99, "p99", 15.0)].map(|(share, called, times)| {
        let id = format!("wait/{every_ms}/{called}");
        flow_line(&id, &format!("an item each {every_ms} ms, {called}"))
            .of(Metric::Latency(share))
            .aims(vec![Goal::TimesRecipe(times)])
            .charted()
    });
    Contest {
        part: Part::Wait,
        name: format!("an item each {every_ms} ms"),
        contestants: contestants(flow, [extent.runs(3); 3]),
        lines: lines.into(),
    }
}

/// A rate that the recipe can store at, but not take at. The queue takes one at a time as the recipe does, and
/// in batches.
fn offered(extent: Extent) -> Contest {
    let flow = |takes| Flow { items: 3_000, producers: 1, each: 1, every: Duration::from_micros(625), takes };
    let many = Contestant {
        name: "queue, next_batch(126)",
        runs: extent.runs(2),
        doing: Doing::Flow { flow: flow(126), by: flow::By::Queue },
    };
    let mut contestants = contestants(flow(1), [extent.runs(1), extent.runs(2), extent.runs(2)]);
    contestants.push(many);
    let latency = |share, called: &str| {
        let what = format!("3,000 items, up to 1,600/s, {called}");
        flow_line(&format!("wait/0.6/{called}"), &what).of(Metric::Latency(share))
    };
    let lines = vec![
        latency(0.5, "p50"),
        latency(0.99, "p99"),
        Line { queue: "queue, next_batch(126)", ..latency(0.5, "next_batch, p50") },
        Line { queue: "queue, next_batch(126)", ..latency(0.99, "next_batch, p99") },
    ];
    Contest { part: Part::Wait, name: "up to 1,600 items/s".to_owned(), contestants, lines }
}

fn one_by_one(extent: Extent) -> Contest {
    let flow = Flow { items: 2_000, producers: 1, each: 1, every: Duration::ZERO, takes: 1 };
    let line = flow_line("flow/1", "2,000 items, enqueue and next()").charted();
    Contest {
        part: Part::Flow,
        name: "one by one".to_owned(),
        contestants: contestants(flow, [extent.runs(1), extent.runs(2), extent.runs(2)]),
        lines: vec![line],
    }
}

/// More than the recipe can take.
fn flowing(producers: usize, each: usize, extent: Extent) -> Contest {
    // A whole number of stores for each producer.
    let items = if each == 1 { 64 * 750 } else { 4 * 126 * 200 };
    let flow = Flow { items, producers, each, every: Duration::ZERO, takes: 504 };
    let (rate, p50_ms) = if each == 1 { (15_000.0, 10.0) } else { (50_000.0, 20.0) };
    let what = format!("{} items, {producers} producers x {each}", thousands(items));
    let id = format!("flow/{producers}x{each}");
    let line = |id: &str, what: &str| Line::new(id, what).beside(None, Some(("raw", WATCHING)), "queue");
    let through = line(&id, &what).aims(vec![Goal::Value(rate)]).charted();
    let soon = line(&format!("{id}/p50"), &format!("{what}: p50"))
        .of(Metric::Latency(0.5))
        .aims(vec![Goal::Value(p50_ms)]);
    let contestants = contestants(flow, [0, extent.runs(2), extent.runs(2)]);
    Contest { part: Part::Flow, name: what, contestants, lines: vec![through, soon] }
}

fn contestants(flow: Flow, [recipe, raw, queue]: [usize; 3]) -> Vec<Contestant> {
    [("recipe", recipe, flow::By::Recipe), ("raw", raw, flow::By::Raw), ("queue", queue, flow::By::Queue)]
        .map(|(name, runs, by)| Contestant { name, runs, doing: Doing::Flow { flow, by } })
        .into()
}

fn leasing(extent: Extent) -> Contest {
    use lease::By;
    let (items, runs) = (10_000, extent.runs(3));
    let contestants = [
        ("raw, batches", By::RawBatches),
        ("next_batch(126)", By::Batches { callers: 1, each: 126 }),
        ("next_batch(126), 4 callers", By::Batches { callers: 4, each: 126 }),
        ("raw, 64 x 1", By::RawSingles { loops: 64 }),
        ("next(), 64 callers", By::Singles { callers: 64 }),
    ]
    .map(|(name, by)| Contestant { name, runs, doing: Doing::Lease { items, by } });
    let batches = (
        "raw, batches",
        "lists all items, then claims 126 a transaction and acknowledges 63 a transaction, four of each under way",
    );
    let singles = (
        "raw, 64 x 1",
        "lists all items, then 64 loops on one connection that claim one item and acknowledge it",
    );
    let many = |id, what| Line::new(id, what).beside(None, Some(batches), "next_batch(126)");
    let lines = vec![
        many("lease/batch", "claim and ack 10,000, batches").aims(vec![Goal::Value(25_000.0)]).charted(),
        Line {
            queue: "next_batch(126), 4 callers",
            ..many("lease/callers", "claim and ack 10,000, 4 callers")
        },
        Line::new("lease/next64", "claim and ack 10,000, 64 callers")
            .beside(None, Some(singles), "next(), 64 callers")
            .aims(vec![Goal::Value(6_000.0)])
            .charted(),
        many("lease/requests", "claim and ack 10,000, batches: requests").of(Metric::Requests),
        many("lease/cpu", "claim and ack 10,000, batches: etcd CPU").of(Metric::EtcdCpu),
    ];
    let name = format!("claim and ack {}", thousands(items));
    Contest { part: Part::Lease, name, contestants: contestants.into(), lines }
}

/// What the bare loop of a cluster does.
const HEALTHY: &str = "loops of the recipe's transaction with a bare client of the healthy members alone";

/// A cluster of three with trouble in one of them. The queue knows all three.
fn troubled(trouble: Trouble, extent: Extent) -> Contest {
    use members::By;
    let (name, runs) = (trouble.name(), extent.runs(3));
    let contestants = [
        ("raw, 1 caller", 1_000, By::Raw { callers: 1 }),
        ("1 caller", 1_000, By::Queue { callers: 1 }),
        ("raw, 64 callers", 10_000, By::Raw { callers: 64 }),
        ("64 callers", 10_000, By::Queue { callers: 64 }),
    ]
    .map(|(name, items, by)| Contestant { name, runs, doing: Doing::Members { items, trouble, by } });
    let line = |id: &str, called: &str, raw, queue| {
        let what = format!("{name}: {called}");
        Line::new(&format!("members/{}/{id}", trouble.id()), &what).beside(None, raw, queue)
    };
    let beside = |raw| Some((raw, HEALTHY));
    let mut lines = vec![
        line("1", "enqueue, 1 caller", beside("raw, 1 caller"), "1 caller").aims(vec![Goal::ShareOfRaw(0.8)]),
        line("64", "enqueue, 64 callers", beside("raw, 64 callers"), "64 callers")
            .aims(vec![Goal::ShareOfRaw(0.8)]),
    ];
    if let Some(back_ms) = trouble.back_ms() {
        let back = line("back", trouble.back(), None, "1 caller").of(Metric::Latency(1.0));
        lines.push(back.aims(vec![Goal::Value(back_ms)]));
    }
    Contest { part: Part::Members, name: name.to_owned(), contestants: contestants.into(), lines }
}

fn a_million() -> Contest {
    use million::By;
    let contestants = [("recipe", By::Recipe), ("queue", By::Queue { then: 100_000 })]
        .map(|(name, by)| Contestant { name, runs: 1, doing: Doing::Million { by } });
    let line = |id, what, metric, most| {
        Line::new(id, what).beside(Some("recipe"), None, "queue").of(metric).aims(vec![Goal::Value(most)])
    };
    let lines = vec![
        line("memory/first", "the first of a million items", Metric::Wall, 2_000.0),
        line("memory/peak", "a consumer's memory, a million items", Metric::Peak, 64.0),
    ];
    Contest { part: Part::Memory, name: "a million items".to_owned(), contestants: contestants.into(), lines }
}
