//! What is to be run: a scenario, a subject, an etcd.

use crate::{
    etcd::{Backend, Choice, Time},
    scenario::Scenario,
    subject::Subject,
};

/// One run to be made.
#[derive(Clone, Debug)]
pub struct Order {
    /// What shall happen.
    pub scenario: Scenario,
    /// With what.
    pub subject: Subject,
    /// On what.
    pub choice: Choice,
    /// What is free to vary is drawn from this.
    pub seed: u64,
}

impl Order {
    /// What runs its etcd.
    pub fn backend(&self) -> Backend {
        self.choice.backend()
    }

    /// How time passes in it: virtual where all of it lives in this process.
    pub fn time(&self) -> Time {
        let of_subject = match &self.subject {
            Subject::Naive | Subject::Checked | Subject::Resilient | Subject::ResilientLease => Time::Virtual,
            Subject::Own(own) => own.time(),
            Subject::Original | Subject::Command(_) => Time::Real,
        };
        match self.backend() {
            Backend::Embedded => of_subject,
            Backend::Process | Backend::Docker => Time::Real,
        }
    }
}
