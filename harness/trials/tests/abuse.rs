//! A small run of each abuse campaign, with a fixed seed. The big ones are `just abuse`.
//!
//! Those on a real etcd are listed as ignored where it, or the Go original, has not been built, unless
//! `DEADWATCH_REQUIRE` names `process`: then they fail. Real runs are named `VERSION::CAMPAIGN`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{path::Path, time::Duration};

use deadwatch::{
    history::{Acceptance, Event, Happening, History},
    scenario::Version,
    subject::Returned,
    verdict::Verdict,
};
use libtest_mimic::{Arguments, Failed, Trial};
use trials::abuse::{
    BLACK_HOLE_BOUND, Campaign, KILL_BOUND, Marks, Plan, Ran, command, measure, original,
    processes::{Flaw, Ordeal, Plan as ProcessPlan, Ran as ProcessRan},
};

const VERSION: Version = Version::new(3, 5, 16);

fn main() {
    deadwatch::reaper::on_signals();
    deadwatch::reaper::supervise_with(program());
    let mut trials = vec![
        Trial::test("virtual::seeds_of_everything_give_no_cause_for_complaint", seeds_of_everything),
        Trial::test(
            "virtual::everybody_gets_on_though_every_second_reply_is_lost",
            every_second_reply_is_lost,
        ),
        Trial::test("virtual::a_seed_repeats_every_event", a_seed_repeats_every_event),
        Trial::test("virtual::an_item_that_vanishes_or_comes_twice_is_seen", what_is_broken_is_seen),
    ];
    for (campaign, seed, items) in [
        (Campaign::Replies, 1, 1_200),
        (Campaign::Kills, 12, 3_000),
        (Campaign::Tokens, 17, 400),
        (Campaign::Drops, 1, 2_000),
        (Campaign::Mixed, 1, 1_000),
    ] {
        trials.push(real(campaign, move || small(campaign, seed, items)));
    }
    trials.push(real(Campaign::Recovery, recovery));
    trials.push(on(VERSION, "an_item_that_a_worker_forgets_is_seen", || {
        flawed(Flaw::Forgets, |ran| ran.lost())
    }));
    trials.push(on(VERSION, "an_item_that_a_worker_stores_twice_is_seen", || {
        flawed(Flaw::Repeats, |ran| ran.doubled())
    }));
    let mut arguments = Arguments::from_args();
    // They mostly wait.
    arguments.test_threads.get_or_insert(4);
    libtest_mimic::run(&arguments, trials).exit();
}

/// A test of a campaign on a real etcd.
fn real(campaign: Campaign, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    let missing = (campaign == Campaign::Mixed).then(|| original().err()).flatten();
    unless(missing.map(|error| error.to_string()), VERSION, campaign.name(), test)
}

/// A test on a real etcd of this release.
fn on(version: Version, name: &str, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    unless(None, version, name, test)
}

/// A test on a real etcd, or why there is none; also if something else is missing.
fn unless(
    missing: Option<String>,
    version: Version,
    name: &str,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let no_etcd = runtime.block_on(command::choose(version)).err().map(|error| error.to_string());
    let missing = no_etcd.or(missing);
    let required =
        std::env::var("DEADWATCH_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == "process"));
    let ignored = missing.is_some() && !required;
    // The kind is shown before the name: here, why the test is ignored.
    let reason = missing.as_ref().filter(|_| ignored).map(|why| format!("could not {why}"));
    Trial::test(format!("{version}::{name}"), move || match missing {
        Some(why) => Err(Failed::from(format!("could not {why}"))),
        None => test(),
    })
    .with_kind(reason.unwrap_or_default())
    .with_ignored_flag(ignored)
}

fn run(campaign: Campaign, seed: u64, items: usize) -> Result<Ran, Failed> {
    let again = format!("just abuse {} --seed {seed} --items {items} --etcd {VERSION}", campaign.name());
    let ran = play(&Plan::of(campaign, seed, items, VERSION));
    ran.map_err(|problem| format!("{problem}\nagain: {again}").into())
}

/// A run that gives no cause for complaint.
fn play(plan: &Plan) -> Result<Ran, String> {
    let ran = command::make_one(plan).map_err(|error| format!("seed {}: could not {error}", plan.seed))?;
    if ran.marks.verdict == Verdict::Survives && ran.complaints.is_empty() {
        return Ok(ran);
    }
    Err(format!("seed {}: {} {:?}", plan.seed, ran.marks.verdict, ran.complaints))
}

/// One run, and that it went through what its name says.
fn small(campaign: Campaign, seed: u64, items: usize) -> Result<(), Failed> {
    let Ran { suffered, marks, .. } = run(campaign, seed, items)?;
    let went_through = match campaign {
        Campaign::Replies => suffered.ambiguous.applied > 10,
        Campaign::Kills => suffered.ambiguous.applied > 10 && suffered.kills > 0,
        // Seven of them log in when they begin; how many do so again is a matter of how long it all takes.
        Campaign::Tokens => suffered.kills > 0 && suffered.logins > 10,
        Campaign::Drops => suffered.drops > 1_000,
        Campaign::Mixed => marks.to_go > 20 && marks.to_go + 20 < marks.handed_out,
        Campaign::Virtual | Campaign::Recovery => true,
    };
    if went_through { Ok(()) } else { Err(format!("it was no abuse: {suffered:?} {marks:?}").into()) }
}

/// The program that workers of a run of processes are.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_abuse"))
}

/// A run whose workers have a flaw, which is counted.
fn flawed(flaw: Flaw, count: impl FnOnce(&ProcessRan) -> usize) -> Result<(), Failed> {
    // Killed workers do not hide it.
    let plan = ProcessPlan::of(Ordeal::Deaths, 5, 2_000, VERSION);
    let ran = command::make_one_in_processes(&ProcessPlan { flaw: Some(flaw), ..plan }, program())?;
    match count(&ran) {
        0 => Err(format!("nothing of {flaw:?} was found: {:?}", ran.account).into()),
        _ => Ok(()),
    }
}

fn seeds_of_everything() -> Result<(), Failed> {
    let mut all = [0; 5];
    for seed in 1..=30 {
        let Ran { suffered, marks, .. } = run(Campaign::Virtual, seed, 200)?;
        let lost = suffered.ambiguous;
        let this = [lost.applied, lost.void, suffered.kills, suffered.drops, marks.acknowledged as u64];
        all.iter_mut().zip(this).for_each(|(sum, one)| *sum += one);
    }
    let [applied, void, kills, drops, acknowledged] = all;
    let enough = applied >= 80 && void >= 10 && kills >= 5 && drops >= 2_000 && acknowledged >= 3_000;
    if enough { Ok(()) } else { Err(format!("it was no abuse: {all:?}").into()) }
}

/// Whoever asks for much at once has hardly any of it answered: what is asked again must be asked for less.
fn every_second_reply_is_lost() -> Result<(), Failed> {
    let mut replies_lost = 0;
    for seed in 301..=330 {
        let plan = Plan::of(Campaign::Virtual, seed, 200, VERSION);
        replies_lost += play(&Plan { requests_per_loss: Some(2), ..plan })?.suffered.replies_lost;
    }
    if replies_lost >= 500 { Ok(()) } else { Err(format!("{replies_lost} replies were lost").into()) }
}

fn a_seed_repeats_every_event() -> Result<(), Failed> {
    // Seeds that no other test here runs: what they count is told apart by seed alone.
    for seed in 101..=104 {
        let [one, other] = [run(Campaign::Virtual, seed, 100)?, run(Campaign::Virtual, seed, 100)?];
        assert!(one.history.events.len() > 300);
        if let Some(place) = differs(&one.history, &other.history) {
            for h in [&one.history, &other.history] {
                for e in &h.events[place.saturating_sub(4)..place + 4] {
                    eprintln!("{e:?}");
                }
                eprintln!();
            }
            eprintln!("{:?}", Plan::of(Campaign::Virtual, seed, 100, VERSION));
            return Err(format!("seed {seed}: event {place} is another one in the second run").into());
        }
        assert_eq!(one.suffered, other.suffered);
    }
    Ok(())
}

/// The first event that differs.
fn differs(one: &History, other: &History) -> Option<usize> {
    if one == other {
        return None;
    }
    one.events.iter().zip(&other.events).position(|(one, other)| one != other).or(Some(one.events.len()))
}

fn what_is_broken_is_seen() -> Result<(), Failed> {
    let ran = run(Campaign::Virtual, 201, 100)?;
    let acknowledged: Vec<_> = ran.history.events.iter().filter_map(acknowledged).collect();
    let hand_out = |event: &Event| match &event.what {
        Happening::Returned { returned: Returned::Item { item, .. }, .. } => {
            acknowledged.contains(&item.as_str())
        }
        _ => false,
    };
    let place = ran.history.events.iter().position(hand_out).unwrap();

    let mut vanished = ran.history.clone();
    vanished.events.remove(place);
    let marks = judged(&ran, vanished);
    assert_eq!((marks.lost, marks.doubled, marks.verdict), (1, 0, Verdict::Unsafe));

    let mut doubled = ran.history.clone();
    doubled.events.insert(place, doubled.events[place].clone());
    let marks = judged(&ran, doubled);
    assert_eq!((marks.lost, marks.doubled, marks.verdict), (0, 1, Verdict::Unsafe));
    Ok(())
}

fn acknowledged(event: &Event) -> Option<&str> {
    match &event.what {
        Happening::EnqueueEnded { item, acceptance: Acceptance::Acknowledged } => Some(item),
        _ => None,
    }
}

fn judged(ran: &Ran, history: History) -> Marks {
    Ran::of(history, ran.suffered.clone()).marks
}

fn recovery() -> Result<(), Failed> {
    let plan = Plan::of(Campaign::Recovery, 1, 0, VERSION);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let measured = runtime.block_on(async {
        let choice = command::choose(VERSION).await.map_err(|error| error.to_string())?;
        measure(&plan, &choice, 2, 3).await.map_err(|error| format!("could not {error}"))
    })?;
    assert_eq!((measured.after_kills.len(), measured.after_black_holes.len()), (2, 3));
    let within = |times: &[Duration], bound| times.iter().all(|time| *time <= bound);
    assert!(within(&measured.after_kills, KILL_BOUND), "{:?}", measured.after_kills);
    assert!(within(&measured.after_black_holes, BLACK_HOLE_BOUND), "{:?}", measured.after_black_holes);
    Ok(())
}
