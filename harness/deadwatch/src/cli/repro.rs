//! `deadwatch repro`: the story against every built-in subject, side by side, on one screen.

use super::{
    Exit,
    arguments::{Arguments, Place},
    complain,
    plan::{self, Plan},
    progress::Progress,
    run::snapshots,
};
use crate::{
    report::{
        repro::{Entry, repro as screen},
        snapshot::{self, SnapshotState, Snapshots},
        terminal::Paint,
    },
    run::{Run, perform_all},
    scenario::{Library, Scenario},
    subject::Subject,
};

/// The story's name in the library.
const STORY: &str = "auth/story";

/// Shows the story.
pub(super) fn repro(arguments: &Arguments, place: &Place) -> Exit {
    let story = match Library::find(arguments.scenarios.as_deref()) {
        Ok(library) => library.load(STORY).or_else(|_| Library::compiled_in().load(STORY)),
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    let story = match story {
        Ok(parsed) => parsed.scenario,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    match plan::plan(std::slice::from_ref(&story), &Subject::BUILT_IN, place, 0) {
        Ok(plan) => show(&story, &plan, &snapshots(arguments)),
        Err(exit) => exit,
    }
}

fn show(story: &Scenario, plan: &Plan, snapshots: &Snapshots) -> Exit {
    plan.taken.iter().for_each(|line| anstream::eprintln!("{line}"));
    if plan.orders.is_empty() {
        plan.say_ignored();
        anstream::eprintln!("nothing ran");
        return Exit::NothingRan;
    }
    let progress = Progress::of(plan.orders.len());
    let mut runs = Vec::new();
    let mut ends = Vec::new();
    perform_all(
        &plan.orders,
        |ended| progress.ended(ended),
        |finished| match finished.run {
            Ok(run) => {
                ends.push(exit_of(&run, snapshots));
                runs.push(run);
            }
            Err(failure) => {
                progress.around(|| anstream::eprintln!("deadwatch: {failure}"));
                ends.push(Exit::Internal);
            }
        },
    );
    progress.finish();
    let backend = runs.first().map_or("", |run| run.history.backend.as_str());
    let entries: Vec<_> =
        Subject::BUILT_IN.iter().filter_map(|subject| entry(subject, &runs, plan)).collect();
    let entries: Vec<Entry<'_>> = entries;
    anstream::print!("{}", screen(story, backend, &entries, Paint::Coloured));
    Exit::of_all(ends)
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
fn exit_of(run: &Run, snapshots: &Snapshots) -> Exit {
    if let Some(why) = &run.judgement.inconclusive {
        anstream::eprintln!("{}: {why}\n{}", run.history.subject, run.etcd_log);
        return Exit::Inconclusive;
    }
    let text = snapshot::text(&run.judgement);
    match snapshots.compare(&run.history.scenario.name, &run.history.subject, &text) {
        Ok(SnapshotState::Match) => Exit::Success,
        Ok(SnapshotState::Differs { .. } | SnapshotState::None) => Exit::Findings,
        Err(error) => {
            anstream::eprintln!("deadwatch: could not {error}");
            Exit::Internal
        }
    }
}
