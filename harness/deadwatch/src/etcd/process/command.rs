//! The command line of an etcd process.

use std::{env, ffi::OsString, fs, net::SocketAddr, path::Path, process::Command};

use super::folder::Folder;
use crate::{
    etcd::{
        EtcdError,
        token::{self, Tokens},
    },
    scenario::EtcdSpec,
};

const ANY_PORT: &str = "http://127.0.0.1:0";

/// A member's place in its cluster.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    name: String,
    /// Where the others find it.
    peer_url: String,
    /// All members and where they are found.
    initial_cluster: String,
}

impl Seat {
    /// That of a member without others.
    pub(super) fn alone() -> Self {
        let name = "deadwatch".to_owned();
        Self { initial_cluster: format!("{name}={ANY_PORT}"), name, peer_url: ANY_PORT.to_owned() }
    }

    /// Those of members that find each other at these addresses.
    pub(super) fn around(addresses: &[SocketAddr]) -> Vec<Self> {
        let urls: Vec<String> = addresses.iter().map(|address| format!("http://{address}")).collect();
        let named = urls.iter().enumerate().map(|(place, url)| format!("{}={url}", Self::name(place)));
        let initial_cluster = named.collect::<Vec<_>>().join(",");
        let seat = |(place, peer_url)| Self {
            name: Self::name(place),
            peer_url,
            initial_cluster: initial_cluster.clone(),
        };
        urls.into_iter().enumerate().map(seat).collect()
    }

    /// The name of the member at this place.
    pub(super) fn name(place: usize) -> String {
        format!("member-{}", place + 1)
    }
}

/// The arguments of an etcd that takes this seat, with its folder made ready for it. The ports it listens on are 0, so
/// that the system picks free ones and no two starts can clash; the log says which.
///
/// Left out on purpose: `--unsafe-no-fsync`. What an etcd still knows after it was killed depends on what it
/// had flushed, and that shall be as in the story.
pub(super) fn arguments(folder: &Folder, spec: &EtcdSpec, seat: &Seat) -> Result<Vec<OsString>, EtcdError> {
    if Tokens::need_a_secret(spec) {
        fs::write(folder.secret(), token::SECRET).map_err(EtcdError::Folder)?;
    }
    let mut arguments: Vec<OsString> = vec!["--data-dir".into(), folder.data().into()];
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
    add(&["--name", &seat.name, "--initial-cluster", &seat.initial_cluster]);
    add(&["--listen-client-urls", ANY_PORT, "--advertise-client-urls", ANY_PORT]);
    add(&["--listen-peer-urls", ANY_PORT, "--initial-advertise-peer-urls", &seat.peer_url]);
    // The JSON gateway would dial the port that was asked for, 0, again and again, and log each failure.
    add(&["--enable-grpc-gateway=false"]);
    // zap is the default from 3.5.0 on; 3.4 has to be asked.
    add(&["--logger", "zap", "--log-outputs", "stderr", "--log-level", "info"]);
    // With the default of 10 a login takes 70 ms of a processor, and many consumers log in at once.
    add(&["--bcrypt-cost", "4"]);
    if let Some(bytes) = spec.quota_bytes {
        add(&["--quota-backend-bytes", &bytes.to_string()]);
    }
    spec.flags.iter().for_each(|flag| add(&[flag]));
    match Tokens::of(spec, &folder.secret().to_string_lossy()) {
        None => {}
        Some(Tokens::Simple(ttl_s)) => add(&["--auth-token-ttl", &ttl_s]),
        Some(Tokens::Signed(how)) => add(&["--auth-token", &how]),
    }
    Ok(arguments)
}

/// A command that runs this binary.
pub(super) fn command(binary: &Path, arguments: &[OsString]) -> Command {
    let mut command = Command::new(binary);
    command.args(arguments);
    // etcd reads settings from its environment too; the user's are not meant for this one.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("ETCD_") && text != "ETCD_UNSUPPORTED_ARCH" {
            command.env_remove(&name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::time::Duration;

    use super::*;
    use crate::scenario::{TokenKind, Version};

    fn words(spec: &EtcdSpec) -> Vec<String> {
        let arguments = arguments(&Folder::make().unwrap(), spec, &Seat::alone()).unwrap();
        arguments.into_iter().map(|argument| argument.into_string().unwrap()).collect()
    }

    #[test]
    fn a_token_ttl_is_passed_in_seconds_and_left_out_without_authentication() {
        let open = EtcdSpec::of(Version::new(3, 5, 5));
        let with = words(&open.clone().with_tokens(Duration::from_secs(120)));
        let at = with.iter().position(|argument| argument == "--auth-token-ttl").unwrap();
        assert_eq!(with[at + 1], "120");
        assert!(!words(&open).contains(&"--auth-token-ttl".to_owned()));
    }

    #[test]
    fn a_quota_and_flags_are_passed_on_as_they_are() {
        let flags = vec!["--max-txn-ops=16".to_owned()];
        let spec = EtcdSpec { quota_bytes: Some(5), flags, ..EtcdSpec::of(Version::new(3, 5, 5)) };
        let words = words(&spec);
        let at = words.iter().position(|argument| argument == "--quota-backend-bytes").unwrap();
        assert_eq!(words[at + 1..at + 3], ["5", "--max-txn-ops=16"]);
    }

    #[test]
    fn signed_tokens_are_asked_for_with_their_ttl_and_a_secret_of_the_runs_own() {
        let spec = EtcdSpec::of(Version::new(3, 5, 5)).with_tokens(Duration::from_secs(5));
        let words = words(&EtcdSpec { token_kind: TokenKind::Jwt, ..spec });
        let at = words.iter().position(|argument| argument == "--auth-token").unwrap();
        let folder = words[1].trim_end_matches("/data");
        assert_eq!(words[at + 1], format!("jwt,sign-method=HS256,priv-key={folder}/secret,ttl=5s"));
    }
}
