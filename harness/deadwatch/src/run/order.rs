//! What is to be run: a scenario, a subject, an etcd.

use crate::{
    etcd::{Backend, Choice, Time},
    scenario::{Endpoints, Scenario},
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

    /// What the scenario wants that this subject has no way to offer; none: nothing.
    pub fn out_of_reach(&self) -> Option<String> {
        let clock_is_off = self.scenario.consumers.iter().any(|consumer| !consumer.clock.is_zero());
        let knows_all = self.scenario.endpoints == Endpoints::All;
        match &self.subject {
            Subject::Original | Subject::Command(_) if clock_is_off => {
                Some("a clock of its own: a program has the machine's".to_owned())
            }
            Subject::Naive | Subject::Checked if knows_all => {
                Some("a client that knows all members".to_owned())
            }
            Subject::Original | Subject::Command(_) | Subject::Own(_) => None,
            Subject::Naive | Subject::Checked | Subject::Resilient | Subject::ResilientLease => None,
        }
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
