//! `deadwatch run`: runs scenarios against subjects, and compares with the snapshots.

use super::{
    Exit,
    arguments::{Arguments, Format, Run as Options},
    notice,
    output::{print, tell},
    plan::{self, Plan},
    progress::Progress,
    recording,
    reviewed::Reviewed,
};
use crate::{
    history::Inconclusive,
    reaper,
    report::{
        json,
        snapshot::SnapshotState,
        terminal::{Paint, RunView, summary},
    },
    run::{Finished, Run, perform_all},
    verdict::Verdict,
};

/// Runs what is asked for.
pub(super) fn run(arguments: &Arguments, options: &Options) -> Exit {
    match planned(arguments, options) {
        Ok((plan, reviewed)) => perform(&plan, &reviewed, options),
        Err(exit) => exit,
    }
}

/// All that can be wrong with the usage is found before anything runs.
fn planned(arguments: &Arguments, options: &Options) -> Result<(Plan, Reviewed), Exit> {
    let library = plan::library(arguments)?;
    let subjects = plan::subjects(&options.subjects)?;
    let scenarios = plan::scenarios(&library, &options.names)?;
    let reviewed = Reviewed::beside(&library)?;
    options.record.as_deref().map_or(Ok(()), recording::prepare)?;
    let mut plan = plan::plan(&scenarios, &subjects, &options.place, options.seed)?;
    plan.orders = (0..options.repeat).flat_map(|_| plan.orders.clone()).collect();
    Ok((plan, reviewed))
}

/// A run, and how it compares with its snapshot.
struct Compared {
    run: Run,
    snapshot: SnapshotState,
}

fn perform(plan: &Plan, reviewed: &Reviewed, options: &Options) -> Exit {
    notice::ignored(plan).iter().for_each(tell);
    if plan.orders.is_empty() {
        tell("nothing ran");
        return Exit::NothingRan;
    }
    notice::taken(&plan.choices).iter().for_each(tell);
    let progress = Progress::of(&plan.orders);
    let mut ends = Vec::new();
    let mut kept = Vec::new();
    perform_all(
        &plan.orders,
        |ended| progress.ended(ended),
        |finished| {
            let number = ends.len() + 1;
            let (end, compared) = progress.around(|| end(finished, number, reviewed, options));
            ends.push(end);
            kept.extend(compared);
        },
    );
    progress.finish();
    let exit = Exit::of_all(ends.into_iter().filter(|exit| *exit != Exit::NothingRan));
    let shown = match options.format {
        Format::Human => print(&page(&kept)),
        Format::Json => Exit::Success,
    };
    if exit == Exit::NothingRan {
        tell("nothing ran");
    }
    exit.min(shown)
}

/// Delivers a run that has ended, and says what it means for the exit.
fn end(
    finished: Finished<'_>,
    number: usize,
    reviewed: &Reviewed,
    options: &Options,
) -> (Exit, Option<Compared>) {
    reaper::yield_to_signal();
    let Finished { order, run } = finished;
    let run = match run {
        Ok(run) => run,
        Err(failure) => {
            let (scenario, backend, subject) = (&order.scenario.name, order.backend(), &order.subject);
            tell(format_args!("deadwatch: {scenario}::{backend}::{subject}: {failure}"));
            return (Exit::Internal, None);
        }
    };
    let snapshot = match reviewed.compare(order, &run) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            tell(format_args!("deadwatch: could not {error}"));
            return (Exit::Internal, None);
        }
    };
    match reviewed.propose(order, &run, &snapshot) {
        Ok(proposed) => proposed.iter().for_each(tell),
        Err(error) => tell(format_args!("warning: could not {error}")),
    }
    let compared = Compared { run, snapshot };
    let delivered = deliver(&compared, options.format);
    let recorded = options.record.as_deref().map(|folder| recording::record(&compared.run, number, folder));
    let end = exit_of(&compared).min(delivered).min(recorded.unwrap_or(Exit::Success));
    (end, Some(compared))
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

/// Prints what is wanted of a run as soon as it is known: programs get their line, people what else may help them
/// where a run proves nothing, or something unsafe that nobody has reviewed.
fn deliver(compared: &Compared, format: Format) -> Exit {
    let Compared { run, snapshot } = compared;
    match (&run.judgement.inconclusive, format) {
        (Some(why @ Inconclusive::Unsupported(_)), Format::Json) => {
            tell(notice::not_offered(run, why));
            return Exit::Success;
        }
        (Some(Inconclusive::Unsupported(_)), Format::Human) => {}
        (None, _) if *snapshot == SnapshotState::Match || run.judgement.verdict != Verdict::Unsafe => {}
        (None | Some(_), _) => notice::logs(run).iter().for_each(tell),
    }
    match format {
        Format::Human => Exit::Success,
        Format::Json => match json::line(&run.history, &run.judgement, snapshot) {
            Ok(line) => print(&format!("{line}\n")),
            Err(error) => {
                tell(format_args!("deadwatch: could not write a line of JSON: {error}"));
                Exit::Internal
            }
        },
    }
}

fn page(kept: &[Compared]) -> String {
    let views: Vec<_> = kept
        .iter()
        .map(|Compared { run, snapshot }| RunView {
            history: &run.history,
            judgement: &run.judgement,
            snapshot,
        })
        .collect();
    summary(&views, Paint::Coloured)
}
