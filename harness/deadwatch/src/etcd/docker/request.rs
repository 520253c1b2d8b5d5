//! What a container is asked to be.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use testcontainers::{
    ContainerRequest, GenericImage, ImageExt,
    bollard::models::PortBinding,
    core::{IntoContainerPort, logs::LogFrame},
};

use super::{daemon::split, tail::Tail};
use crate::{
    etcd::{
        Credentials,
        token::{self, Tokens},
    },
    reaper,
    scenario::EtcdSpec,
};

/// How long a container may take until it is ready: Bitnami's boots three times, in 8 to 12 s.
pub(super) const BOUND: Duration = Duration::from_secs(120);
/// Where an etcd in a container is reached from within.
pub(super) const CLIENT_PORT: u16 = 2379;
/// Where it finds what its tokens are signed with.
const SECRET: &str = "/deadwatch-secret";

/// A container of this name and image that runs what the scenario asks for.
pub(super) fn request(
    reference: &str,
    name: &str,
    spec: &EtcdSpec,
    tail: Tail,
) -> ContainerRequest<GenericImage> {
    let (repository, tag) = split(reference);
    let request = GenericImage::new(repository, tag)
        .with_exposed_port(CLIENT_PORT.tcp())
        .with_container_name(name)
        .with_label("deadwatch", name)
        .with_labels(reaper::labels())
        .with_startup_timeout(BOUND)
        .with_log_consumer(move |frame: &LogFrame| tail.take(frame.bytes()))
        .with_host_config_modifier(|host| {
            // An empty port lets the daemon pick one.
            let loopback =
                PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(String::new()) };
            host.publish_all_ports = Some(false);
            host.port_bindings = Some(HashMap::from([(format!("{CLIENT_PORT}/tcp"), Some(vec![loopback]))]));
        });
    let request = if Tokens::need_a_secret(spec) {
        request.with_copy_to(SECRET, token::SECRET.to_vec())
    } else {
        request
    };
    environment(spec)
        .into_iter()
        .fold(request, |request, (variable, value)| request.with_env_var(variable, value))
}

/// What the story's container was told, and what makes any image serve the published port.
fn environment(spec: &EtcdSpec) -> Vec<(String, String)> {
    let mut environment = vec![
        ("ETCD_LISTEN_CLIENT_URLS", format!("http://0.0.0.0:{CLIENT_PORT}")),
        ("ETCD_ADVERTISE_CLIENT_URLS", format!("http://127.0.0.1:{CLIENT_PORT}")),
        ("ETCD_BCRYPT_COST", "4".to_owned()),
    ];
    let password = ("ETCD_ROOT_PASSWORD", Credentials::root().password);
    match Tokens::of(spec, SECRET) {
        Some(Tokens::Simple(ttl_s)) => environment.extend([password, ("ETCD_AUTH_TOKEN_TTL", ttl_s)]),
        Some(Tokens::Signed(how)) => environment.extend([password, ("ETCD_AUTH_TOKEN", how)]),
        // Bitnami's image will not start without a password unless it is told that this is meant.
        None => environment.push(("ALLOW_NONE_AUTHENTICATION", "yes".to_owned())),
    }
    if let Some(bytes) = spec.quota_bytes {
        environment.push(("ETCD_QUOTA_BACKEND_BYTES", bytes.to_string()));
    }
    let named = environment.into_iter().map(|(variable, value)| (variable.to_owned(), value));
    named.chain(spec.flags.iter().map(String::as_str).map(variable)).collect()
}

/// A flag as a variable of etcd's environment. Source: etcd v3.5.5 pkg/flags/flag.go, `FlagToEnv`.
fn variable(flag: &str) -> (String, String) {
    let flag = flag.trim_start_matches('-');
    // A flag without a value is a switch that is on.
    let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
    (format!("ETCD_{}", name.to_uppercase().replace('-', "_")), value.to_owned())
}

/// A container name that no other process uses, though it had the same number in another container, or earlier.
pub(super) fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let chance = RandomState::new().build_hasher().finish();
    format!("deadwatch-{}-{}-{:08x}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed), chance as u32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::scenario::Version;

    fn spec(token_ttl: Option<Duration>) -> EtcdSpec {
        EtcdSpec { token_ttl, ..EtcdSpec::of(Version::new(3, 5, 5)) }
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_quota_and_flags_are_variables() {
        let flags = vec!["--max-txn-ops=16".to_owned(), "--pre-vote".to_owned()];
        let variables = environment(&EtcdSpec { quota_bytes: Some(5), flags, ..spec(None) });
        let expected = [
            pair("ETCD_QUOTA_BACKEND_BYTES", "5"),
            pair("ETCD_MAX_TXN_OPS", "16"),
            pair("ETCD_PRE_VOTE", "true"),
        ];
        assert!(variables.ends_with(&expected), "{variables:?}");
    }

    #[test]
    fn without_a_token_ttl_there_is_no_password() {
        let variables = environment(&spec(None));
        assert!(variables.contains(&pair("ALLOW_NONE_AUTHENTICATION", "yes")));
        assert!(!variables.iter().any(|(name, _)| name == "ETCD_ROOT_PASSWORD"));
    }

    #[test]
    fn with_a_token_ttl_the_container_is_told_what_the_storys_was() {
        let variables = environment(&spec(Some(Duration::from_secs(5))));
        assert!(variables.contains(&pair("ETCD_ROOT_PASSWORD", "root")));
        assert!(variables.contains(&pair("ETCD_AUTH_TOKEN_TTL", "5")));
        assert!(!variables.iter().any(|(name, _)| name == "ALLOW_NONE_AUTHENTICATION"));
    }

    #[test]
    fn no_two_containers_have_the_same_name() {
        let names = [fresh_name(), fresh_name()];
        assert_ne!(names[0], names[1]);
        assert!(names[0].starts_with(&format!("deadwatch-{}-", process::id())), "{}", names[0]);
    }
}
