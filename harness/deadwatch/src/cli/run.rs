//! `deadwatch run`: runs scenarios against subjects, and compares with the snapshots.

use std::collections::BTreeMap;

use super::{
    Exit,
    arguments::{Arguments, Format, Run as Options},
    ended::{Compared, Ended},
    notice,
    output::{print, tell},
    plan::{self, Plan},
    progress::Progress,
    recording, reports,
    reviewed::Reviewed,
    sources,
};
use crate::{
    history::Inconclusive,
    reaper,
    report::{
        Case, Source, Standing, json,
        snapshot::SnapshotState,
        terminal::{Paint, summary},
    },
    run::{Finished, perform_all},
    verdict::Verdict,
};

/// Runs what is asked for.
pub(super) fn run(arguments: &Arguments, options: &Options) -> Exit {
    match planned(arguments, options) {
        Ok(planned) => perform(&planned, options),
        Err(exit) => exit,
    }
}

/// What is known before anything runs.
struct Planned {
    plan: Plan,
    reviewed: Reviewed,
    sources: BTreeMap<String, Source>,
}

/// All that can be wrong with the usage is found before anything runs.
fn planned(arguments: &Arguments, options: &Options) -> Result<Planned, Exit> {
    let library = plan::library(arguments)?;
    let subjects = plan::subjects(&options.subjects)?;
    let scenarios = plan::scenarios(&library, &options.names)?;
    let reviewed = Reviewed::beside(&library)?;
    options.record.as_deref().map_or(Ok(()), recording::prepare)?;
    reports::prepare(&options.reports)?;
    let mut plan = plan::plan(&scenarios, &subjects, &options.place, options.seed)?;
    plan.orders = (0..options.repeat).flat_map(|_| plan.orders.clone()).collect();
    Ok(Planned { plan, reviewed, sources: sources::of(&library, &options.names, &scenarios) })
}

fn perform(planned: &Planned, options: &Options) -> Exit {
    let Planned { plan, reviewed, sources } = planned;
    notice::ignored(plan).iter().for_each(tell);
    if plan.orders.is_empty() {
        tell("nothing ran");
        return Exit::NothingRan.min(reports::make(
            &options.reports,
            options.format,
            &cases(&[], plan),
            sources,
        ));
    }
    notice::taken(&plan.choices).iter().for_each(tell);
    let progress = Progress::of(&plan.orders);
    let mut exits = Vec::new();
    let mut kept = Vec::new();
    perform_all(
        &plan.orders,
        |ended| progress.ended(ended),
        |finished| {
            let number = exits.len() + 1;
            let (exit, ended) = progress.around(|| end(finished, number, reviewed, options));
            exits.push(exit);
            kept.push(ended);
        },
    );
    progress.finish();
    let exit = Exit::of_all(exits.into_iter().filter(|exit| *exit != Exit::NothingRan));
    let shown = match options.format {
        Format::Human => print(&page(&kept)),
        Format::Json => Exit::Success,
    };
    let reported = reports::make(&options.reports, options.format, &cases(&kept, plan), sources);
    if exit == Exit::NothingRan {
        tell("nothing ran");
    }
    exit.min(shown).min(reported)
}

/// Everything that was asked for: what ran in its order, then what can't run here.
fn cases<'a>(kept: &'a [Ended<'_>], plan: &'a Plan) -> Vec<Case<'a>> {
    kept.iter().map(Ended::case).chain(plan.ignored.iter().map(plan::Ignored::case)).collect()
}

/// Delivers a run that has ended, and says what it means for the exit.
fn end<'a>(
    finished: Finished<'a>,
    number: usize,
    reviewed: &Reviewed,
    options: &Options,
) -> (Exit, Ended<'a>) {
    reaper::yield_to_signal();
    let Finished { order, run } = finished;
    let failed = |why: String| {
        let ended = Ended::failed(order, why);
        (Exit::Internal, ended)
    };
    let run = match run {
        Ok(run) => run,
        Err(failure) => {
            let (scenario, backend, subject) = (&order.scenario.name, order.backend(), &order.subject);
            tell(format_args!("deadwatch: {scenario}::{backend}::{subject}: {failure}"));
            return failed(failure);
        }
    };
    let snapshot = match reviewed.compare(order, &run) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            tell(format_args!("deadwatch: could not {error}"));
            return failed(format!("could not {error}"));
        }
    };
    match reviewed.propose(order, &run, &snapshot) {
        Ok(proposed) => proposed.iter().for_each(tell),
        Err(error) => tell(format_args!("warning: could not {error}")),
    }
    let compared = Box::new(Compared { order, run, snapshot });
    let delivered = deliver(&compared, options.format);
    let recorded = options.record.as_deref().map(|folder| recording::record(&compared.run, number, folder));
    let exit = exit_of(&compared).min(delivered).min(recorded.unwrap_or(Exit::Success));
    (exit, Ended::Compared(compared))
}

/// What one run means for the exit. A run that the subject does not offer is as if it had not been asked for.
fn exit_of(compared: &Compared<'_>) -> Exit {
    match Standing::of(&compared.view()) {
        Standing::Ignored => Exit::NothingRan,
        Standing::Inconclusive => Exit::Inconclusive,
        Standing::AsExpected | Standing::New => Exit::Success,
        Standing::Differs | Standing::NewAndUnsafe => Exit::Findings,
        Standing::Failed => Exit::Internal,
    }
}

/// Prints what is wanted of a run as soon as it is known: programs get their line, people what else may help them
/// where a run proves nothing, or something unsafe that nobody has reviewed.
fn deliver(compared: &Compared<'_>, format: Format) -> Exit {
    let Compared { run, snapshot, .. } = compared;
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

fn page(kept: &[Ended<'_>]) -> String {
    let views: Vec<_> = kept
        .iter()
        .filter_map(|ended| match ended {
            Ended::Compared(compared) => Some(compared.view()),
            Ended::Failed(_) => None,
        })
        .collect();
    summary(&views, Paint::Coloured)
}
