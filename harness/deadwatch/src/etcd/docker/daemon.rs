//! What the Docker daemon is asked beside the containers: whether it is there, and for images.

use std::time::Duration;

use futures::TryStreamExt;
use testcontainers::{
    bollard::{Docker, errors::Error as DockerError, query_parameters::CreateImageOptionsBuilder},
    core::client::docker_client_instance,
};
use tokio::time::timeout;

use super::image::{self, Boots};
use crate::{
    etcd::{Backend, EtcdError, Image, Missing, Presence, Pull, ready},
    scenario::EtcdSpec,
};

/// How long a daemon or registry may take to answer a question.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// How long a pull may take.
const PULL: Duration = Duration::from_secs(900);

/// The daemon, if there is one and it answers; else why not.
pub(super) async fn daemon() -> Result<Docker, String> {
    // Having a client says nothing: it connects when it is first used.
    let ask = async {
        let docker = docker_client_instance().await.map_err(|error| error.to_string())?;
        docker.ping().await.map_err(|error| ready::chain(&error))?;
        Ok(docker)
    };
    timeout(ANSWER, ask).await.unwrap_or_else(|_| Err("it does not answer".to_owned()))
}

/// Where an image is; if nowhere, what was answered.
pub(super) async fn see(docker: &Docker, reference: &str, pull: Pull) -> Result<Presence, String> {
    match timeout(ANSWER, docker.inspect_image(reference)).await {
        Ok(Ok(_)) => return Ok(Presence::Here),
        Ok(Err(DockerError::DockerResponseServerError { status_code: 404, .. })) => {}
        Ok(Err(error)) => return Err(format!("cannot be looked up ({error})")),
        Err(_) => return Err("cannot be looked up (the daemon does not answer)".to_owned()),
    }
    if pull == Pull::Never {
        return Err("is not here".to_owned());
    }
    match timeout(ANSWER, docker.inspect_registry_image(reference, None)).await {
        Ok(Ok(_)) => Ok(Presence::InRegistry),
        Ok(Err(error)) => Err(format!("is not here and cannot be pulled ({error})")),
        Err(_) => Err("is not here and its registry does not answer".to_owned()),
    }
}

/// How an image boots.
pub(super) async fn boots(docker: &Docker, image: &Image, spec: &EtcdSpec) -> Result<Boots, EtcdError> {
    let reference = &image.reference;
    match docker.inspect_image(reference).await {
        Ok(seen) => {
            let config = seen.config.unwrap_or_default();
            Ok(image::boots(&config.entrypoint.unwrap_or_default(), &config.cmd.unwrap_or_default()))
        }
        Err(DockerError::DockerResponseServerError { status_code: 404, .. }) => Err(EtcdError::Missing {
            version: spec.version,
            backend: Backend::Docker,
            missing: Missing {
                why: format!("the image {reference} is not here any more"),
                remedy: format!("get it with `docker pull {reference}`"),
            },
        }),
        Err(error) => Err(failed(&format!("look at the image {reference}"), ready::chain(&error))),
    }
}

/// Pulls an image.
pub(super) async fn fetch(docker: &Docker, reference: &str) -> Result<(), EtcdError> {
    tracing::info!(reference, "pulling an image");
    // Without a tag the daemon would pull all of them.
    let (repository, tag) = split(reference);
    let options = CreateImageOptionsBuilder::default().from_image(&format!("{repository}:{tag}")).build();
    let pull = docker.create_image(Some(options), None, None).try_for_each(|_| async { Ok(()) });
    match timeout(PULL, pull).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(failed(&format!("pull the image {reference}"), ready::chain(&error))),
        Err(_) => Err(failed(
            &format!("pull the image {reference}"),
            format!("not done after {} s", PULL.as_secs()),
        )),
    }
}

/// A reference's repository and tag; a colon before the last slash is a registry's port.
pub(super) fn split(reference: &str) -> (&str, &str) {
    match reference.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        Some(_) | None => (reference, "latest"),
    }
}

/// What could not be done with a container, and what the daemon answered.
pub(super) fn failed(doing: &str, problem: String) -> EtcdError {
    EtcdError::Container { doing: doing.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_reference_is_split_at_its_tag_and_not_at_a_registrys_port() {
        assert_eq!(split("quay.io/coreos/etcd:v3.5.5"), ("quay.io/coreos/etcd", "v3.5.5"));
        assert_eq!(split("localhost:5000/etcd"), ("localhost:5000/etcd", "latest"));
        assert_eq!(split("localhost:5000/etcd:1"), ("localhost:5000/etcd", "1"));
    }
}
