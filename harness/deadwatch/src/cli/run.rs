//! `deadwatch run`: runs scenarios against subjects, and compares with the snapshots.

use std::{fs, path::Path};

use super::{
    Exit,
    arguments::{Arguments, Format, Run as Options},
    plan::{self, Plan},
    progress::Progress,
};
use crate::{
    history::Inconclusive,
    report::{
        json,
        snapshot::{self, SnapshotState, Snapshots},
        terminal::{Paint, RunView, summary},
    },
    run::{Finished, Run, perform_all},
    scenario::Library,
    verdict::Verdict,
};

/// Runs what is asked for.
pub(super) fn run(arguments: &Arguments, options: &Options) -> Exit {
    match planned(arguments, options) {
        Ok(plan) => perform(&plan, arguments, options),
        Err(exit) => exit,
    }
}

fn planned(arguments: &Arguments, options: &Options) -> Result<Plan, Exit> {
    let scenarios = plan::scenarios(arguments, &options.names)?;
    let subjects = plan::subjects(&options.subjects)?;
    let mut plan = plan::plan(&scenarios, &subjects, &options.place, options.seed)?;
    plan.orders = (0..options.repeat).flat_map(|_| plan.orders.clone()).collect();
    Ok(plan)
}

/// A run, and how it compares with its snapshot.
struct Compared {
    run: Run,
    snapshot: SnapshotState,
}

fn perform(plan: &Plan, arguments: &Arguments, options: &Options) -> Exit {
    plan.say_ignored();
    if plan.orders.is_empty() {
        anstream::eprintln!("nothing ran");
        return Exit::NothingRan;
    }
    if options.format == Format::Human {
        plan.taken.iter().for_each(|line| anstream::eprintln!("{line}"));
    }
    let snapshots = snapshots(arguments);
    let progress = Progress::of(plan.orders.len());
    let mut ends = Vec::new();
    let mut kept = Vec::new();
    perform_all(
        &plan.orders,
        |ended| progress.ended(ended),
        |finished| {
            let number = ends.len() + 1;
            match compare(finished, &snapshots) {
                Ok(compared) => {
                    ends.push(exit_of(&compared));
                    progress.around(|| ends.extend(deliver(&compared, number, options)));
                    kept.push(compared);
                }
                Err(failure) => {
                    progress.around(|| anstream::eprintln!("deadwatch: {failure}"));
                    ends.push(Exit::Internal);
                }
            }
        },
    );
    progress.finish();
    if options.format == Format::Human {
        let views: Vec<_> = kept
            .iter()
            .map(|Compared { run, snapshot }| RunView {
                history: &run.history,
                judgement: &run.judgement,
                snapshot,
            })
            .collect();
        anstream::print!("{}", summary(&views, Paint::Coloured));
    }
    let ran = ends.into_iter().filter(|exit| *exit != Exit::NothingRan);
    Exit::of_all(ran)
}

/// The snapshots beside the scenarios, if those come from a folder; else those compiled in.
pub(super) fn snapshots(arguments: &Arguments) -> Snapshots {
    let library = Library::find(arguments.scenarios.as_deref()).ok();
    let folder =
        library.as_ref().and_then(Library::folder).and_then(Path::parent).map(|root| root.join("snapshots"));
    match folder {
        Some(folder) if folder.is_dir() => Snapshots::at(folder),
        _ => Snapshots::compiled_in(),
    }
}

fn compare(finished: Finished<'_>, snapshots: &Snapshots) -> Result<Compared, String> {
    let run = finished.run?;
    if run.judgement.inconclusive.is_some() {
        return Ok(Compared { run, snapshot: SnapshotState::None });
    }
    let text = snapshot::text(&run.judgement);
    let (scenario, subject) = (&run.history.scenario.name, &run.history.subject);
    let state = snapshots.compare(scenario, subject, &text).map_err(|error| format!("could not {error}"))?;
    Ok(Compared { run, snapshot: state })
}

/// What one run means for the exit. A run that the subject does not offer is as if it had not been asked for.
fn exit_of(compared: &Compared) -> Exit {
    match (&compared.run.judgement.inconclusive, &compared.snapshot) {
        (Some(Inconclusive::Unsupported(_)), _) => Exit::NothingRan,
        (Some(_), _) => Exit::Inconclusive,
        (None, SnapshotState::Match) => Exit::Success,
        (None, SnapshotState::Differs { .. }) => Exit::Findings,
        (None, SnapshotState::None) => match compared.run.judgement.verdict {
            Verdict::Unsafe => Exit::Findings,
            Verdict::Survives | Verdict::FailsSafely => Exit::Success,
            Verdict::Inconclusive => Exit::Inconclusive,
        },
    }
}

/// Prints and keeps what is wanted of a run as soon as it is known.
fn deliver(compared: &Compared, number: usize, options: &Options) -> Option<Exit> {
    let Compared { run, snapshot } = compared;
    if options.format == Format::Json {
        match json::line(&run.history, &run.judgement, snapshot) {
            Ok(line) => anstream::println!("{line}"),
            Err(error) => {
                anstream::eprintln!("deadwatch: could not write a line of JSON: {error}");
                return Some(Exit::Internal);
            }
        }
    }
    let folder = options.record.as_deref()?;
    match record(run, number, folder) {
        Ok(()) => None,
        Err(error) => {
            anstream::eprintln!("deadwatch: could not keep a history in {}: {error}", folder.display());
            Some(Exit::Internal)
        }
    }
}

fn record(run: &Run, number: usize, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let scenario = run.history.scenario.name.replace('/', "-");
    let subject: String =
        run.history.subject.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let file = folder.join(format!("{number:03}-{scenario}-{}-{subject}.json", run.history.backend));
    fs::write(file, serde_json::to_string_pretty(&run.history)?)
}
