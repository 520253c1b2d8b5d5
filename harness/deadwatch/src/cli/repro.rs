//! `deadwatch repro`: the story against every built-in subject, side by side, on one screen.

use super::{
    Exit,
    arguments::{Arguments, Place},
    notice,
    output::{print, tell},
    plan::{self, Plan},
    progress::Progress,
    reviewed::Reviewed,
};
use crate::{
    reaper,
    report::{
        repro::{Entry, repro as screen},
        snapshot::SnapshotState,
        terminal::Paint,
    },
    run::{Finished, Run, perform_all},
    scenario::{Library, Scenario},
    subject::Subject,
};

/// The story's name in the library.
const STORY: &str = "auth/story";

/// Shows the story.
pub(super) fn repro(arguments: &Arguments, place: &Place) -> Exit {
    match planned(arguments, place) {
        Ok((story, plan, reviewed)) => show(&story, &plan, &reviewed),
        Err(exit) => exit,
    }
}

fn planned(arguments: &Arguments, place: &Place) -> Result<(Scenario, Plan, Reviewed), Exit> {
    let mut library = plan::library(arguments)?;
    if !library.names().iter().any(|name| name == STORY) {
        // A library of one's own need not hold the story, and it is told with its own snapshots.
        library = Library::compiled_in();
    }
    let stories = plan::scenarios(&library, &[STORY.to_owned()])?;
    let Some(story) = stories.into_iter().next() else { return Err(Exit::Internal) };
    let reviewed = Reviewed::beside(&library)?;
    let plan = plan::plan(std::slice::from_ref(&story), &Subject::BUILT_IN, place, 0)?;
    Ok((story, plan, reviewed))
}

fn show(story: &Scenario, plan: &Plan, reviewed: &Reviewed) -> Exit {
    if plan.orders.is_empty() {
        notice::ignored(plan).iter().for_each(tell);
        tell("nothing ran");
        return Exit::NothingRan;
    }
    notice::taken(&plan.choices).iter().for_each(tell);
    let progress = Progress::of(&plan.orders);
    let mut runs = Vec::new();
    let mut ends = Vec::new();
    perform_all(
        &plan.orders,
        |ended| progress.ended(ended),
        |finished| {
            let (end, run) = progress.around(|| end(finished, reviewed));
            ends.push(end);
            runs.extend(run);
        },
    );
    progress.finish();
    let backend = runs.first().map_or("", |run| run.history.backend.as_str());
    let entries: Vec<Entry<'_>> =
        Subject::BUILT_IN.iter().filter_map(|subject| entry(subject, &runs, plan)).collect();
    let shown = print(&screen(story, backend, &entries, Paint::Coloured));
    Exit::of_all(ends).min(shown)
}

fn entry<'a>(subject: &Subject, runs: &'a [Run], plan: &'a Plan) -> Option<Entry<'a>> {
    let name = subject.to_string();
    let ran = runs.iter().find(|run| run.history.subject == name);
    let ran = ran.map(|run| Entry::Ran { history: &run.history, judgement: &run.judgement });
    ran.or_else(|| {
        let ignored = plan.ignored.iter().find(|ignored| ignored.subject == name)?;
        Some(Entry::CouldNotRun { subject: &ignored.subject, reason: &ignored.why })
    })
}

/// The story is told as it should be if each subject does what its snapshot says.
fn end(finished: Finished<'_>, reviewed: &Reviewed) -> (Exit, Option<Run>) {
    reaper::yield_to_signal();
    let Finished { order, run } = finished;
    let run = match run {
        Ok(run) => run,
        Err(failure) => {
            tell(format_args!("deadwatch: {}: {failure}", order.subject));
            return (Exit::Internal, None);
        }
    };
    let exit = match (&run.judgement.inconclusive, reviewed.compare(order, &run)) {
        (Some(_), _) => {
            notice::logs(&run).iter().for_each(tell);
            Exit::Inconclusive
        }
        (None, Ok(SnapshotState::Match)) => Exit::Success,
        (None, Ok(SnapshotState::Differs { .. } | SnapshotState::None)) => {
            tell(format_args!(
                "{}: not what its snapshot says; `deadwatch run {STORY} --subject {}` shows the difference",
                notice::name(&run),
                order.subject
            ));
            Exit::Findings
        }
        (None, Err(error)) => {
            tell(format_args!("deadwatch: could not {error}"));
            Exit::Internal
        }
    };
    (exit, Some(run))
}
