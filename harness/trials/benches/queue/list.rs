//! All contests, and what is aimed at in each.

use std::time::Duration;

use trials::comparison::{Goal, Place};

use crate::{
    arguments::{Extent, Part},
    contest::{Contest, Contestant, Doing, Line, Metric},
    drain, enqueue,
    flow::{self, Flow},
    million,
};

/// What the raw loops of a drain do.
const BATCHES: &str = "lists all items, then claims 126 a transaction, one transaction after another";
const FOUR_BATCHES: &str = "lists all items, then claims 126 a transaction, four transactions under way";
const SINGLES: &str = "lists all items, then claims one a transaction, one transaction after another";
const SIXTY_FOUR: &str = "lists all items, then claims one a transaction, 64 transactions under way";

/// Every contest, in the order in which they are held and shown.
pub fn all(extent: Extent) -> Vec<Contest> {
    let mut contests: Vec<Contest> =
        [100, 1_000, 10_000, 30_000].map(|items| draining(items, extent)).into_iter().collect();
    contests.push(enqueueing(extent));
    for every_ms in [5, 20] {
        contests.push(waiting(every_ms, extent));
    }
    contests.extend([offered(extent), one_by_one(extent), flowing(64, 1, extent), flowing(4, 126, extent)]);
    contests.push(a_million());
    contests
}

impl Extent {
    /// So many runs, but one where it must be quick.
    fn runs(self, runs: usize) -> usize {
        if self == Self::Quick { runs.min(1) } else { runs }
    }

    /// One run, if as much as that is to be measured.
    fn once_from(self, least: Self) -> usize {
        usize::from(self >= least)
    }
}

fn draining(items: usize, extent: Extent) -> Contest {
    use drain::By;
    let recipe = match items {
        0..=100 => extent.runs(5),
        101..=1_000 => extent.runs(3),
        1_001..=10_000 => extent.once_from(Extent::Usual),
        _ => extent.once_from(Extent::Whole),
    };
    let recipes = match items {
        0..=1_000 => extent.runs(3),
        1_001..=10_000 => extent.once_from(Extent::Whole),
        _ => 0,
    };
    let large = if items >= 10_000 { extent.runs(3) } else { 0 };
    let (short, every) = (extent.runs(3), extent.runs(if items <= 100 { 5 } else { 3 }));
    let queue = |callers, each| By::Queue { callers, each };
    let contestants = [
        ("recipe", recipe, By::Recipe { consumers: 1 }),
        ("recipe, 4 consumers", recipes, By::Recipe { consumers: 4 }),
        ("recipe that reads 1,000", large.min(1), By::Fetching { items: 1_000 }),
        ("raw, 126", every, By::Raw { each: 126, under_way: 1 }),
        ("raw, 4 x 126", large, By::Raw { each: 126, under_way: 4 }),
        ("raw, 1", short, By::Raw { each: 1, under_way: 1 }),
        ("raw, 64 x 1", large, By::Raw { each: 1, under_way: 64 }),
        ("next_batch(126)", every, queue(1, 126)),
        ("next_batch(126), 4 callers", large, queue(4, 126)),
        ("next()", short, queue(1, 1)),
        ("next(), 64 callers", large, queue(64, 1)),
        ("next_batch(126), 4 processes", short, By::Processes { count: 4, each: 126 }),
    ]
    .map(|(name, runs, by)| Contestant { name, runs, doing: Doing::Drain { items, by } });
    let lines = drained(items);
    Contest { part: Part::Drain, name: format!("drain of {items}"), contestants: contestants.into(), lines }
}

/// The rows of a drain.
fn drained(items: usize) -> Vec<Line> {
    let line = |id: &str, what: &str| {
        Line::new(&format!("drain/{items}/{id}"), &format!("{} {what}", thousands(items)))
    };
    let one = || (format!("drain/{items}/batch"), "one consumer");
    let batch = line("batch", "by next_batch(126)")
        .beside(Some("recipe"), Some(("raw, 126", BATCHES)), "next_batch(126)")
        .aims(match items {
            100 => vec![Goal::TimesRecipe(20.0), Goal::ShareOfRaw(0.6)],
            1_000 => vec![Goal::TimesRecipe(80.0), Goal::ShareOfRaw(0.6)],
            10_000 => vec![Goal::TimesRecipe(400.0), Goal::ShareOfRaw(0.6)],
            _ => vec![Goal::TimesRecipe(1_000.0), Goal::ShareOfRaw(0.6)],
        })
        .charted();
    let next = line("next", "by next()").beside(Some("recipe"), Some(("raw, 1", SINGLES)), "next()").aims(
        match items {
            100 => vec![Goal::TimesRecipe(2.0)],
            10_000 => vec![Goal::TimesRecipe(20.0)],
            _ => Vec::new(),
        },
    );
    let processes = line("processes", "by 4 consumers").beside(
        Some("recipe, 4 consumers"),
        None,
        "next_batch(126), 4 processes",
    );
    let cost = |id, what, metric| {
        let mut cost = line(id, what).beside(Some("recipe"), Some(("raw, 126", BATCHES)), "next_batch(126)");
        cost.metric = metric;
        cost
    };
    let requests =
        cost("requests", "by next_batch(126): requests", Metric::Requests).aims(vec![Goal::Value(0.02)]);
    let cpu = cost("cpu", "by next_batch(126): etcd CPU", Metric::EtcdCpu);
    if items < 10_000 {
        let mut lines = vec![batch, if items == 100 { next.charted() } else { next }, processes];
        if items >= 1_000 {
            lines.extend([requests, cpu.aims(vec![Goal::Value(50.0)])]);
        }
        return lines;
    }
    let fetching = line("fetching", "beside a recipe that reads 1,000").beside(
        Some("recipe that reads 1,000"),
        None,
        "next_batch(126)",
    );
    let callers = line("callers", "by 4 callers of one queue")
        .beside(None, Some(("raw, 4 x 126", FOUR_BATCHES)), "next_batch(126), 4 callers")
        .aims(vec![times(one(), 1.0)]);
    let many = line("next64", "by 64 callers of next()")
        .beside(None, Some(("raw, 64 x 1", SIXTY_FOUR)), "next(), 64 callers")
        .aims(vec![Goal::ShareOfRaw(0.8)]);
    if items == 10_000 {
        let processes = processes.aims(vec![Goal::TimesRecipe(500.0), times(one(), 0.5)]).charted();
        let cpu = cpu.aims(vec![Goal::Value(50.0)]).charted();
        vec![batch, next.charted(), processes, callers, many, fetching, requests, cpu]
    } else {
        let flat = times(("drain/10000/cpu".to_owned(), "that at 10,000"), 0.9);
        let cpu = cpu.aims(vec![Goal::Value(50.0), flat]).charted();
        vec![batch, next, processes, callers, many, fetching, requests, cpu]
    }
}

fn enqueueing(extent: Extent) -> Contest {
    use enqueue::By;
    let runs = extent.runs(3);
    let contestants = [
        ("recipe, 1 caller", 3_000, By::Recipe { callers: 1 }),
        ("raw with a slot", 3_000, By::RawWithSlot),
        ("1 caller", 3_000, By::Queue { callers: 1 }),
        ("recipe, 64 callers", 20_000, By::Recipe { callers: 64 }),
        ("raw, 64 callers", 20_000, By::Raw { callers: 64, each: 1 }),
        ("64 callers", 20_000, By::Queue { callers: 64 }),
        ("raw, 126", 20_000, By::Raw { callers: 1, each: 126 }),
        ("enqueue_all", 20_000, By::QueueAtOnce),
    ]
    .map(|(name, items, by)| Contestant { name, runs, doing: Doing::Enqueue { items, by } });
    let one = Line::new("enqueue/1", "enqueue, 1 caller")
        .beside(
            Some("recipe, 1 caller"),
            Some(("raw with a slot", "the queue's own transaction, write slot included, one after another")),
            "1 caller",
        )
        .aims(vec![Goal::ShareOfRaw(0.9)])
        .charted();
    let sixty_four = || {
        Line::new("enqueue/64", "enqueue, 64 callers").beside(
            Some("recipe, 64 callers"),
            Some(("raw, 64 callers", "64 loops of the recipe's transaction on one connection")),
            "64 callers",
        )
    };
    let mut cpu = sixty_four();
    (cpu.id, cpu.what, cpu.metric) =
        ("enqueue/64/cpu".to_owned(), "enqueue, 64 callers: etcd CPU".to_owned(), Metric::EtcdCpu);
    let all = Line::new("enqueue/all", "enqueue_all of 20,000").beside(
        None,
        Some(("raw, 126", "126 items a transaction, one transaction after another")),
        "enqueue_all",
    );
    let lines = vec![one, sixty_four().aims(vec![Goal::TimesRecipe(8.0)]).charted(), all, cpu];
    Contest { part: Part::Enqueue, name: "enqueue".to_owned(), contestants: contestants.into(), lines }
}

const WATCHING: &str =
    "one watch, and a claim by key of what it shows: up to 126 items a transaction, four under way";

fn waiting(every_ms: u64, extent: Extent) -> Contest {
    let items = if every_ms < 10 { 400 } else { 250 };
    let every = Duration::from_millis(every_ms);
    let flow = Flow { items, producers: 1, each: 1, every, takes: 1 };
    let contestants = contestants(flow, [extent.runs(3); 3]);
    let lines = [(0.5, "p50", 25.0), (0.99, "p99", 15.0)].map(|(share, called, times)| {
        let mut line =
            Line::new(&format!("wait/{every_ms}/{called}"), &format!("an item each {every_ms} ms, {called}"))
                .beside(Some("recipe"), Some(("raw", WATCHING)), "queue")
                .aims(vec![Goal::TimesRecipe(times)])
                .charted();
        line.metric = Metric::Latency(share);
        line
    });
    Contest {
        part: Part::Wait,
        name: format!("an item each {every_ms} ms"),
        contestants,
        lines: lines.into(),
    }
}

/// A rate that the recipe can store at, but not take at.
fn offered(extent: Extent) -> Contest {
    let flow = Flow { items: 4_000, producers: 1, each: 1, every: Duration::from_micros(625), takes: 1 };
    let contestants = contestants(flow, [extent.runs(1), extent.runs(3), extent.runs(3)]);
    let lines = [(0.5, "p50"), (0.99, "p99")].map(|(share, called)| {
        let mut line = Line::new(&format!("wait/0.6/{called}"), &format!("4,000 items at 1,600/s, {called}"))
            .beside(Some("recipe"), Some(("raw", WATCHING)), "queue");
        line.metric = Metric::Latency(share);
        line
    });
    Contest { part: Part::Wait, name: "1,600 items/s".to_owned(), contestants, lines: lines.into() }
}

fn one_by_one(extent: Extent) -> Contest {
    let flow = Flow { items: 3_000, producers: 1, each: 1, every: Duration::ZERO, takes: 1 };
    let line = Line::new("flow/1", "3,000 items, enqueue and next()")
        .beside(Some("recipe"), Some(("raw", WATCHING)), "queue")
        .charted();
    Contest {
        part: Part::Flow,
        name: "one by one".to_owned(),
        contestants: contestants(flow, [extent.runs(1), extent.runs(3), extent.runs(3)]),
        lines: vec![line],
    }
}

/// More than the recipe can take.
fn flowing(producers: usize, each: usize, extent: Extent) -> Contest {
    // A whole number of stores for each producer.
    let items = if each == 1 { 64 * 1_500 } else { 4 * 126 * 400 };
    let flow = Flow { items, producers, each, every: Duration::ZERO, takes: 504 };
    let (rate, p50_ms) = if each == 1 { (15_000.0, 10.0) } else { (50_000.0, 20.0) };
    let what = format!("{} items, {producers} producers x {each}", thousands(items));
    let id = format!("flow/{producers}x{each}");
    let beside = |line: Line| line.beside(None, Some(("raw", WATCHING)), "queue");
    let through = beside(Line::new(&id, &what)).aims(vec![Goal::Value(rate)]).charted();
    let mut soon =
        beside(Line::new(&format!("{id}/p50"), &format!("{what}: p50"))).aims(vec![Goal::Value(p50_ms)]);
    soon.metric = Metric::Latency(0.5);
    Contest {
        part: Part::Flow,
        name: what.clone(),
        contestants: contestants(flow, [0, extent.runs(3), extent.runs(3)]),
        lines: vec![through, soon],
    }
}

fn contestants(flow: Flow, [recipe, raw, queue]: [usize; 3]) -> Vec<Contestant> {
    [("recipe", recipe, flow::By::Recipe), ("raw", raw, flow::By::Raw), ("queue", queue, flow::By::Queue)]
        .map(|(name, runs, by)| Contestant { name, runs, doing: Doing::Flow { flow, by } })
        .into()
}

fn a_million() -> Contest {
    use million::By;
    let contestants = [("recipe", By::Recipe), ("queue", By::Queue { then: 100_000 })]
        .map(|(name, by)| Contestant { name, runs: 1, doing: Doing::Million { by } });
    let line = |id, what, metric, most| {
        let mut line =
            Line::new(id, what).beside(Some("recipe"), None, "queue").aims(vec![Goal::Value(most)]);
        line.metric = metric;
        line
    };
    let lines = vec![
        line("memory/first", "the first of a million items", Metric::Wall, 2_000.0),
        line("memory/peak", "a consumer's memory, a million items", Metric::Peak, 64.0),
    ];
    Contest { part: Part::Memory, name: "a million items".to_owned(), contestants: contestants.into(), lines }
}

fn times((row, called): (String, &str), times: f64) -> Goal {
    Goal::TimesRow { row, called: called.to_owned(), times }
}

impl Line {
    /// A rate of something.
    fn new(id: &str, what: &str) -> Self {
        Self {
            id: id.to_owned(),
            what: what.to_owned(),
            metric: Metric::Rate,
            recipe: None,
            raw: None,
            raw_is: "",
            queue: "",
            goals: Vec::new(),
            place: Place::Table,
        }
    }

    /// Whose figures these are.
    fn beside(
        self,
        recipe: Option<&'static str>,
        raw: Option<(&'static str, &'static str)>,
        queue: &'static str,
    ) -> Self {
        let raw_is = raw.map_or("", |(_, is)| is);
        Self { recipe, raw: raw.map(|(name, _)| name), raw_is, queue, ..self }
    }

    fn aims(self, goals: Vec<Goal>) -> Self {
        Self { goals, ..self }
    }

    fn charted(self) -> Self {
        Self { place: Place::Chart, ..self }
    }
}

fn thousands(number: usize) -> String {
    match number {
        0..=999 => number.to_string(),
        _ => format!("{},{:03}", number / 1_000, number % 1_000),
    }
}
