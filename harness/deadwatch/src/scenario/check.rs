//! What a schema cannot say: the rules between a file's values, and its defaults.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use super::{
    Consumer, ConsumerCall, DEFAULT_CLIENT, DEFAULT_CLIENT_VERSION, DEFAULT_PREFIX, Delivery, EtcdSpec,
    NotOn, OnError, Problem, ProblemKind, QueueSpec, RESERVED_CLIENT, RESERVED_PREFIX, Scenario, Version,
    file::{ConsumerTable, DurationText, EtcdTable, QueueTable, ScenarioFile, VersionText},
    parse_duration,
    placed::Placed,
    spell_duration,
    step::Steps,
};

/// Stands where a value is wrong, so that the rest of the file is still checked. No scenario gets out with it.
const STAND_IN_VERSION: Version = Version::new(0, 0, 0);

/// A scenario from its file, and everything that is wrong with it; it is of use only if that is nothing.
pub(super) fn check(name: &str, file: &ScenarioFile) -> (Scenario, Vec<Problem>) {
    let mut check = Check::new(&file.run.length);
    check.some_text("title", &file.title);
    for origin in &file.origin {
        check.some_text("origin", origin);
    }
    let etcd = check.etcd(&file.etcd);
    let client_version = file.client.version.as_ref().map(|version| check.version(version));
    let queue = check.queue(&file.queue);
    if file.consumer.get().is_empty() {
        check.wrong(file.consumer.span(), ProblemKind::NoConsumer);
    }
    let mut names = BTreeMap::new();
    let consumers = file.consumer.get().iter().enumerate();
    let consumers = consumers.map(|(place, table)| check.consumer(place, table, &mut names)).collect();
    let mut steps = Steps::new(&queue.prefix);
    let steps = file.step.iter().filter_map(|table| steps.step(&mut check, table)).collect();
    let scenario = Scenario {
        name: name.to_owned(),
        title: file.title.get().clone(),
        origin: file.origin.iter().map(|origin| origin.get().clone()).collect(),
        etcd,
        client_version: client_version.unwrap_or(DEFAULT_CLIENT_VERSION),
        receive_limit_bytes: None,
        queue,
        consumers,
        steps,
        length: check.length.unwrap_or_default(),
        not_on: NotOn::default(),
    };
    (scenario, check.problems)
}

/// The check of one file: what is wrong so far, and the end that every time is measured by.
#[derive(Debug)]
pub(super) struct Check {
    problems: Vec<Problem>,
    length: Option<Duration>,
    length_span: Range<usize>,
}

impl Check {
    fn new(length: &Placed<DurationText>) -> Self {
        let mut check = Self { problems: Vec::new(), length: None, length_span: length.span() };
        check.length = check.duration("length", length);
        if check.length == Some(Duration::ZERO) {
            check.wrong(length.span(), ProblemKind::NoTime);
            check.length = None;
        }
        check
    }

    /// Notes a problem.
    pub fn wrong(&mut self, span: Range<usize>, kind: ProblemKind) {
        self.problems.push(Problem { span, kind });
    }

    /// Notes a problem unless the last one was at the same place: of many items of one step, one is enough.
    pub fn wrong_once(&mut self, span: Range<usize>, kind: ProblemKind) {
        if self.problems.last().is_none_or(|last| last.span != span) {
            self.wrong(span, kind);
        }
    }

    /// A time before the end of the run; zero in place of one that is wrong.
    pub fn time_before_the_end(&mut self, key: &'static str, text: &Placed<DurationText>) -> Duration {
        let time = self.duration(key, text);
        if let (Some(time), Some(length)) = (time, self.length)
            && time >= length
        {
            let (length, length_span) = (spell_duration(length), self.length_span.clone());
            self.wrong(text.span(), ProblemKind::PastTheEnd { key, length, length_span });
        }
        time.unwrap_or_default()
    }

    /// A queue's prefix: some text, apart from the harness's own queues.
    ///
    /// A queue's range is its prefix without a slash (etcd client/v3/experimental/recipes/queue.go), so a
    /// prefix of theirs would hand out their items.
    pub fn prefix(&mut self, prefix: &Placed<String>) -> String {
        let text = prefix.get();
        if text.is_empty() {
            self.wrong(prefix.span(), ProblemKind::Empty("prefix"));
        } else if text.starts_with(RESERVED_PREFIX) || RESERVED_PREFIX.starts_with(text.as_str()) {
            self.wrong(prefix.span(), ProblemKind::ReservedPrefix(text.clone()));
        }
        text.clone()
    }

    fn duration(&mut self, key: &'static str, text: &Placed<DurationText>) -> Option<Duration> {
        match parse_duration(&text.get().0) {
            Ok(duration) => Some(duration),
            Err(source) => {
                self.wrong(text.span(), ProblemKind::Duration { key, source });
                None
            }
        }
    }

    fn version(&mut self, text: &Placed<VersionText>) -> Version {
        let release = &text.get().0;
        release.parse().unwrap_or_else(|source| {
            // A tag's name, or a package manager's range.
            let nearest = release.trim_start_matches(['v', '^', '~', '=', ' ']).parse().ok();
            self.wrong(text.span(), ProblemKind::Version { source, nearest });
            STAND_IN_VERSION
        })
    }

    fn some_text(&mut self, key: &'static str, text: &Placed<String>) {
        if text.get().trim().is_empty() {
            self.wrong(text.span(), ProblemKind::Empty(key));
        }
    }

    fn etcd(&mut self, EtcdTable { version, token_ttl }: &EtcdTable) -> EtcdSpec {
        let version = self.version(version);
        let token_ttl = token_ttl.as_ref().and_then(|text| {
            let ttl = self.duration("token-ttl", text)?;
            // etcd's flag counts seconds, and takes 0 for its default (server/auth/simple_token.go, enable).
            if ttl.is_zero() || ttl.subsec_nanos() != 0 {
                self.wrong(text.span(), ProblemKind::TokenTtl);
            }
            Some(ttl)
        });
        EtcdSpec { token_ttl, ..EtcdSpec::of(version) }
    }

    fn queue(&mut self, QueueTable { prefix, delivery }: &QueueTable) -> QueueSpec {
        let prefix = prefix.as_ref().map(|prefix| self.prefix(prefix));
        QueueSpec {
            prefix: prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned()),
            delivery: delivery.as_ref().map_or(Delivery::Once, |delivery| *delivery.get()),
        }
    }

    /// A consumer; `names` holds those before it, and where each is written.
    fn consumer(
        &mut self,
        place: usize,
        ConsumerTable { start, name, client, on_error }: &ConsumerTable,
        names: &mut BTreeMap<String, Option<Range<usize>>>,
    ) -> Consumer {
        for (key, text) in [("name", name), ("client", client)] {
            if let Some(text) = text {
                self.some_text(key, text);
            }
        }
        if let Some(client) = client
            && client.get().starts_with(RESERVED_CLIENT)
        {
            self.wrong(client.span(), ProblemKind::ReservedClient(client.get().clone()));
        }
        let span = name.as_ref().map(Placed::span);
        let name = name.as_ref().map_or_else(|| (place + 1).to_string(), |name| name.get().clone());
        match names.get(&name) {
            // One of the two is written: two numbers never are the same.
            Some(first) => {
                let (here, first) = match span {
                    Some(here) => (here, first.clone()),
                    None => (first.clone().unwrap_or_default(), None),
                };
                self.wrong(here, ProblemKind::SameName { name: name.clone(), first });
            }
            None => drop(names.insert(name.clone(), span)),
        }
        Consumer {
            name,
            start: start.as_ref().map_or(Duration::ZERO, |start| self.time_before_the_end("start", start)),
            client: client.as_ref().map_or_else(|| DEFAULT_CLIENT.to_owned(), |client| client.get().clone()),
            on_error: on_error.as_ref().map_or(OnError::Stop, |on_error| *on_error.get()),
            call: ConsumerCall::Dequeue,
            prefix: "/test".to_owned(),
            user: None,
        }
    }
}
