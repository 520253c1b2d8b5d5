//! A real etcd and a model side by side, and the runner that gives both the same programs.

use std::cell::RefCell;

use etcd_model::proto::{LeaseLeasesRequest, RangeRequest};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::{Builder, Runtime};

use super::{
    draw,
    program::{self, LEASES, Program},
};
use crate::{
    arms::{Model, RealEtcd},
    case::{Call, Line, Op, Start, ops, play, request::*},
    transcript::{Tree, first_difference},
};

/// Runs `programs` programs; an error tells the smallest program on which the two differ.
pub fn run(release: &'static str, programs: u64, seed: u64) -> Result<(), String> {
    let config = Config {
        cases: u32::try_from(programs).map_err(|_| "expected fewer programs".to_owned())?,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let pair = RefCell::new(Pair::start(release));
    let seen = RefCell::new(Tally::default());
    let outcome = runner.run(&draw::program(release), |program| {
        let difference = pair.borrow_mut().run(&program, &mut seen.borrow_mut());
        difference.map_or(Ok(()), |text| {
            *pair.borrow_mut() = Pair::start(release);
            Err(TestCaseError::fail(text))
        })
    });
    match outcome {
        Ok(()) => seen.into_inner().varied(programs),
        Err(TestError::Fail(reason, program)) => Err(format!("{reason}\n{program:#?}")),
        Err(TestError::Abort(reason)) => Err(reason.to_string()),
    }
}

/// A real etcd and a model to which the same has been said, ever.
struct Pair {
    release: &'static str,
    real_time: Runtime,
    paused_time: Runtime,
    real: Line,
    model: Line,
    /// Running as long as the pair is.
    _etcd: RealEtcd,
    _model: Model,
}

impl Pair {
    fn start(release: &'static str) -> Self {
        let real_time = Builder::new_current_thread().enable_all().build().unwrap();
        let paused_time = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let etcd = RealEtcd::start(release, Start::Plain);
        let real = real_time.block_on(etcd.connect());
        let (model_line, model) = paused_time.block_on(async {
            let model = Model::start(release.parse().unwrap(), Start::Plain);
            (model.connect().await, model)
        });
        Self { release, real_time, paused_time, real, model: model_line, _etcd: etcd, _model: model }
    }

    /// Where the two part, if they do.
    fn run(&mut self, program: &Program, tally: &mut Tally) -> Option<String> {
        let clean = self.both(&clean(), &mut Tally::default());
        let base = self.real_time.block_on(revision(&self.real));
        let compacted = self.both(&ops![compact(base)], &mut Tally::default());
        clean.or(compacted).map(|text| format!("before the program:\n{text}")).or_else(|| {
            let ops = program::ops(program, base);
            self.both(&ops, tally).map(|text| format!("revisions count from {base}:\n{text}"))
        })
    }

    fn both(&mut self, ops: &[Op], tally: &mut Tally) -> Option<String> {
        let real = self.real_time.block_on(play(ops, self.real.clone(), self.release)).text();
        let model = self.paused_time.block_on(play(ops, self.model.clone(), self.release)).text();
        tally.add(&real);
        first_difference(&real, &model)
    }
}

/// What a real etcd has said in a lane's programs.
#[derive(Debug, Default)]
struct Tally {
    answers: u64,
    refusals: u64,
    events: u64,
    cancels: u64,
}

impl Tally {
    fn add(&mut self, transcript: &str) {
        for line in transcript.lines() {
            match line.strip_prefix("< ") {
                Some(answer) if answer.contains(": etcdserver: ") => self.refusals += 1,
                Some(_) => self.answers += 1,
                None => {}
            }
            self.events += line.matches("{type=").count() as u64;
            self.cancels += u64::from(line.contains(" canceled"));
        }
    }

    /// Programs that agree because nothing happens in them prove nothing.
    fn varied(&self, programs: u64) -> Result<(), String> {
        eprintln!("{programs} programs: {self:?}");
        let least = self.answers.min(self.refusals).min(self.events).min(self.cancels);
        if programs < 20 || least * 10 >= programs {
            Ok(())
        } else {
            Err(format!("expected programs in which something of everything happens, found {self:?}"))
        }
    }
}

/// Ends all leases and deletes all keys. The last revision is a put, so that no deletion happens at the one that is
/// compacted.
fn clean() -> Vec<Op> {
    let revokes: Vec<Op> = LEASES.map(|lease| Op::Call(revoke(lease).into())).collect();
    ops![revokes, delete_range("\0", "\0"), put("\0", "clean"), LeaseLeasesRequest {}]
}

async fn revision(line: &Line) -> i64 {
    let call = Call::from(RangeRequest { count_only: true, ..everything() });
    let answer = call.make(line, None).await.unwrap();
    Tree::parse(&answer).field("header").and_then(|header| header.number_of("revision")).unwrap()
}
