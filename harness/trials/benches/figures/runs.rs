//! Runs in virtual time, from the start of the etcd to the judgement.

use std::time::Duration;

use criterion::Criterion;
use deadwatch::{
    run::{Order, perform},
    scenario::{Diagnosis, Scenario},
    subject::Subject,
};
use trials::{Clock, Figure, Quantity, Stopwatch, backlog, crowd, library, on_embedded};

/// The subjects that live in this process.
const SUBJECTS: [Subject; 3] = [Subject::Naive, Subject::Checked, Subject::Resilient];

/// The aim for one telling of the story.
const STORY_AIM: Duration = Duration::from_millis(1);

/// The aim for scenario runs per second and core.
const RUNS_AIM: f64 = 1_000.0;

/// Measures them all.
pub fn measure(criterion: &mut Criterion) -> Vec<Figure> {
    let scenarios = library().expect("the scenarios can be read");
    let story = scenarios.iter().find(|scenario| scenario.name == "auth/story").expect("the story");
    let mut figures = tellings(criterion, story);
    figures.extend(everything(criterion, &scenarios));
    figures.extend(sizes(criterion));
    figures
}

/// The story once, beside the aim and beside the time it takes in the world.
fn tellings(criterion: &mut Criterion, story: &Scenario) -> Vec<Figure> {
    let mut figures = Vec::new();
    for subject in SUBJECTS {
        let order = on_embedded(story, subject.clone(), 0);
        let name = format!("story, {subject}");
        let Some(time) = timed(criterion, &name, 50, std::slice::from_ref(&order)) else { continue };
        let what = format!("the story, {subject}");
        figures.push(line(&what, time, "as it happens", lasts(&order)));
        figures.push(line(&what, time, "aim", STORY_AIM));
    }
    figures
}

/// Every scenario with every subject, one after the other.
fn everything(criterion: &mut Criterion, scenarios: &[Scenario]) -> Vec<Figure> {
    let orders: Vec<_> = scenarios
        .iter()
        .flat_map(|scenario| SUBJECTS.map(|subject| on_embedded(scenario, subject, 0)))
        .collect();
    let Some(time) = timed(criterion, "every scenario", 20, &orders) else { return Vec::new() };
    let rate = Quantity::PerSecond(orders.len() as f64 / time.as_secs_f64());
    let what = format!("runs per second and core, {} scenarios x {}", scenarios.len(), SUBJECTS.len());
    let lasting = orders.iter().map(lasts).sum();
    vec![
        Figure { what, value: rate, beside: "aim".to_owned(), other: Quantity::PerSecond(RUNS_AIM) },
        line("all of them once", time, "as they happen", lasting),
    ]
}

/// What there can be many of in a scenario.
struct Many {
    of: &'static str,
    subject: Subject,
    made: fn(usize) -> Result<Scenario, Diagnosis>,
    few: usize,
    many: usize,
}

/// Of consumers that read for themselves all contend for each item, which is the square of their number in requests:
/// a tenth of them says it too.
const MANY: [Many; 4] = [
    Many { of: "consumers", subject: Subject::Naive, made: crowd, few: 10, many: 1_000 },
    Many { of: "consumers", subject: Subject::Resilient, made: crowd, few: 10, many: 1_000 },
    Many { of: "consumers", subject: Subject::Checked, made: crowd, few: 10, many: 100 },
    Many { of: "items in a backlog", subject: Subject::Naive, made: backlog, few: 100, many: 10_000 },
];

/// Many in one scenario, beside the time it takes in the world; and each of them, beside each of a few.
fn sizes(criterion: &mut Criterion) -> Vec<Figure> {
    let mut figures = Vec::new();
    for Many { of, subject, made, few, many } in MANY {
        let mut timed = |count| {
            let order = on_embedded(&made(count).expect("a scenario"), subject.clone(), 0);
            let time =
                timed(criterion, &format!("{count} {of}, {subject}"), 10, std::slice::from_ref(&order))?;
            Some((time, order))
        };
        let (Some((short, _)), Some((long, order))) = (timed(few), timed(many)) else { continue };
        let what = format!("{many} {of}, {subject}");
        figures.push(line(&what, long, "as it happens", lasts(&order)));
        let each = |time: Duration, count| time.div_f64(count as f64);
        figures.push(line(
            &format!("{what}, each"),
            each(long, many),
            &format!("each of {few}"),
            each(short, few),
        ));
    }
    figures
}

/// The median time on a core for all of these runs; none if a filter left them out.
fn timed(criterion: &mut Criterion, name: &str, samples: usize, orders: &[Order]) -> Option<Duration> {
    let mut stopwatch = Stopwatch::new(Clock::Core);
    let mut group = criterion.benchmark_group("runs");
    group.sample_size(samples);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            stopwatch.time(iterations, || {
                for order in orders {
                    std::hint::black_box(perform(order).expect("a runtime"));
                }
            })
        });
    });
    group.finish();
    stopwatch.median()
}

/// How long a run takes in the world: its last event's time.
fn lasts(order: &Order) -> Duration {
    let run = perform(order).expect("a runtime");
    assert_eq!(run.judgement.inconclusive, None, "{}", order.scenario.name);
    run.history.events.last().map(deadwatch::history::Event::at).unwrap_or_default()
}

fn line(what: &str, value: Duration, beside: &str, other: Duration) -> Figure {
    Figure {
        what: what.to_owned(),
        value: Quantity::Time(value),
        beside: beside.to_owned(),
        other: Quantity::Time(other),
    }
}
