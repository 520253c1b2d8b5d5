//! A run from its pre-flight to the end of its aftermath.

use std::sync::Arc;

use tokio::{
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{aftermath, harness_client::HarnessClient, preflight, record::Record, timeline::Stage};
use crate::{
    etcd::{Address, Credentials, Etcd},
    history::{Happening, History, Inconclusive},
    scenario::Scenario,
    subject::{KeyClock, Request, Running},
    wire::{HARNESS_CLIENT, Sighting, Wire},
};

/// A step that is issued later than this, in real time, makes the run inconclusive.
pub(super) const LATE: Duration = Duration::from_millis(250);

/// How time passes in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As on the wall.
    Real,
    /// In the runtime's paused time, which moves on when nobody has anything to do.
    Virtual,
}

/// All that a run is played with.
pub struct Set {
    /// What shall happen.
    pub scenario: Scenario,
    /// The subject's name, for the history.
    pub subject_name: String,
    /// The backend's name, for the history.
    pub backend_name: String,
    /// The etcd itself.
    pub etcd: Arc<dyn Etcd>,
    /// What lies between clients and the etcd.
    pub wire: Arc<Wire>,
    /// What the wire sees.
    pub sightings: mpsc::UnboundedReceiver<Sighting>,
    /// The subject, started.
    pub subject: Running,
    /// What names the keys that the harness writes.
    pub clock: KeyClock,
    /// How time passes.
    pub pace: Pace,
}

impl std::fmt::Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Set").field("scenario", &self.scenario.name).finish_non_exhaustive()
    }
}

impl Set {
    /// Asks the subject; one that has ended will say so among its replies.
    pub(super) fn ask(&self, request: Request) {
        let _ = self.subject.requests.send(request);
    }

    /// A client of the harness's own, as that user: through the wire, so that it outlives a restart of the etcd; past it
    /// where clients talk to a member that may be cut off.
    pub(super) async fn harness(
        &self,
        credentials: Option<&Credentials>,
    ) -> Result<HarnessClient, Inconclusive> {
        let address = self.harness_address().await?;
        HarnessClient::open(&address, credentials, self.clock.clone()).await.map_err(Inconclusive::Backend)
    }

    /// Where a member is reached that no step hurts; the last one, where steps hurt all.
    fn spared_member(&self) -> Address {
        let hurt: Vec<usize> = self.scenario.steps.iter().filter_map(|step| step.member).collect();
        let members = self.etcd.members();
        // The first is what clients talk to, and may be cut off.
        let others = members.iter().enumerate().skip(1);
        let spared =
            others.filter(|(place, _)| !hurt.contains(&(place + 1))).map(|(_, address)| address).next();
        spared.or(members.last()).cloned().unwrap_or_else(|| self.etcd.harness_address())
    }

    async fn harness_address(&self) -> Result<Address, Inconclusive> {
        if self.scenario.etcd.members > 1 {
            return Ok(self.spared_member());
        }
        self.wire.route(HARNESS_CLIENT).await.map_err(|error| Inconclusive::Backend(error.to_string()))
    }
}

/// Plays a scenario from pre-flight to aftermath, and hands on what happened.
///
/// Takes the scenario's length, in virtual time no time at all, and at most some seconds of aftermath. Dropping the
/// future ends the run; nothing of it is kept.
pub async fn play(mut set: Set) -> History {
    let mut record = Record::new();
    if let Err(why) = perform(&mut set, &mut record).await {
        record.write(Happening::Inconclusive { why });
    }
    let Set { scenario, subject_name, backend_name, .. } = set;
    History { scenario, subject: subject_name, backend: backend_name, events: record.into_events() }
}

async fn perform(set: &mut Set, record: &mut Record) -> Result<(), Inconclusive> {
    let harness = set.harness(set.etcd.credentials().as_ref()).await?;
    preflight::check(set, &harness).await?;
    record.write(Happening::PreflightPassed);
    let clients: Vec<_> = set.scenario.clients().into_iter().map(str::to_owned).collect();
    for client in clients {
        preflight::open(set, &client).await?;
        record.write(Happening::Opened { client });
    }
    let zero = Instant::now();
    record.start_at(zero);
    let mut stage = Stage::new(set, record, harness, zero);
    stage.timeline().await?;
    aftermath::play(&mut stage).await
}
