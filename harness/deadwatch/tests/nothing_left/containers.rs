//! Containers of runs that a signal ends.

use libtest_mimic::Trial;

#[cfg(not(feature = "docker"))]
pub fn trials() -> Vec<Trial> {
    use crate::stand::{self, Require, Requirement};
    let missing = Some("built without the feature `docker`".to_owned());
    let require = Require::from_environment();
    vec![stand::trial("docker::all_tests_of_containers", Requirement::Docker, &require, missing, || {
        Err("nothing to test".into())
    })]
}

#[cfg(feature = "docker")]
pub fn trials() -> Vec<Trial> {
    real::trials()
}

#[cfg(feature = "docker")]
mod real {
    use std::{collections::HashMap, env, process::Command};

    use deadwatch::etcd::{Backend, Source};
    use libtest_mimic::{Completion, Trial};
    use rustix::process::Signal;
    use testcontainers::{
        bollard::query_parameters::ListContainersOptionsBuilder, core::client::docker_client_instance,
    };

    use crate::{
        desk::Desk,
        ends::{ENDS, End},
        etcd,
        interrupted::Working,
        leftovers::{self, At, wait_until},
        stand::{self, Require, Requirement},
    };

    /// What CI makes: `harness/tools/images/image VERSION`.
    const IMAGE: &str = "deadwatch/etcd:{version}";

    pub fn trials() -> Vec<Trial> {
        let mut trials =
            vec![trial("sigterm_while_the_etcd_is_still_starting_leaves_nothing", |desk, image| {
                while_starting(desk, image, Signal::TERM);
            })];
        trials.extend(ENDS.iter().map(|&(name, end)| {
            trial(&format!("{name}_leaves_nothing"), move |desk, image| ended(desk, image, end))
        }));
        trials
    }

    fn trial(name: &str, test: impl FnOnce(&Desk, &str) + Send + 'static) -> Trial {
        let named = env::var("DEADWATCH_IMAGE").ok().filter(|image| !image.is_empty());
        let found = etcd(Backend::Docker, Some(named.as_deref().unwrap_or(IMAGE)));
        let missing = found.as_ref().err().cloned();
        let name = format!("docker::{name}");
        stand::trial(name, Requirement::Docker, &Require::from_environment(), missing, || {
            let Source::Image(image) = found?.source else { return Err("no image".into()) };
            test(&Desk::empty(), &image.reference);
            Ok(Completion::Completed)
        })
    }

    fn begin(desk: &Desk, image: &str) -> Working {
        let subject = desk.consumer("escapes");
        let arguments = ["run", "auth/story", "--on", "docker", "--image", image, "--subject", &subject];
        Working::of(&mut with_docker(desk, &arguments))
    }

    fn with_docker(desk: &Desk, arguments: &[&str]) -> Command {
        let mut command = desk.command(arguments);
        command.env("PATH", "/usr/bin:/bin").env_remove("DOCKER_HOST");
        command.envs(env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DOCKER_")));
        command
    }

    /// What could not be cleared away at once, the next `doctor` clears.
    fn ended(desk: &Desk, image: &str, end: End) {
        let working = begin(desk, image);
        wait_until("a call of a consumer", || desk.path("called").exists());
        let id = working.id();
        assert_eq!(containers(id).len(), 1);
        end.of(working);
        leftovers::assert_nothing(desk, end.clear());
        if let At::WithinASecond = end.clear() {
            // Or the next run, which another test may be.
            desk.ask(&mut with_docker(desk, &["doctor", "--image", image])).expect(0);
        }
        assert_eq!(containers(id), [""; 0]);
    }

    /// As soon as the daemon knows of the container: nobody can have been logged in yet.
    fn while_starting(desk: &Desk, image: &str, signal: Signal) {
        let working = begin(desk, image);
        let id = working.id();
        wait_until("a container", || !containers(id).is_empty());
        assert!(!desk.path("called").exists());
        working.interrupt(signal);
        assert_eq!(containers(id), [""; 0]);
        leftovers::assert_nothing(desk, At::Once);
    }

    /// The names of the containers that this process has created, running or not.
    fn containers(id: u32) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let name = format!("deadwatch-{id}-");
        let listed = runtime.block_on(async {
            let docker = docker_client_instance().await.unwrap();
            let filters = HashMap::from([("name", vec![name.as_str()])]);
            let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
            docker.list_containers(Some(options)).await.unwrap()
        });
        listed.into_iter().flat_map(|container| container.names.unwrap_or_default()).collect()
    }
}
