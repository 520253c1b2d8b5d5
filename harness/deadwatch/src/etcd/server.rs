//! A running etcd, whatever runs it.

use futures::future::BoxFuture;

#[cfg(feature = "docker")]
use super::docker;
use std::sync::Arc;

use super::{Address, Choice, Credentials, Embedding, EtcdError, Source, choose, embedded, process};
use crate::scenario::{EtcdSpec, Restart};

/// What is done to one member of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// As [`Etcd::restart`] does to all.
    Restart(Restart),
    /// As [`Etcd::pause`] does to all.
    Pause,
    /// As [`Etcd::resume`] does to all.
    Resume,
    /// It can't reach the others, nor they it.
    Isolate,
    /// It can again.
    Rejoin,
}

/// A running etcd of a run's own. Dropping it clears it away too, but blocks the thread meanwhile.
pub trait Etcd: Send + Sync {
    /// Where it is reached, until it is restarted.
    fn address(&self) -> Address;

    /// As whom it is reached; none: authentication is off.
    fn credentials(&self) -> Option<Credentials>;

    /// The last lines of the server's log, for reports.
    fn log(&self) -> String;

    /// Where each member is reached, until it is restarted: first the one that clients talk to who know one.
    fn members(&self) -> Vec<Address> {
        vec![self.address()]
    }

    /// Does this to the member of that number, counted from 1 as in [`Etcd::members`].
    ///
    /// # Errors
    /// Those of doing it to all; [`EtcdError::OneMember`] where there are no several.
    fn control(&self, _member: usize, _control: Control) -> BoxFuture<'_, Result<(), EtcdError>> {
        Box::pin(async { Err(EtcdError::OneMember) })
    }

    /// Where the harness itself reaches it: the same place, unless clients talk to a member that may be cut off.
    fn harness_address(&self) -> Address {
        self.address()
    }

    /// Ends it, leaves it down for as long as asked, and starts it again, on its data or on those that it is given;
    /// returns when it is ready. Its address may be another then. One that is paused is restarted too, and goes on.
    ///
    /// Cancelled, it may be up or down; it can still be stopped.
    ///
    /// # Errors
    /// It has ended already, does not end, or does not become ready again; or it can't be given other data.
    fn restart(&self, restart: Restart) -> BoxFuture<'_, Result<(), EtcdError>>;

    /// Keeps a copy of its data as they would be found if it were killed now; a later one takes its place.
    ///
    /// # Errors
    /// It has ended, or nobody but itself can reach its data.
    fn save(&self) -> BoxFuture<'_, Result<(), EtcdError>>;

    /// Freezes it: its connections stay open, and nothing is answered.
    ///
    /// # Errors
    /// It has ended.
    fn pause(&self) -> BoxFuture<'_, Result<(), EtcdError>>;

    /// Lets it go on after [`Etcd::pause`].
    ///
    /// # Errors
    /// It has ended.
    fn resume(&self) -> BoxFuture<'_, Result<(), EtcdError>>;

    /// Cuts the member that clients talk to off from the other members: their connections end, in both directions, and
    /// no new ones come about.
    ///
    /// # Errors
    /// [`EtcdError::OneMember`].
    fn isolate(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        Box::pin(async { Err(EtcdError::OneMember) })
    }

    /// Lets a member that was cut off talk to the others again.
    ///
    /// # Errors
    /// [`EtcdError::OneMember`].
    fn rejoin(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        Box::pin(async { Err(EtcdError::OneMember) })
    }

    /// Ends it and clears away all it wrote; returns when that is done. Not
    /// cancel-safe: cancelled, it goes on in the background.
    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()>;
}

/// Starts the chosen etcd and waits until it is ready: of the right version, answering for good, and with
/// authentication on if the scenario has a token TTL.
///
/// `embedding` says how an embedded one keeps time, and what it draws its free choices from; the others have the wall's
/// time. Dropping the future clears away what was started so far.
///
/// # Errors
/// When it cannot be had or run, is of another version, ends, or is not ready in time; what the server logged is
/// in the error.
pub async fn start(
    choice: &Choice,
    spec: &EtcdSpec,
    embedding: Embedding,
) -> Result<Arc<dyn Etcd>, EtcdError> {
    let backend = choice.backend();
    if let Some(missing) = choose::lacking(backend, spec) {
        return Err(EtcdError::Missing { version: spec.version, backend, missing });
    }
    match &choice.source {
        Source::Embedded => Ok(Arc::new(embedded::start(embedding, spec).await?)),
        Source::Binary(binary) if spec.members > 1 => {
            Ok(Arc::new(process::start_cluster(binary, spec).await?))
        }
        Source::Binary(binary) => Ok(Arc::new(process::start(binary, spec).await?)),
        #[cfg(feature = "docker")]
        Source::Image(image) => Ok(Arc::new(docker::start(image, spec).await?)),
        #[cfg(not(feature = "docker"))]
        Source::Image(image) => Err(EtcdError::Container {
            doing: format!("start a container of {image}"),
            problem: "this deadwatch was built without Docker support".to_owned(),
        }),
    }
}
