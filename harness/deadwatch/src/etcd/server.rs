//! A running etcd, whatever runs it.

use futures::future::BoxFuture;

#[cfg(feature = "docker")]
use super::docker;
use super::{Address, Choice, Credentials, Embedding, EtcdError, Source, embedded, process};
use crate::scenario::EtcdSpec;

/// A running etcd of a run's own. Dropping it clears it away too, but blocks the thread meanwhile.
pub trait Etcd: Send + Sync {
    /// Where it is reached; for as long as it runs.
    fn address(&self) -> Address;

    /// As whom it is reached; none: authentication is off.
    fn credentials(&self) -> Option<Credentials>;

    /// The last lines of the server's log, for reports.
    fn log(&self) -> String;

    /// Ends it and clears away all it wrote; returns when that is done. Not cancel-safe: cancelled, it goes on
    /// in the background.
    fn stop(self: Box<Self>) -> BoxFuture<'static, ()>;
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
) -> Result<Box<dyn Etcd>, EtcdError> {
    match &choice.source {
        Source::Embedded => Ok(Box::new(embedded::start(embedding, spec).await?)),
        Source::Binary(binary) => Ok(Box::new(process::start(binary, spec).await?)),
        #[cfg(feature = "docker")]
        Source::Image(image) => Ok(Box::new(docker::start(image, spec).await?)),
        #[cfg(not(feature = "docker"))]
        Source::Image(image) => Err(EtcdError::Container {
            doing: format!("start a container of {image}"),
            problem: "this deadwatch was built without Docker support".to_owned(),
        }),
    }
}
