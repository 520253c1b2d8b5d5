//! The contest of draining a backlog, and what is aimed at in it.

use trials::comparison::Goal;

use crate::{
    arguments::{Extent, Part},
    contest::{Contest, Contestant, Doing, Line, Metric, thousands},
    drain::By,
};

const BATCHES: &str = "lists all items, then claims 126 a transaction, one transaction after another";
const FOUR_BATCHES: &str = "lists all items, then claims 126 a transaction, four transactions under way";
const SINGLES: &str = "lists all items, then claims one a transaction, one transaction after another";
const SIXTY_FOUR: &str = "lists all items, then claims one a transaction, 64 transactions under way";

/// A drain of a backlog of so many items, with more sides where it is a common size.
pub fn draining(items: usize, extent: Extent) -> Contest {
    let (is_10_000, is_large) = (items == 10_000, items >= 10_000);
    let runs = |which: bool, runs| if which { extent.runs(runs) } else { 0 };
    let every = extent.runs(if items <= 100 { 5 } else { 3 });
    // What the recipe needs grows with the square of the backlog, and with its consumers.
    let recipe = match items {
        30_000 => extent.once_from(Extent::Whole),
        10_000 => extent.once_from(Extent::Usual),
        _ => every,
    };
    let recipes = match items {
        30_000 => 0,
        10_000 => extent.once_from(Extent::Whole),
        _ => extent.runs(3),
    };
    // One after another takes long enough with 10,000.
    let singly = match items {
        30_000 => 0,
        10_000 => extent.once_from(Extent::Usual),
        _ => every,
    };
    let queue = |callers, each| By::Queue { callers, each };
    let contestants = [
        ("recipe", recipe, By::Recipe { consumers: 1 }),
        ("recipe, 4 consumers", recipes, By::Recipe { consumers: 4 }),
        ("recipe that reads 1,000", runs(is_10_000, 1), By::Fetching { items: 1_000 }),
        ("raw, 126", every, By::Raw { each: 126, under_way: 1 }),
        ("raw, 4 x 126", runs(is_large, 3), By::Raw { each: 126, under_way: 4 }),
        ("raw, 1", singly, By::Raw { each: 1, under_way: 1 }),
        ("raw, 64 x 1", runs(is_10_000, 3), By::Raw { each: 1, under_way: 64 }),
        ("next_batch(126)", every, queue(1, 126)),
        ("next_batch(126), 4 callers", runs(is_large, 3), queue(4, 126)),
        ("next()", singly, queue(1, 1)),
        ("next(), 64 ahead", if items == 1_000 { 0 } else { singly }, By::Ahead { read_ahead: 64 }),
        ("next(), 64 callers", runs(is_10_000, 3), queue(64, 1)),
        ("next_batch(126), 4 processes", runs(items <= 10_000, every), By::Processes { count: 4, each: 126 }),
    ]
    .map(|(name, runs, by)| Contestant { name, runs, doing: Doing::Drain { items, by } });
    let name = format!("drain of {}", thousands(items));
    Contest { part: Part::Drain, name, contestants: contestants.into(), lines: lines(items) }
}

fn lines(items: usize) -> Vec<Line> {
    let rows = Rows(items);
    let [batch, next, processes] = [rows.batch(), rows.next(), rows.crowd("processes", ", 4 consumers")];
    let times = |row: &str, called: &str, times| Goal::TimesRow {
        row: format!("drain/{row}"),
        called: called.to_owned(),
        times,
    };
    let one = format!("{items}/batch");
    let callers = rows.callers().aims(vec![times(&one, "one caller", 1.0)]);
    let cpu = rows.alone("cpu", ": etcd CPU").of(Metric::EtcdCpu).aims(vec![Goal::Value(50.0)]);
    let few = |line: Line| line.of(Metric::Requests).aims(vec![Goal::Value(0.02)]);
    let requests = few(rows.alone("requests", ": requests"));
    match items {
        100 => vec![batch, next.aims(vec![Goal::TimesRecipe(2.0)]).charted(), rows.ahead(), processes],
        1_000 => vec![batch, next, processes, requests, cpu],
        10_000 => vec![
            batch,
            next.aims(vec![Goal::TimesRecipe(20.0)]).charted(),
            rows.ahead(),
            processes.aims(vec![Goal::TimesRecipe(500.0), times(&one, "one consumer", 0.5)]).charted(),
            callers,
            rows.singles().aims(vec![Goal::ShareOfRaw(0.8)]),
            rows.fetching(),
            requests,
            cpu.charted(),
            few(rows.crowd("processes/requests", ", 4 consumers: requests")),
            rows.crowd("processes/cpu", ", 4 consumers: etcd CPU").of(Metric::EtcdCpu),
        ],
        _ => {
            // What one drain differs from the next by is more than one in a hundred.
            let flat = times("10000/cpu", "that at 10,000", 0.9);
            vec![batch, callers, requests, cpu.aims(vec![Goal::Value(50.0), flat]).charted()]
        }
    }
}

/// The rows of a backlog of so many items.
#[derive(Clone, Copy, Debug)]
struct Rows(usize);

impl Rows {
    fn line(self, id: &str, what: &str) -> Line {
        Line::new(&format!("drain/{}/{id}", self.0), &format!("drain {}{what}", thousands(self.0)))
    }

    /// One consumer that takes batches.
    fn alone(self, id: &str, what: &str) -> Line {
        self.line(id, what).beside(Some("recipe"), Some(("raw, 126", BATCHES)), "next_batch(126)")
    }

    fn batch(self) -> Line {
        let times = match self.0 {
            100 => 20.0,
            1_000 => 80.0,
            10_000 => 400.0,
            _ => 1_000.0,
        };
        let goals = vec![Goal::TimesRecipe(times), Goal::ShareOfRaw(0.6)];
        self.alone("batch", ", next_batch(126)").aims(goals).charted()
    }

    fn next(self) -> Line {
        self.line("next", ", next()").beside(Some("recipe"), Some(("raw, 1", SINGLES)), "next()")
    }

    /// The same call, of a queue that was allowed to claim ahead.
    fn ahead(self) -> Line {
        let raw = Some(("raw, 1", SINGLES));
        self.line("ahead", ", next(), 64 ahead").beside(Some("recipe"), raw, "next(), 64 ahead")
    }

    /// Four processes.
    fn crowd(self, id: &str, what: &str) -> Line {
        self.line(id, what).beside(Some("recipe, 4 consumers"), None, "next_batch(126), 4 processes")
    }

    fn callers(self) -> Line {
        let raw = ("raw, 4 x 126", FOUR_BATCHES);
        self.line("callers", ", 4 callers").beside(None, Some(raw), "next_batch(126), 4 callers")
    }

    fn singles(self) -> Line {
        let raw = ("raw, 64 x 1", SIXTY_FOUR);
        self.line("next64", ", next(), 64 callers").beside(None, Some(raw), "next(), 64 callers")
    }

    /// The least that could be changed about the recipe, in the recipe's place.
    fn fetching(self) -> Line {
        let what = ", recipe that reads 1,000";
        self.line("fetching", what).beside(Some("recipe that reads 1,000"), None, "next_batch(126)")
    }
}
