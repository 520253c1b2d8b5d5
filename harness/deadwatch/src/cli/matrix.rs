//! `deadwatch matrix`: one scenario on several servers, with several generations of clients.

use super::{
    Exit,
    arguments::{Arguments, Format, Matrix as Options, Place},
    notice,
    output::{print, tell},
    plan::{self, Ignored, Plan},
    progress::Progress,
};
use crate::{
    etcd::{Backend, On},
    history::Inconclusive,
    reaper,
    report::{
        json,
        matrix::{CameTo, Cell, matrix as table},
        terminal::Paint,
    },
    run::{Finished, Order, Run, perform_all},
    scenario::{Scenario, Version},
    subject::Subject,
};

/// Runs the scenario in all these settings. No snapshots are compared: they are of the scenario's own releases.
pub(super) fn matrix(arguments: &Arguments, options: &Options) -> Exit {
    match planned(arguments, options) {
        Ok((scenario, plans)) => perform(&scenario, &plans, options),
        Err(exit) => exit,
    }
}

/// Whether what a subject does depends on the generation of the client that it is told to behave like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    /// It is built on that, or behaves as that.
    ThatOfTheRow,
    /// It brings one of its own.
    Its,
}

const fn client_of(subject: &Subject) -> Client {
    match subject {
        Subject::Naive | Subject::Checked | Subject::Original => Client::ThatOfTheRow,
        Subject::Resilient | Subject::ResilientLease | Subject::Command(_) | Subject::Own(_) => Client::Its,
    }
}

/// What of one subject runs, and what can't.
struct Column {
    subject: Subject,
    name: String,
    plan: Plan,
}

impl Column {
    fn cell<'a>(
        &'a self,
        server: Version,
        client: Version,
        backend: &'a str,
        came_to: CameTo<'a>,
    ) -> Cell<'a> {
        let client = match client_of(&self.subject) {
            Client::ThatOfTheRow => Some(client),
            Client::Its => None,
        };
        Cell { server, client, subject: &self.name, backend, came_to }
    }
}

fn planned(arguments: &Arguments, options: &Options) -> Result<(Scenario, Vec<Column>), Exit> {
    let library = plan::library(arguments)?;
    let subjects = plan::subjects(&options.subjects)?;
    let scenarios = plan::scenarios(&library, std::slice::from_ref(&options.name))?;
    let Some(scenario) = scenarios.into_iter().next() else { return Err(Exit::Internal) };
    let is_meant = |subject: &Subject| !options.subjects.is_empty() || subject.suits(scenario.queue.delivery);
    let columns = subjects.into_iter().filter(is_meant).map(|subject| {
        let place = Place { on: place_of(&subject, options.on), image: options.image.clone() };
        let settings = settings(&scenario, &subject, options);
        let plan = plan::plan(&settings, std::slice::from_ref(&subject), &place, options.seed)?;
        let plan = match options.on {
            Some(_) => plan,
            None => without_a_model(&subject, plan),
        };
        Ok(Column { name: subject.to_string(), subject, plan })
    });
    let columns = columns.collect::<Result<_, Exit>>()?;
    Ok((scenario, columns))
}

/// Where a subject runs unless somebody says where: what is part of this program in virtual time, which takes a moment.
const fn place_of(subject: &Subject, asked: Option<On>) -> On {
    match (asked, subject) {
        (Some(on), _) => on,
        (
            None,
            Subject::Naive
            | Subject::Checked
            | Subject::Resilient
            | Subject::ResilientLease
            | Subject::Own(_),
        ) => On::Only(Backend::Embedded),
        (None, Subject::Original | Subject::Command(_)) => On::Auto,
    }
}

/// The scenario on each server, with each client that matters to the subject.
fn settings(scenario: &Scenario, subject: &Subject, options: &Options) -> Vec<Scenario> {
    let own = [scenario.client_version];
    let clients: &[Version] = match client_of(subject) {
        Client::ThatOfTheRow => &options.clients,
        Client::Its => &own,
    };
    let of_server = |server: Version| {
        clients.iter().map(move |client| {
            let mut setting = scenario.clone();
            setting.etcd.version = server;
            setting.client_version = *client;
            setting
        })
    };
    options.servers.iter().copied().flat_map(of_server).collect()
}

/// A program is run to know what happens on a real etcd: one that would run on the embedded one is left out.
fn without_a_model(subject: &Subject, mut plan: Plan) -> Plan {
    if place_of(subject, None) == On::Only(Backend::Embedded) {
        return plan;
    }
    let (model, real): (Vec<_>, Vec<_>) =
        plan.orders.into_iter().partition(|order| order.backend() == Backend::Embedded);
    plan.orders = real;
    plan.ignored.extend(model.into_iter().map(|order| {
        let reasons = order.choice.reasons.join("; ");
        Ignored {
            scenario: order.scenario.name.clone(),
            subject: order.subject.to_string(),
            backend: On::Auto.to_string(),
            etcd: order.scenario.etcd.version,
            client: order.scenario.client_version,
            why: format!("no real etcd is here (--on embedded takes the model): {reasons}"),
        }
    }));
    plan
}

/// A run that has ended, or why it was not made.
struct Ended<'a> {
    order: &'a Order,
    run: Result<Run, String>,
}

fn perform(scenario: &Scenario, columns: &[Column], options: &Options) -> Exit {
    let orders: Vec<Order> = columns.iter().flat_map(|column| column.plan.orders.clone()).collect();
    for column in columns.iter().filter(|column| !column.plan.orders.is_empty()) {
        let real = column.plan.choices.iter().filter(|(_, choice)| choice.backend() != Backend::Embedded);
        let real = real.map(|(release, choice)| (*release, choice.clone())).collect();
        notice::taken(&real).iter().for_each(tell);
    }
    let progress = Progress::of(&orders);
    let mut kept = Vec::new();
    perform_all(
        &orders,
        |ended| progress.ended(ended),
        |finished| {
            reaper::yield_to_signal();
            let Finished { order, run } = finished;
            if let Err(failure) = &run {
                let (server, client) = (order.scenario.etcd.version, order.scenario.client_version);
                tell(format_args!(
                    "deadwatch: {} on {server} with client {client}: {failure}",
                    order.subject
                ));
            }
            kept.push(Ended { order, run });
        },
    );
    progress.finish();
    let shown = match options.format {
        Format::Human => print(&table(scenario, &cells(columns, &kept, options), Paint::Coloured)),
        Format::Json => lines(columns, &kept),
    };
    let exit = Exit::of_all(kept.iter().map(exit_of).filter(|exit| *exit != Exit::NothingRan));
    if exit == Exit::NothingRan {
        tell("nothing ran");
    }
    exit.min(shown)
}

/// Whatever a run came to is what was asked for, if it proves anything.
fn exit_of(ended: &Ended<'_>) -> Exit {
    match &ended.run {
        Err(_) => Exit::Internal,
        Ok(run) => match run.judgement.inconclusive {
            None => Exit::Success,
            Some(Inconclusive::Unsupported(_)) => Exit::NothingRan,
            Some(_) => Exit::Inconclusive,
        },
    }
}

/// Subject by subject, what ran and what did not, as the servers and clients were asked for.
fn cells<'a>(columns: &'a [Column], kept: &'a [Ended<'_>], options: &Options) -> Vec<Cell<'a>> {
    let mut cells = Vec::new();
    for column in columns {
        let ended = kept.iter().filter(|ended| ended.order.subject == column.subject);
        let ran = ended.map(|ended| {
            let (backend, came_to) = match &ended.run {
                Ok(run) => (run.history.backend.as_str(), CameTo::Judged(&run.judgement)),
                Err(failure) => ("", CameTo::Unmade(failure)),
            };
            let Scenario { etcd, client_version, .. } = &ended.order.scenario;
            column.cell(etcd.version, *client_version, backend, came_to)
        });
        let ignored = column.plan.ignored.iter().map(|ignored| {
            column.cell(ignored.etcd, ignored.client, &ignored.backend, CameTo::Unmade(&ignored.why))
        });
        cells.extend(ran.chain(ignored));
    }
    cells.sort_by_key(|cell| {
        let server = options.servers.iter().position(|server| *server == cell.server);
        // What does not depend on the client stands in the row of the first.
        let client = options.clients.iter().position(|client| Some(*client) == cell.client).unwrap_or(0);
        let subject = columns.iter().position(|column| column.name == cell.subject);
        (server, client, subject)
    });
    cells
}

/// A line for each run; what did not run is told beside.
fn lines(columns: &[Column], kept: &[Ended<'_>]) -> Exit {
    for column in columns {
        notice::ignored(&column.plan).iter().for_each(tell);
    }
    let exits = kept.iter().map(|ended| {
        let run = match &ended.run {
            Ok(run) => run,
            Err(_) => return Exit::Internal,
        };
        if let Some(why @ Inconclusive::Unsupported(_)) = &run.judgement.inconclusive {
            tell(notice::not_offered(run, why));
            return Exit::Success;
        }
        let client = match client_of(&ended.order.subject) {
            Client::ThatOfTheRow => Some(ended.order.scenario.client_version),
            Client::Its => None,
        };
        match json::line_with_client(&run.history, &run.judgement, client) {
            Ok(line) => print(&format!("{line}\n")),
            Err(error) => {
                tell(format_args!("deadwatch: could not write a line of JSON: {error}"));
                Exit::Internal
            }
        }
    });
    exits.min().unwrap_or(Exit::Success)
}
