//! What a schema cannot say: the rules between a file's values, and its defaults.

use std::{ops::Range, time::Duration};

use super::{
    DEFAULT_CLIENT_VERSION, DEFAULT_PREFIX, Delivery, NotOn, Problem, ProblemKind, QueueSpec, Scenario,
    file::{NotOnTable, QueueTable, ScenarioFile},
};
use consumer::Consumers;
use names::Names;
use step::{Containers, Steps};

mod access;
mod consumer;
mod etcd;
mod fault;
mod names;
mod order;
mod step;
mod value;
mod write;

/// A file that has been checked.
#[derive(Debug)]
pub(super) struct Checked {
    /// What it says; of use only if nothing is wrong.
    pub scenario: Scenario,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// Where each consumer's start stands, if it is written.
    pub starts: Vec<Option<Range<usize>>>,
    /// Where each step's action stands.
    pub actions: Vec<Range<usize>>,
}

/// A scenario from its file, and everything that is wrong with it.
pub(super) fn check(name: &str, file: &ScenarioFile) -> Checked {
    let mut check = Check::new(file);
    check.some_text("title", &file.title);
    for origin in &file.origin {
        check.some_text("origin", origin);
    }
    let queue = check.queue(&file.queue);
    let etcd = check.etcd(&file.etcd, &file.not_on, &queue.prefix);
    let client_version = file.client.version.as_ref().map(|version| check.version(version));
    let limit = file.client.receive_limit_bytes.as_ref();
    let not_on = check.not_on(&file.not_on);
    if file.consumer.get().is_empty() {
        check.wrong(file.consumer.span(), ProblemKind::NoConsumer);
    }
    let mut consumers = Consumers::new(&queue.prefix);
    for (place, table) in file.consumer.get().iter().enumerate() {
        consumers.add(&mut check, place, table);
    }
    let (consumers, starts) = consumers.finish();
    let containers = if file.not_on.docker.is_some() { Containers::Excluded } else { Containers::Tried };
    let mut steps = Steps::new(&queue.prefix, etcd.members, containers);
    let steps: Vec<_> = file.step.iter().filter_map(|table| steps.step(&mut check, table)).collect();
    order::check(&mut check, &steps);
    let (steps, actions) = steps.into_iter().unzip();
    let scenario = Scenario {
        name: name.to_owned(),
        title: file.title.get().clone(),
        origin: file.origin.iter().map(|origin| origin.get().clone()).collect(),
        etcd,
        client_version: client_version.unwrap_or(DEFAULT_CLIENT_VERSION),
        receive_limit_bytes: limit.map(value::size),
        endpoints: file.client.endpoints.as_ref().map(|endpoints| *endpoints.get()).unwrap_or_default(),
        queue,
        consumers,
        steps,
        length: check.length.unwrap_or_default(),
        not_on,
    };
    Checked { scenario, problems: check.problems, starts, actions }
}

/// The check of one file: what is wrong so far, the end that every time is measured by, and the names there are.
#[derive(Debug)]
struct Check {
    problems: Vec<Problem>,
    length: Option<Duration>,
    length_span: Range<usize>,
    names: Names,
}

impl Check {
    fn new(file: &ScenarioFile) -> Self {
        let length = &file.run.length;
        let mut check =
            Self { problems: Vec::new(), length: None, length_span: length.span(), names: Names::of(file) };
        check.length = check.duration("length", length);
        if check.length == Some(Duration::ZERO) {
            check.wrong(length.span(), ProblemKind::NoTime);
            check.length = None;
        }
        check
    }

    /// Notes a problem.
    fn wrong(&mut self, span: Range<usize>, kind: ProblemKind) {
        self.problems.push(Problem { span, kind });
    }

    /// Notes a problem unless the last one was at the same place: of many items of one step, or of many
    /// consumers of one table, one is enough.
    fn wrong_once(&mut self, span: Range<usize>, kind: ProblemKind) {
        if self.problems.last().is_none_or(|last| last.span != span) {
            self.wrong(span, kind);
        }
    }

    fn queue(&mut self, QueueTable { prefix, delivery }: &QueueTable) -> QueueSpec {
        let prefix = prefix.as_ref().map(|prefix| self.prefix(prefix));
        QueueSpec {
            prefix: prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned()),
            delivery: delivery.as_ref().map_or(Delivery::Once, |delivery| *delivery.get()),
        }
    }

    fn not_on(&mut self, NotOnTable { embedded, process, docker }: &NotOnTable) -> NotOn {
        let mut why = |backend, why: &Option<_>| why.as_ref().map(|why| self.some_text(backend, why));
        NotOn {
            embedded: why("embedded", embedded),
            process: why("process", process),
            docker: why("docker", docker),
        }
    }
}
