//! What is to be run: a scenario, a subject, an etcd.

use crate::{
    etcd::{Backend, Choice},
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
}
