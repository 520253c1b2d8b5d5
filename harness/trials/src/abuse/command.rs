//! The program `abuse`: makes campaigns, tells how they go, and how to repeat what went wrong.

use std::{
    path::Path,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clap::{Parser, error::ErrorKind};
use deadwatch::{
    etcd::{self, Backend, Choice, EtcdError, On, Pull, Search, Source, Time},
    reaper,
    scenario::Version,
    verdict::Verdict,
};
use tokio::runtime::{Builder, Runtime};

use super::{
    campaign::Campaign,
    named::Named,
    plan::Plan,
    processes::{self, Ordeal},
    ran::Ran,
    recovery::{self, BLACK_HOLE_BOUND, KILL_BOUND, Recoveries},
    run::play,
    total::{Table, Total},
};

/// The release that everything in this process is tried on.
const RELEASE: Version = Version::new(3, 5, 16);
/// How many connections fall silent when the recovery is measured.
const BLACK_HOLES: usize = 10;

/// Puts the queue through random faults, and counts what it loses.
#[derive(Debug, Parser)]
#[command(name = "abuse")]
struct Arguments {
    /// What to put it through; everything, if nothing is named.
    #[arg(value_enum)]
    campaigns: Vec<Named>,
    /// The seed of the first run; each further one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many items each campaign enqueues; for `recovery`: how many kills. By default a million for `kills`, fewer
    /// for the others.
    #[arg(long)]
    items: Option<usize>,
    /// The release of the real etcd. By default 3.5.16; the runs of campaigns of processes are dealt to 3.5.5, 3.5.16 and
    /// 3.7.3 in turn.
    #[arg(long)]
    etcd: Option<Version>,
    /// No run is begun after so many minutes.
    #[arg(long)]
    minutes: Option<u64>,
}

impl Arguments {
    /// The release for a campaign of this process.
    fn release(&self) -> Version {
        self.etcd.unwrap_or(RELEASE)
    }

    /// The release for the run of this number of a campaign of processes.
    fn release_of(&self, number: usize) -> Version {
        self.etcd.unwrap_or(processes::RELEASES[number % processes::RELEASES.len()])
    }
}

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing was lost or doubled, nobody is deaf, and recoveries are quick.
    Well,
    /// Something was.
    Broken,
    /// A run could not be made.
    Inconclusive,
    /// The command line is wrong.
    Usage,
}

impl From<End> for ExitCode {
    /// As deadwatch's own command line has it.
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Well => 0,
            End::Broken => 1,
            End::Inconclusive => 2,
            End::Usage => 64,
        })
    }
}

/// Runs the program with this process's arguments.
pub fn main() -> ExitCode {
    if let Some(exit) = reaper::supervisor::called() {
        return exit;
    }
    let mut words = std::env::args().skip(1);
    if let (Some(word), Some(settings)) = (words.next(), words.next())
        && word == processes::WORKER
    {
        return processes::worker::main(&settings);
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody is left to tell that nothing can be told.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { End::Well } else { End::Usage }.into();
        }
    };
    reaper::on_signals();
    if let Ok(program) = std::env::current_exe() {
        reaper::supervise_with(program);
    }
    let give_up = arguments.minutes.map(|minutes| Instant::now() + Duration::from_secs(minutes * 60));
    let named = if arguments.campaigns.is_empty() { &Named::ALL[..] } else { &arguments.campaigns };
    let command = Command { arguments: &arguments, give_up };
    let (mut totals, mut process_totals) = (Vec::new(), Vec::new());
    let mut end = End::Well;
    for &named in named {
        match named {
            Named::Here(Campaign::Recovery) => end = worse(end, command.recover()),
            Named::Here(campaign) => {
                let total = command.make(campaign);
                end = total.failed.iter().map(|failed| ended(failed.verdict)).fold(end, worse);
                totals.push(total);
            }
            Named::InProcesses(ordeal) => {
                let total = command.make_in_processes(ordeal);
                end = total.failed.iter().copied().map(ended).fold(end, worse);
                process_totals.push(total);
            }
        }
    }
    if !totals.is_empty() {
        print!("{}", Table(&totals));
    }
    print!("{}", processes::total::Table(&process_totals));
    end.into()
}

struct Command<'a> {
    arguments: &'a Arguments,
    give_up: Option<Instant>,
}

impl Command<'_> {
    /// Makes the runs of a campaign: in virtual time as many at once as there are cores, in real time one by one.
    fn make(&self, campaign: Campaign) -> Total {
        let Arguments { seed: first_seed, items, .. } = *self.arguments;
        let (version, items) = (self.arguments.release(), items.unwrap_or(campaign.items()));
        let of_a_run = campaign.items_of_a_run();
        let runs = items.div_ceil(of_a_run) as u64;
        let (next, total) = (AtomicU64::new(0), Mutex::new(Total::of(campaign, first_seed)));
        let hands = match campaign.backend() {
            Backend::Embedded => thread::available_parallelism().map_or(1, usize::from),
            Backend::Process | Backend::Docker => 1,
        };
        thread::scope(|scope| {
            for _ in 0..hands {
                scope.spawn(|| {
                    while self.give_up.is_none_or(|give_up| Instant::now() < give_up) {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= runs {
                            return;
                        }
                        let begun = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(of_a_run);
                        let items = of_a_run.min(items.saturating_sub(begun));
                        let seed = first_seed.wrapping_add(number);
                        let ran = make_one(&Plan::of(campaign, seed, items, version));
                        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                        self.tell(&total, seed, items, ran.as_ref());
                        total.add(seed, items, ran);
                    }
                });
            }
        });
        total.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the runs of a campaign of processes, one by one.
    fn make_in_processes(&self, ordeal: Ordeal) -> processes::total::Total {
        let Arguments { seed: first_seed, items, .. } = *self.arguments;
        let items = items.unwrap_or(ordeal.items());
        let of_a_run = ordeal.items_of_a_run();
        let mut total = processes::total::Total::of(ordeal, first_seed);
        for number in 0..items.div_ceil(of_a_run) {
            if self.give_up.is_some_and(|give_up| Instant::now() >= give_up) {
                break;
            }
            let (seed, version) = (first_seed.wrapping_add(number as u64), self.arguments.release_of(number));
            let items = of_a_run.min(items - number * of_a_run);
            let ran = std::env::current_exe()
                .map_err(|error| format!("find this program: {error}"))
                .and_then(|program| {
                    make_one_in_processes(&processes::Plan::of(ordeal, seed, items, version), &program)
                });
            let again =
                format!("just abuse {} --seed {seed} --items {items} --etcd {version}", ordeal.name());
            match &ran {
                Ok(ran) => tell_of_processes(ran, &again),
                Err(problem) => {
                    eprintln!("{} {seed}: could not {problem}\n    again: {again}", ordeal.name());
                }
            }
            total.add(ran.as_ref().ok());
        }
        total
    }

    /// How a run went, on standard error: each in real time, one in a hundred in virtual time, and all that failed.
    fn tell(&self, total: &Total, seed: u64, items: usize, ran: Result<&Ran, &String>) {
        let campaign = total.campaign;
        let again = format!(
            "just abuse {} --seed {seed} --items {items} --etcd {}",
            campaign.name(),
            self.arguments.release()
        );
        match ran {
            Ok(ran) => {
                let Ran { suffered, marks, complaints, .. } = ran;
                let is_well = marks.verdict == Verdict::Survives && complaints.is_empty();
                if is_well && campaign.backend() == Backend::Embedded && total.runs % 100 != 99 {
                    return;
                }
                eprintln!(
                    "{} {seed}: {} in {:.1} s; {} items, {} handed out; {} replies lost, {} applied, {} void; \
                     {} kills, {} compactions, {} others, {} logins, {} drops; {} lost, {} doubled, {} left",
                    campaign.name(),
                    marks.verdict,
                    suffered.took.as_secs_f64(),
                    marks.acknowledged,
                    marks.handed_out,
                    suffered.replies_lost,
                    suffered.ambiguous.applied,
                    suffered.ambiguous.void,
                    suffered.kills,
                    suffered.compactions,
                    suffered.others,
                    suffered.logins,
                    suffered.drops,
                    marks.lost,
                    marks.doubled,
                    marks.left,
                );
                complaints.iter().for_each(|complaint| eprintln!("    {complaint}"));
                if !is_well {
                    eprintln!("    again: {again}");
                }
            }
            Err(problem) => {
                eprintln!("{} {seed}: could not {problem}\n    again: {again}", campaign.name());
            }
        }
    }

    /// Measures recoveries.
    fn recover(&self) -> End {
        let Arguments { seed, items, .. } = *self.arguments;
        let version = self.arguments.release();
        let plan = Plan::of(Campaign::Recovery, seed, 0, version);
        let kills = items.unwrap_or(Campaign::Recovery.items());
        let measured = real_time().map_err(|error| format!("make a runtime: {error}")).and_then(|runtime| {
            runtime.block_on(async {
                let choice = choose(version).await.map_err(|error| error.to_string())?;
                let measured = recovery::measure(&plan, &choice, kills, BLACK_HOLES).await;
                measured.map_err(|error| error.to_string())
            })
        });
        let Recoveries { after_kills, after_black_holes } = match measured {
            Ok(measured) => measured,
            Err(problem) => {
                eprintln!("recovery {seed}: could not {problem}");
                return End::Inconclusive;
            }
        };
        let mut end = End::Well;
        for (what, times, bound) in [
            ("an item after etcd was killed and is ready again", &after_kills, KILL_BOUND),
            ("an item after the connection fell silent", &after_black_holes, BLACK_HOLE_BOUND),
        ] {
            let Some((median, longest)) = Recoveries::median_and_longest(times) else { continue };
            let held = if longest <= bound { "holds" } else { "too slow" };
            println!(
                "recovery, seed {seed}: {what}: n {}, p50 {:.3} s, max {:.3} s, bound {} s: {held}",
                times.len(),
                median.as_secs_f64(),
                longest.as_secs_f64(),
                bound.as_secs(),
            );
            if longest > bound {
                end = End::Broken;
            }
        }
        end
    }
}

/// Makes a run, with a runtime of its own.
///
/// # Errors
/// In words that read on after "could not".
pub fn make_one(plan: &Plan) -> Result<Ran, String> {
    let no_runtime = |error: std::io::Error| format!("make a runtime: {error}");
    match plan.campaign.backend() {
        Backend::Embedded => {
            // Nothing outside of this process is waited for.
            let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
            let choice = Choice { source: Source::Embedded, reasons: Vec::new() };
            runtime.map_err(no_runtime)?.block_on(play(plan, &choice, Time::Virtual))
        }
        Backend::Process | Backend::Docker => real_time().map_err(no_runtime)?.block_on(async {
            let choice = choose(plan.etcd.version).await.map_err(super::site::SiteError::from)?;
            play(plan, &choice, Time::Real).await
        }),
    }
    .map_err(|error| error.to_string())
}

/// Makes a run whose workers are processes of this program, with a runtime of its own.
///
/// # Errors
/// In words that read on after "could not".
pub fn make_one_in_processes(plan: &processes::Plan, program: &Path) -> Result<processes::Ran, String> {
    let runtime = real_time().map_err(|error| format!("make a runtime: {error}"))?;
    runtime.block_on(async {
        let choice = choose(plan.version).await.map_err(|error| error.to_string())?;
        let Source::Binary(binary) = choice.source else {
            return Err(format!("find the program of etcd {}", plan.version));
        };
        processes::play(plan, &binary, program).await.map_err(|error| error.to_string())
    })
}

/// How a run of processes went, on standard error.
fn tell_of_processes(ran: &processes::Ran, again: &str) {
    let processes::Ran { plan, suffered, account, took, verdict, complaints } = ran;
    eprintln!(
        "{} {} on {} ({} members): {verdict} in {:.1} s; {} items, {} handed out, {} in dead hands; {} lost, {} doubled, \
         {} stuck\n    {suffered:?}\n    left over {}, presumed {} and {} ({} in other hands, too), unsure {}, redelivered {}, refused {}, errors {:?}",
        plan.ordeal.name(),
        plan.seed,
        plan.version,
        plan.members,
        took.as_secs_f64(),
        account.items,
        account.handed_out,
        account.in_dead_hands,
        ran.lost(),
        ran.doubled(),
        ran.stuck(),
        account.left_over,
        account.presumed,
        account.doubtful,
        account.presumed_elsewhere,
        account.unsure,
        account.redelivered,
        account.refused,
        account.errors,
    );
    complaints.iter().for_each(|complaint| eprintln!("    {complaint}"));
    if *verdict != Verdict::Survives {
        eprintln!("    again: {again}");
    }
}

fn real_time() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// A real etcd of this release.
///
/// # Errors
/// There is none here; with what to do.
pub async fn choose(version: Version) -> Result<Choice, EtcdError> {
    etcd::choose(On::Only(Backend::Process), version, &Search::here(None, Pull::Never)).await
}

fn ended(verdict: Verdict) -> End {
    match verdict {
        Verdict::Inconclusive => End::Inconclusive,
        Verdict::Survives | Verdict::FailsSafely | Verdict::Unsafe => End::Broken,
    }
}

/// A broken promise is worse than a run that proves nothing.
fn worse(one: End, other: End) -> End {
    let rank = |end| match end {
        End::Well => 0,
        End::Inconclusive => 1,
        End::Usage => 2,
        End::Broken => 3,
    };
    if rank(other) > rank(one) { other } else { one }
}
