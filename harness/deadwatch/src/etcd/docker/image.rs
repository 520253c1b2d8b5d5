//! An image that holds an etcd of the wanted version: which references, whether one is here, how it boots.

use crate::{
    etcd::{Availability, Image, Missing, Presence, Search, Source},
    scenario::Version,
};

/// The story's image, where it lies since 2025, and the official one, whose tags have a `v`.
const WELL_KNOWN: [&str; 2] = ["bitnamilegacy/etcd:{version}", "quay.io/coreos/etcd:v{version}"];

/// The references that will do, best first.
fn references(version: Version, named: Option<&str>) -> Vec<String> {
    let templates = named.map_or_else(|| WELL_KNOWN.to_vec(), |named| vec![named]);
    templates.into_iter().map(|template| template.replace("{version}", &version.to_string())).collect()
}

/// What a look for one image says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Here,
    InRegistry,
    /// Neither, or the registry was not to be asked; with what was answered.
    Nowhere(String),
}

/// One that is here comes before one that has to be pulled.
fn decide(version: Version, looks: Vec<(String, Seen)>) -> Availability {
    let first =
        |wanted: &Seen| looks.iter().find(|(_, seen)| seen == wanted).map(|(reference, _)| reference.clone());
    if let Some(reference) = first(&Seen::Here) {
        return Availability::Available(Source::Image(Image { reference, presence: Presence::Here }));
    }
    if let Some(reference) = first(&Seen::InRegistry) {
        return Availability::Available(Source::Image(Image { reference, presence: Presence::InRegistry }));
    }
    let seen: Vec<String> = looks
        .iter()
        .map(|(reference, seen)| match seen {
            Seen::Nowhere(answer) => format!("{reference} {answer}"),
            Seen::Here | Seen::InRegistry => reference.clone(),
        })
        .collect();
    let pulls: Vec<String> =
        looks.iter().map(|(reference, _)| format!("`docker pull {reference}`")).collect();
    Availability::Missing(Missing {
        why: format!("expected an image with etcd {version}: {}", seen.join(", ")),
        remedy: format!(
            "get one with {}, or name another with --image or DEADWATCH_IMAGE",
            pulls.join(" or ")
        ),
    })
}

/// Looks for an image on the Docker daemon, and in its registry if pulling is allowed.
pub(in crate::etcd) async fn look(version: Version, search: &Search) -> Availability {
    let docker = match super::daemon::daemon().await {
        Ok(docker) => docker,
        Err(problem) => {
            return Availability::Missing(Missing {
                why: format!("expected a Docker daemon that answers: {problem}"),
                remedy: "start one, or name one in DOCKER_HOST".to_owned(),
            });
        }
    };
    let mut looks = Vec::new();
    for reference in references(version, search.image.as_deref()) {
        let seen = super::daemon::see(&docker, &reference, search.pull).await;
        looks.push((reference, seen.map_or_else(Seen::Nowhere, Seen::from)));
    }
    decide(version, looks)
}

impl From<Presence> for Seen {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::Here => Self::Here,
            Presence::InRegistry => Self::InRegistry,
        }
    }
}

/// Whether a container of an image runs etcd at once, or something that may start and stop others before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boots {
    /// Its command is etcd itself, as with the official images.
    Once,
    /// Its command is something else: an entrypoint's script, a shell.
    PerhapsOften,
}

/// Tells by the command: its first word is the entrypoint's, or the command's own where there is none.
pub(super) fn boots(entrypoint: &[String], command: &[String]) -> Boots {
    match entrypoint.iter().chain(command).next() {
        Some(program) if is_etcd(program) => Boots::Once,
        Some(_) | None => Boots::PerhapsOften,
    }
}

/// Whether a command line runs etcd itself.
pub(super) fn is_etcd(command_line: &str) -> bool {
    let program = command_line.split_whitespace().next().unwrap_or_default();
    program.rsplit('/').next() == Some("etcd")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const VERSION: Version = Version::new(3, 5, 5);

    fn looks(first: Seen, second: Seen) -> Vec<(String, Seen)> {
        references(VERSION, None).into_iter().zip([first, second]).collect()
    }

    fn image(availability: Availability) -> Image {
        match availability {
            Availability::Available(Source::Image(image)) => image,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_well_known_images_are_tried_in_order() {
        assert_eq!(references(VERSION, None), ["bitnamilegacy/etcd:3.5.5", "quay.io/coreos/etcd:v3.5.5"]);
    }

    #[test]
    fn a_named_image_is_the_only_one_with_the_version_put_in() {
        assert_eq!(references(VERSION, Some("my/etcd:{version}-x")), ["my/etcd:3.5.5-x"]);
        assert_eq!(references(VERSION, Some("my/etcd:latest")), ["my/etcd:latest"]);
    }

    #[test]
    fn an_image_that_is_here_comes_before_one_that_has_to_be_pulled() {
        let found = image(decide(VERSION, looks(Seen::InRegistry, Seen::Here)));
        assert_eq!(found.to_string(), "quay.io/coreos/etcd:v3.5.5");
        let found = image(decide(VERSION, looks(Seen::Nowhere("no".to_owned()), Seen::InRegistry)));
        assert_eq!(found.to_string(), "quay.io/coreos/etcd:v3.5.5 (to be pulled)");
    }

    #[test]
    fn a_missing_image_names_its_pull() {
        let nowhere = Seen::Nowhere("is not here".to_owned());
        let Availability::Missing(missing) = decide(VERSION, looks(nowhere.clone(), nowhere)) else {
            panic!("found one");
        };
        assert!(missing.why.contains("bitnamilegacy/etcd:3.5.5 is not here"), "{missing}");
        assert!(missing.remedy.contains("`docker pull bitnamilegacy/etcd:3.5.5`"), "{missing}");
        assert!(missing.remedy.contains("`docker pull quay.io/coreos/etcd:v3.5.5`"), "{missing}");
    }

    #[test]
    fn only_an_image_whose_command_is_etcd_boots_once() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(boots(&[], &words(&["/usr/local/bin/etcd"])), Boots::Once);
        assert_eq!(boots(&words(&["etcd"]), &words(&["--name", "x"])), Boots::Once);
        let bitnami = words(&["/opt/bitnami/scripts/etcd/entrypoint.sh"]);
        assert_eq!(boots(&bitnami, &words(&["/opt/bitnami/scripts/etcd/run.sh"])), Boots::PerhapsOften);
        assert_eq!(boots(&[], &words(&["/bin/sh", "-c", "etcd"])), Boots::PerhapsOften);
        assert_eq!(boots(&[], &[]), Boots::PerhapsOften);
    }

    #[test]
    fn a_command_line_runs_etcd_if_its_program_is_called_that() {
        assert!(is_etcd("/opt/bitnami/etcd/bin/etcd --data-dir /etcd"));
        assert!(!is_etcd("/bin/bash /opt/bitnami/scripts/etcd/run.sh"));
        assert!(!is_etcd("/usr/local/bin/etcdctl get x"));
        assert!(!is_etcd(""));
    }
}
