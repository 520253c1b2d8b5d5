//! The protocol for programs, as a program meets it: every way to keep it and to break it, with small programs
//! for `sh`; and with the untouched Go recipe against a real etcd, where both have been built.

#![allow(clippy::unwrap_used, clippy::expect_used)]

/// The cases of a room, under the names of their functions.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        pub const CASES: &[$crate::Case] = &[$((stringify!($name), $name)),*];
    };
}
use cases;

mod breaches;
mod deaths;
mod endings;
mod etcd;
mod manners;
mod original;
mod siblings;
mod talk;

use libtest_mimic::{Arguments, Trial};

/// A test's name, and the test.
type Case = (&'static str, fn());

fn main() {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(talk::OUT_OF_THE_GROUP) {
        return talk::leave_running_out_of_the_group(words);
    }
    let arguments = Arguments::from_args();
    let rooms: [(&str, &[Case]); 4] = [
        ("manners", manners::CASES),
        ("breaches", breaches::CASES),
        ("deaths", deaths::CASES),
        ("endings", endings::CASES),
    ];
    let mut trials: Vec<Trial> = Vec::new();
    for (room, cases) in rooms {
        trials.extend(cases.iter().map(|&(name, case)| {
            Trial::test(format!("{room}::{name}"), move || {
                case();
                Ok(())
            })
        }));
    }
    let untouched: [(&str, &[Case]); 2] = [("original", original::CASES), ("siblings", siblings::CASES)];
    trials.extend(original::trials(&untouched));
    libtest_mimic::run(&arguments, trials).exit();
}
