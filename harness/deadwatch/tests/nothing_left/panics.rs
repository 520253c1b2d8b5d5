//! A panic of the harness's own, in the middle of a run: its failure, the end of that run alone, and nothing is left.
//!
//! The harness is used as a library, by this very program started again with a task in its environment.

use std::{
    env, fs, panic,
    process::{Command, ExitCode},
    time::Duration,
};

use deadwatch::{
    etcd::Backend,
    run::{Order, perform_all},
    scenario::{Library, Scenario},
    subject::Subject,
};
use libtest_mimic::Trial;

use crate::{etcd, interrupted::real, leftovers};

/// The environment variable that asks for the task.
pub const TASK: &str = "DEADWATCH_TEST_PANIC";

pub fn trials() -> Vec<Trial> {
    vec![real("a_panic_of_the_harness_leaves_nothing_and_ends_that_run_alone", |desk| {
        let mut command = Command::new(env::current_exe().unwrap());
        // What is ready to run the program is ready to run this one.
        command.env_clear().envs(desk.variables()).env(TASK, "1").current_dir(desk.path(""));
        let said = desk.ask(&mut command).expect(0);
        assert_eq!(said.out, "1 etcd there when the harness panicked\n");
        leftovers::assert_nothing(desk, leftovers::At::Once);
    })]
}

/// The task: a run in which the harness panics, alone and beside another.
pub fn run() -> ExitCode {
    let choice = etcd(Backend::Process, None).unwrap();
    let order = |scenario: Scenario, subject| Order { scenario, subject, choice: choice.clone(), seed: 0 };
    let quick = Library::compiled_in().load("auth/quick").unwrap().scenario;
    // No clock reaches that far: adding it to the present panics, when the etcd and the subject are there.
    let endless = Scenario { length: Duration::MAX, ..quick.clone() };
    let orders = [order(endless, Subject::Naive), order(quick, Subject::Naive)];

    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        println!("{} etcd there when the harness panicked", fs::read_dir(env::temp_dir()).unwrap().count());
        usual(info);
    }));
    perform_all(&orders[..1], |_| {}, |finished| assert!(finished.run.is_err()));
    let _ = panic::take_hook();

    let mut ended = Vec::new();
    perform_all(&orders, |_| {}, |finished| ended.push(finished.run));
    let failure = ended[0].as_ref().expect_err("the harness panicked");
    assert!(failure.contains("the harness panicked"), "{failure}");
    assert!(ended[1].as_ref().is_ok_and(|run| run.judgement.inconclusive.is_none()), "{:?}", ended[1]);
    ExitCode::SUCCESS
}
