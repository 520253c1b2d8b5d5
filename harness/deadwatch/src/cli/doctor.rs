//! `deadwatch doctor`: which backends and subjects can run here, and what is missing for the others. It clears away what
//! killed runs have left.

use std::{collections::BTreeSet, io::stdout};

use anstyle::{AnsiColor, Style};

use super::{
    Exit,
    alike::{alike, listed},
    arguments::Arguments,
    output::{print, tell, width, wrapped},
    plan,
};
use crate::{
    etcd::{self, Availability, Backend, Fact, Pull, Search},
    reaper::{self, Cleared},
    scenario::{Library, Scenario, Version},
    subject::{self, Subject},
};

/// Says it, and clears away what dead runs have left. Runs nothing.
pub(super) fn doctor(arguments: &Arguments, image: Option<&str>) -> Exit {
    let read = plan::library(arguments).and_then(|library| Ok((plan::scenarios(&library, &[])?, library)));
    let (scenarios, library) = match read {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(format_args!("deadwatch: could not make a runtime: {error}"));
            return Exit::Internal;
        }
    };
    let search = Search::here(image.map(str::to_owned), Pull::Allowed);
    let etcds = distinct(&scenarios, |scenario| scenario.etcd.version);
    let facts = runtime.block_on(etcd::survey(&etcds, &search));
    let parts = [
        library_of(&library, &scenarios),
        backends(&facts),
        automatic(&etcds, &facts),
        subjects(&distinct(&scenarios, |scenario| scenario.client_version)),
    ];
    let parts = parts.into_iter().chain(left_behind(&reaper::clear_dead()));
    print(&(parts.map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n") + "\n"))
}

/// What runs have left that were killed, and what became of it; nothing where there was nothing.
fn left_behind(cleared: &Cleared) -> Vec<Vec<String>> {
    let part = |head: &str, lines: &[String]| {
        let lines = lines.iter().map(|line| format!("    {line}"));
        std::iter::once(head.to_owned()).chain(lines).collect::<Vec<_>>()
    };
    let mut parts = Vec::new();
    if !cleared.gone.is_empty() {
        parts.push(part("Cleared away, as the runs that had left it are dead", &cleared.gone));
    }
    if !cleared.unsure.is_empty() {
        let head =
            "Left alone: of another machine, an earlier boot or another container, where the run may go on";
        parts.push(part(head, &cleared.unsure));
    }
    parts
}

fn distinct(scenarios: &[Scenario], release: impl Fn(&Scenario) -> Version) -> Vec<Version> {
    scenarios.iter().map(release).collect::<BTreeSet<_>>().into_iter().collect()
}

fn library_of(library: &Library, scenarios: &[Scenario]) -> Vec<String> {
    let place = match library.folder() {
        Some(folder) => format!("in {}", folder.display()),
        None => "built into this program".to_owned(),
    };
    let etcds = distinct(scenarios, |scenario| scenario.etcd.version);
    vec![format!("{} scenarios, {place}; they name etcd {}", scenarios.len(), listed(&etcds))]
}

/// Each backend, then the releases it can run, then those it can't, with what to do.
fn backends(facts: &[Fact]) -> Vec<String> {
    let mut lines = vec!["Backends: a scenario runs on an etcd of exactly its release".to_owned()];
    for backend in Backend::ALL {
        lines.push(format!("  {}  {}", strong(&format!("{backend:<9}")), what(backend)));
        let facts: Vec<_> = facts.iter().filter(|fact| fact.backend == backend).collect();
        for fact in &facts {
            if let Availability::Available(source) = &fact.availability {
                lines.push(can_run(&format!("etcd {}", fact.version), &source.to_string()));
            }
        }
        let missing = facts.iter().filter_map(|fact| match &fact.availability {
            Availability::Available(_) => None,
            // One text, so that it is taken apart again only after the releases were put together.
            Availability::Missing(missing) => {
                Some(((), fact.version, format!("{}\nTo do: {}", missing.why, missing.remedy)))
            }
        });
        for group in alike(missing) {
            lines.extend(missing_here(&format!("etcd {}", group.of_releases()), &group.text));
        }
    }
    lines
}

/// What `--on auto` comes to.
fn automatic(etcds: &[Version], facts: &[Fact]) -> Vec<String> {
    let order = Backend::AUTO.map(|backend| backend.to_string()).join(", ");
    let mut lines = vec![format!("By default (--on auto) a scenario runs on the first of {order} that can")];
    for &release in etcds {
        let can = |backend: &Backend| {
            facts.iter().any(|fact| {
                (fact.version, fact.backend) == (release, *backend)
                    && matches!(fact.availability, Availability::Available(_))
            })
        };
        lines.push(match Backend::AUTO.into_iter().find(can) {
            Some(backend) => can_run(&format!("etcd {release}"), &backend.to_string()),
            None => format!("    {} etcd {release}: on none, its scenarios are ignored", mark(Mark::Missing)),
        });
    }
    lines
}

fn subjects(clients: &[Version]) -> Vec<String> {
    let mut lines = vec!["Subjects".to_owned()];
    for subject in Subject::BUILT_IN {
        let (name, words) = (subject.to_string(), about(&subject));
        lines.push(format!("  {}  {words}", strong(&format!("{name:<15}"))));
        let Subject::Original = subject else { continue };
        let missing = clients.iter().filter_map(|&client| match subject::find(&subject, client) {
            Ok(()) => {
                lines.push(can_run(&format!("clientv3 {client}"), "built"));
                None
            }
            Err(absent) => Some(((), client, absent.to_string())),
        });
        for group in alike(missing.collect::<Vec<_>>()) {
            lines.extend(missing_here(&format!("clientv3 {}", group.of_releases()), &group.text));
        }
    }
    lines.push(format!("  {}  any program that speaks the line protocol:", strong("your own       ")));
    lines.push("                   deadwatch run auth/quick --subject './my-consumer'".to_owned());
    lines
}

const fn what(backend: Backend) -> &'static str {
    match backend {
        Backend::Embedded => "an etcd in this process; needs nothing else",
        Backend::Process => "a real etcd binary, as a child process",
        Backend::Docker => "a real etcd in a container, published on 127.0.0.1 only",
    }
}

const fn about(subject: &Subject) -> &'static str {
    match subject {
        Subject::Naive => "the recipe retold in Rust, bug included; part of this program",
        Subject::Checked => "the same with upstream's one-line check; part of this program",
        Subject::Resilient => "the queue that survives; part of this program",
        Subject::ResilientLease => "the same with acknowledgements; part of this program",
        Subject::Original => "the recipe itself, in Go; a program for each clientv3 release",
        Subject::Command(_) => "a program that speaks the line protocol",
        Subject::Own(_) => "a queue that was handed in",
    }
}

enum Mark {
    Here,
    Missing,
}

fn mark(mark: Mark) -> String {
    let (colour, sign) = match mark {
        Mark::Here => (AnsiColor::Green, '✓'),
        Mark::Missing => (AnsiColor::Red, '✗'),
    };
    let style = colour.on_default();
    format!("{style}{sign}{style:#}")
}

fn strong(text: &str) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

fn can_run(what: &str, source: &str) -> String {
    format!("    {} {what}: {source}", mark(Mark::Here))
}

fn missing_here(what: &str, why: &str) -> Vec<String> {
    let head = format!("    {} {what}: missing", mark(Mark::Missing));
    std::iter::once(head).chain(wrapped(why, width(&stdout()), "        ", "        ")).collect()
}
