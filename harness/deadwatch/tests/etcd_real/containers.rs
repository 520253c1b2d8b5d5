//! etcds in containers.
//!
//! The images are those that `harness/tools/images` makes: one boots once, as the official ones; in the others
//! two temporary servers run on the published port first, as in Bitnami's.

use libtest_mimic::Trial;

#[cfg(not(feature = "docker"))]
pub fn trials() -> Vec<Trial> {
    let missing = Err("built without the feature `docker`".to_owned());
    vec![super::trial("docker::all_tests_of_containers", "docker", missing, |_| {})]
}

#[cfg(feature = "docker")]
pub fn trials() -> Vec<Trial> {
    real::trials()
}

#[cfg(feature = "docker")]
mod real {
    use std::{collections::HashMap, net::SocketAddr, panic, thread};

    use deadwatch::{
        etcd::{Address, Backend, Etcd, EtcdError, On, Pull, Search, Source, choose},
        scenario::{Data, Ending, Restart, Version},
    };
    use libtest_mimic::Trial;
    use rustix::process::Signal;
    use testcontainers::{
        bollard::{models::ContainerSummary, query_parameters::ListContainersOptionsBuilder},
        core::client::docker_client_instance,
    };
    use tokio::time::{Duration, Instant, sleep, timeout};

    use crate::{
        Needed, STORY, client, client_as, controls,
        interrupted::{begin, interrupt},
        needed, start, trial, users, wait, with_tokens, without_tokens,
    };

    /// An image that the scripts make, and the script.
    struct Made {
        name: &'static str,
        script: &'static str,
    }

    const ONCE: Made = Made { name: "deadwatch/etcd", script: "image" };
    const REBOOTS: Made = Made { name: "deadwatch/etcd-reboots", script: "image-bitnami-like" };
    const STAYS: Made = Made { name: "deadwatch/etcd-reboots-stays", script: "image-bitnami-like" };

    impl Made {
        fn needed(&self) -> Needed {
            let reference = format!("{}:{STORY}", self.name);
            needed(On::Only(Backend::Docker), STORY, Some(&reference)).map_err(|reason| {
                format!("{reason}; `harness/tools/images/{} {STORY}` makes {reference}", self.script)
            })
        }
    }

    /// How long is watched for a container that appears after its creator has gone.
    const AFTERWARDS: Duration = Duration::from_secs(3);

    pub fn trials() -> Vec<Trial> {
        let docker = |name: &str, made: Made, test: fn(Source)| {
            trial(&format!("docker::{name}"), "docker", made.needed(), test)
        };
        vec![
            docker("an_image_without_entrypoint_has_authentication_switched_on", ONCE, serves_root_only),
            docker("an_image_that_reboots_is_ready_with_its_last_server", REBOOTS, last_server),
            docker("an_entrypoint_that_stays_is_waited_for_longer", STAYS, last_server),
            docker(
                "an_image_that_reboots_is_waited_for_without_authentication_too",
                REBOOTS,
                last_open_server,
            ),
            docker("an_image_of_another_version_is_refused_naming_both", ONCE, another_version),
            docker("a_container_dropped_outside_of_a_runtime_is_removed", ONCE, dropped),
            docker("a_panic_removes_the_container", ONCE, panicked),
            docker("sigint_removes_the_container", ONCE, |source| interrupted(&source, Signal::INT)),
            docker("sigterm_removes_the_container", ONCE, |source| interrupted(&source, Signal::TERM)),
            docker("a_signal_during_the_start_leaves_no_container", REBOOTS, interrupted_early),
            docker("an_image_that_reboots_has_its_users_and_can_be_restarted", REBOOTS, |source| {
                users::users_at_the_start(source.clone(), STORY);
                controls::graceful(source, STORY);
            }),
            docker("a_paused_container_that_is_stopped_is_removed", ONCE, stop_of_a_paused_one),
            docker("a_container_that_is_stopped_amid_its_restart_is_removed", ONCE, stop_amid_a_restart),
            docker("a_missing_image_names_its_pull_and_is_not_pulled", ONCE, missing_image),
        ]
    }

    /// The containers that a process has started: their names begin with its number.
    async fn containers_of(process: u32) -> Vec<ContainerSummary> {
        let filters = HashMap::from([("name".to_owned(), vec![format!("^/deadwatch-{process}-")])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        docker_client_instance().await.unwrap().list_containers(Some(options)).await.unwrap()
    }

    /// This process's container that is published at the etcd's address, with the address on which it is.
    async fn container_of(etcd: &dyn Etcd) -> Option<(String, String)> {
        let Address::Tcp(SocketAddr::V4(address)) = etcd.address() else { panic!("an IPv6 address") };
        containers_of(std::process::id()).await.into_iter().find_map(|container| {
            let port = container.ports?.into_iter().find(|port| port.public_port == Some(address.port()))?;
            Some((container.id?, port.ip?))
        })
    }

    async fn is_there(id: &str) -> bool {
        docker_client_instance().await.unwrap().inspect_container(id, None).await.is_ok()
    }

    fn serves_root_only(source: Source) {
        wait(async {
            let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
            let (id, published_on) = container_of(&*etcd).await.expect("a container");
            assert_eq!(published_on, "127.0.0.1");
            let mut root = client(&*etcd).await;
            assert_eq!(root.status().await.unwrap().version(), STORY.to_string());
            let refusal =
                client_as(&*etcd, None).await.unwrap().get("k", None).await.unwrap_err().to_string();
            assert!(refusal.contains("user name is empty"), "{refusal}");
            assert!(etcd.log().contains("ready to serve client requests"), "{}", etcd.log());
            etcd.stop().await;
            assert!(!is_there(&id).await);
        });
    }

    /// The entrypoint says when its set-up is over; all that is answered before is a temporary server's.
    fn assert_set_up(log: &str) {
        assert_eq!(log.matches("Starting etcd in background").count(), 2, "{log}");
        assert!(log.contains("** etcd setup finished! **"), "{log}");
    }

    fn last_server(source: Source) {
        wait(async {
            let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
            assert_set_up(&etcd.log());
            client(&*etcd).await.put("k", "v", None).await.unwrap();
            etcd.stop().await;
        });
    }

    fn last_open_server(source: Source) {
        wait(async {
            let etcd = start(&source, &without_tokens(STORY)).await.unwrap();
            assert_set_up(&etcd.log());
            client(&*etcd).await.put("k", "v", None).await.unwrap();
            etcd.stop().await;
        });
    }

    fn another_version(source: Source) {
        let refused = wait(start(&source, &with_tokens(Version::new(3, 5, 6)))).map(|_| ());
        match refused.unwrap_err() {
            EtcdError::WrongVersion { expected, found, .. } => {
                assert_eq!((expected.to_string().as_str(), found.as_str()), ("3.5.6", "3.5.5"));
            }
            other => panic!("{other}"),
        }
    }

    fn dropped(source: Source) {
        let (etcd, id) = wait(async {
            let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
            let (id, _) = container_of(&*etcd).await.expect("a container");
            (etcd, id)
        });
        drop(etcd);
        assert!(!wait(is_there(&id)));
    }

    fn panicked(source: Source) {
        let mut id = None;
        let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            wait(async {
                let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
                id = container_of(&*etcd).await.map(|(id, _)| id);
                panic!("on purpose");
            });
        }));
        assert!(outcome.is_err());
        assert!(!wait(is_there(&id.expect("a container"))));
    }

    fn stop_of_a_paused_one(source: Source) {
        wait(async {
            let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
            let (id, _) = container_of(&*etcd).await.expect("a container");
            etcd.pause().await.unwrap();
            etcd.stop().await;
            assert!(!is_there(&id).await);
        });
    }

    /// At any moment: while it ends, while it is down, while it starts again.
    fn stop_amid_a_restart(source: Source) {
        wait(async {
            for given_up_ms in [0, 30, 200, 500, 650, 800] {
                let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
                let (id, _) = container_of(&*etcd).await.expect("a container");
                let restart =
                    Restart { ending: Ending::Kill, down: Duration::from_millis(300), data: Data::Kept };
                // Most often it is not done by then.
                let _ = timeout(Duration::from_millis(given_up_ms), etcd.restart(restart)).await;
                etcd.stop().await;
                assert!(!is_there(&id).await, "stopped after {given_up_ms} ms");
            }
        });
    }

    fn reference(source: &Source) -> &str {
        match source {
            Source::Image(image) => &image.reference,
            other => panic!("{other}"),
        }
    }

    fn interrupted(source: &Source, signal: Signal) {
        let (program, address) = begin(&format!("docker {}", reference(source)));
        let process = program.id();
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        assert_eq!(wait(containers_of(process)).len(), 1);
        interrupt(program, signal);
        assert_eq!(wait(containers_of(process)), []);
    }

    /// At several moments of a start: before the container is asked for, while it is created, while it boots.
    fn interrupted_early(source: Source) {
        let task = format!("docker-starting {}", reference(&source));
        let delays = [0, 15, 30, 60, 120, 250, 500, 2000].map(Duration::from_millis);
        let processes: Vec<u32> = thread::scope(|scope| {
            let programs = delays.map(|delay| {
                let task = &task;
                scope.spawn(move || {
                    let (program, word) = begin(task);
                    assert_eq!(word, "starting");
                    let process = program.id();
                    thread::sleep(delay);
                    interrupt(program, Signal::TERM);
                    process
                })
            });
            programs.into_iter().map(|program| program.join().unwrap()).collect()
        });
        // The daemon may yet finish what nobody waits for any more.
        wait(async {
            let until = Instant::now() + AFTERWARDS;
            while Instant::now() < until {
                for (process, delay) in processes.iter().zip(delays) {
                    assert_eq!(containers_of(*process).await, [], "interrupted after {delay:?}");
                }
                sleep(Duration::from_millis(50)).await;
            }
        });
    }

    fn missing_image(_daemon: Source) {
        let search = Search::here(Some("deadwatch/no-such-image:{version}".to_owned()), Pull::Never);
        let error = wait(choose(On::Only(Backend::Docker), STORY, &search)).unwrap_err().to_string();
        assert!(error.contains("`docker pull deadwatch/no-such-image:3.5.5`"), "{error}");
        assert!(error.contains("is not here"), "{error}");
    }
}
