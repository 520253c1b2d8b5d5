//! Judgements, shown.

use deadwatch::{
    etcd::Time,
    history::{Happening, History, Inconclusive},
    report::{
        RunView, json,
        repro::{Entry, repro},
        snapshot::{SnapshotState, text},
        terminal::{Paint, WIDTH, summary, timeline},
    },
    scenario::Consumer,
    verdict::{Judgement, judge},
};

use crate::{
    faulty,
    sample::{self, Sample},
};

fn busy() -> History {
    let mut sample = Sample::with(&[0.0]).subject("resilient").scenario(|scenario| {
        scenario.name = "queue/ten-items".to_owned();
        scenario.title = "Ten items and a lost connection".to_owned();
        scenario.etcd.token_ttl = None;
    });
    sample = sample.calls(0.0, "1");
    for number in 1..=10 {
        let at = 2.0 + f64::from(number) * 0.5;
        let item = format!("a.{number}");
        sample = sample.enqueued(at, &item).gets(at + 0.002, "1", &item);
    }
    sample
        .at(9.0, Happening::Disconnected { client: "shared".to_owned() })
        .aftermath(16.0, &["1"])
        .probe_taken(16.03, "1", 1)
        .ends(16.04, &[])
}

fn wide(consumers: usize) -> History {
    let mut sample =
        Sample::with(&vec![0.0; consumers]).subject("./a-consumer --with a-very-long-command-line");
    sample = sample.scenario(|scenario| {
        scenario.title = "A title that goes on and on, ".repeat(6);
        for Consumer { name, .. } in &mut scenario.consumers {
            *name = format!("消費者の長い名前{name}");
        }
    });
    let names: Vec<_> = sample.clone().history().scenario.consumers.into_iter().map(|c| c.name).collect();
    for name in &names {
        sample = sample.calls(0.0, name);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let long = "an error that has a lot to say: ".repeat(20);
    sample.fails(3.0, names[0], &long).aftermath(16.0, &names[1..]).bound(19.0).ends(19.1, &[])
}

fn inconclusive() -> History {
    let why = Inconclusive::Late("step 2 was issued 312 ms late; at most 250 ms are allowed".to_owned());
    sample::story_begins("original").inconclusive(7.3, why).history()
}

fn view<'a>(history: &'a History, judgement: &'a Judgement, snapshot: &'a SnapshotState) -> RunView<'a> {
    RunView { history, judgement, snapshot, seed: 0, time: Time::Virtual }
}

fn page(history: &History) -> String {
    timeline(history, &judge(history), Paint::Plain)
}

fn all() -> Vec<History> {
    vec![
        sample::story_naive(),
        sample::story_checked_on_3_5_5(),
        sample::story_checked_on_3_5_16(),
        sample::story_resilient(),
        sample::story_retry(),
        busy(),
        inconclusive(),
        faulty::every_fault(),
        wide(40),
    ]
}

#[test]
fn the_timeline_of_a_crash() {
    insta::assert_snapshot!(page(&sample::story_naive()));
}

#[test]
fn the_timeline_of_an_error_that_leaves_a_consumer_deaf() {
    insta::assert_snapshot!(page(&sample::story_checked_on_3_5_5()));
}

#[test]
fn the_timeline_of_a_spin() {
    insta::assert_snapshot!(page(&sample::story_retry()));
}

#[test]
fn the_timeline_of_a_survivor() {
    insta::assert_snapshot!(page(&sample::story_resilient()));
}

#[test]
fn the_timeline_of_many_items_and_a_lost_connection() {
    insta::assert_snapshot!(page(&busy()));
}

#[test]
fn the_timeline_of_every_fault() {
    let page = page(&faulty::every_fault());
    let (picture, _came_to) = page.split_once("\n outcome ").unwrap();
    insta::assert_snapshot!(picture);
}

#[test]
fn the_timeline_of_a_run_that_proves_nothing() {
    insta::assert_snapshot!(page(&inconclusive()));
}

#[test]
fn the_screen_of_repro() {
    let story = [
        sample::story_naive(),
        sample::story_original(),
        sample::story_checked_on_3_5_5(),
        sample::story_resilient(),
    ];
    insta::assert_snapshot!(screen(&story));
}

#[test]
fn the_screen_of_repro_where_the_original_can_not_run() {
    let naive = sample::story_naive();
    let judgement = judge(&naive);
    let entries = [
        Entry::Ran { history: &naive, judgement: &judgement },
        Entry::CouldNotRun { subject: "original", reason: "there is no Go here; install Go 1.21 or later" },
    ];
    insta::assert_snapshot!(repro(&naive.scenario, "embedded", &entries, Paint::Plain));
}

fn screen(histories: &[History]) -> String {
    let judgements: Vec<Judgement> = histories.iter().map(judge).collect();
    let entries: Vec<_> = histories
        .iter()
        .zip(&judgements)
        .map(|(history, judgement)| Entry::Ran { history, judgement })
        .collect();
    repro(&histories[0].scenario, "embedded", &entries, Paint::Plain)
}

#[test]
fn the_screen_of_repro_fits_one_screen_whatever_happened() {
    let longest = [
        sample::story_retry(),
        sample::story_checked_on_3_5_5(),
        sample::story_retry(),
        sample::story_naive(),
    ];
    let screen = screen(&longest);
    assert!(screen.lines().count() <= 45, "{} lines:\n{screen}", screen.lines().count());
}

#[test]
fn the_screen_of_repro_cuts_no_sentence_as_long_as_there_is_room() {
    let screen_of = |cause: &str| {
        let naive = sample::story_refused("naive", sample::PERMISSION_DENIED)
            .dies(7.005, cause, "queue.go:70")
            .aftermath(7.006, &[])
            .ends(7.1, &[]);
        let others = [sample::story_original(), sample::story_checked_on_3_5_5(), sample::story_resilient()];
        screen(&[vec![naive], others.into()].concat())
    };
    let whole =
        screen_of("invalid memory address or nil pointer dereference: the watch ended without an event");
    assert!(whole.contains("the watch ended without an\n   event`.\n"), "{whole}");
    let cut = screen_of(&"one word after the other ".repeat(40));
    assert!(cut.lines().count() <= 45 && cut.contains(" …\n"), "{cut}");
}

fn seeded(history: &History, snapshot: &SnapshotState, seed: u64, time: Time) -> String {
    let judgement = judge(history);
    summary(&[RunView { history, judgement: &judgement, snapshot, seed, time }], Paint::Plain)
}

#[test]
fn a_seed_is_named_where_it_is_not_the_default_or_makes_a_run_again_that_is_worth_it() {
    let (survivor, matches) = (sample::story_resilient(), SnapshotState::Match);
    let differs = SnapshotState::Differs { expected: "verdict: unsafe\n".to_owned() };
    let plain = seeded(&survivor, &matches, 0, Time::Virtual);
    assert!(!plain.contains("seed"), "{plain}");
    let other = seeded(&survivor, &matches, 7, Time::Virtual);
    assert!(other.contains("a token lives 5 s, seed 7\n"), "{other}");
    assert!(other.ends_with("1 run, seed 7: 1 as the snapshot says\n"), "{other}");
    assert!(seeded(&survivor, &differs, 0, Time::Real).contains("a token lives 5 s, seed 0\n"));
    assert!(seeded(&inconclusive(), &SnapshotState::None, 0, Time::Virtual).contains(", seed 0\n"));
    assert!(!seeded(&inconclusive(), &SnapshotState::None, 0, Time::Real).contains("seed"));
    // Whatever has to be cut, the seed is not.
    let long = seeded(&wide(2), &SnapshotState::None, u64::MAX, Time::Virtual);
    assert!(long.lines().next().unwrap().ends_with("…, seed 18446744073709551615"), "{long}");
}

#[test]
fn an_ignored_run_says_why_and_nothing_else() {
    let why = Inconclusive::Unsupported("an acknowledgement".to_owned());
    let history = sample::story_begins("./mine").inconclusive(0.1, why).history();
    insta::assert_snapshot!(seeded(&history, &SnapshotState::None, 0, Time::Real));
    let judgement = judge(&history);
    let one = view(&history, &judgement, &SnapshotState::None);
    let many = summary(&[one, one, one], Paint::Plain);
    assert!(
        many.starts_with(
            " - auth/story  3.5.5  ./mine  embedded  -  ignored\n     the subject does not offer an"
        ),
        "{many}"
    );
    assert!(many.ends_with("3 runs: 3 ignored\n"), "{many}");
}

#[test]
fn a_crash_before_a_consumers_start_is_told_in_full() {
    let history = Sample::with(&[0.0, 9.0])
        .calls(0.0, "1")
        .dies(3.0, "out of memory", "queue.rs:1")
        .aftermath(3.1, &[])
        .ends(3.2, &[]);
    assert!(page(&history).contains("  crash before it began\n"), "{}", page(&history));
}

#[test]
fn a_consumers_name_is_shown_in_full_as_long_as_there_is_room() {
    let named = |name: &str| {
        let sample = Sample::with(&[0.0]).scenario(|scenario| scenario.consumers[0].name = name.to_owned());
        page(&sample.calls(0.0, name).aftermath(16.0, &[name]).bound(19.0).ends(19.1, &[]))
    };
    assert!(named("two").contains(" consumer two  ─"));
    assert!(named("first-worker").contains(" first-worker  ─"));
    assert!(named("a-worker-of-many-words").contains(" a-worker-of-… ─"));
}

#[test]
fn nothing_is_wider_than_a_report_may_be() {
    let histories = all();
    let judgements: Vec<_> = histories.iter().map(judge).collect();
    let views: Vec<_> = histories
        .iter()
        .zip(&judgements)
        .map(|(history, judgement)| view(history, judgement, &SnapshotState::None))
        .collect();
    let mut pages: Vec<_> = histories.iter().map(page).collect();
    pages.push(summary(&views, Paint::Plain));
    pages.push(screen(&histories));
    for line in pages.iter().flat_map(|page| page.lines()) {
        let width = unicode_width::UnicodeWidthStr::width(line);
        assert!(width <= WIDTH, "{width} columns: {line}");
    }
}

#[test]
fn colours_change_nothing_but_the_colours() {
    let history = sample::story_checked_on_3_5_5();
    let judgement = judge(&history);
    let coloured = timeline(&history, &judgement, Paint::Coloured);
    assert!(coloured.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), page(&history));
}

#[test]
fn many_runs_are_a_line_each_and_those_that_differ_are_shown() {
    let histories = [
        sample::story_naive(),
        sample::story_checked_on_3_5_16(),
        sample::story_resilient(),
        inconclusive(),
        busy(),
    ];
    let judgements: Vec<_> = histories.iter().map(judge).collect();
    let expected = text(&judge(&sample::story_resilient()));
    let states = [
        SnapshotState::Match,
        SnapshotState::Differs { expected },
        SnapshotState::Match,
        SnapshotState::None,
        SnapshotState::None,
    ];
    let views: Vec<_> = histories
        .iter()
        .zip(&judgements)
        .zip(&states)
        .map(|((history, judgement), snapshot)| view(history, judgement, snapshot))
        .collect();
    insta::assert_snapshot!(summary(&views, Paint::Plain));
}

#[test]
fn snapshots_hold_outcomes_results_aftermath_verdict_and_items_and_nothing_else() {
    let texts: Vec<_> = all()[..7].iter().map(|history| text(&judge(history))).collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn the_json_line_has_the_fields_of_the_contract_in_their_order() {
    let line =
        |history: &History, state: &SnapshotState| json::line(history, &judge(history), state).unwrap();
    assert_eq!(
        line(&sample::story_naive(), &SnapshotState::Match),
        r#"{"scenario":"auth/story","backend":"embedded","etcd":"3.5.5","subject":"naive","outcome":"crash","aftermath":"dead","verdict":"unsafe","snapshot":"match"}"#
    );
    let differs = SnapshotState::Differs { expected: String::new() };
    assert_eq!(
        line(&sample::story_checked_on_3_5_16(), &differs),
        r#"{"scenario":"auth/story","backend":"embedded","etcd":"3.5.16","subject":"checked","outcome":"error","aftermath":"healthy","verdict":"fails safely","snapshot":"differs"}"#
    );
    assert_eq!(
        line(&inconclusive(), &SnapshotState::None),
        r#"{"scenario":"auth/story","backend":"embedded","etcd":"3.5.5","subject":"original","outcome":null,"aftermath":null,"verdict":"inconclusive","snapshot":"none","reason":"step 2 was issued 312 ms late; at most 250 ms are allowed"}"#
    );
}
