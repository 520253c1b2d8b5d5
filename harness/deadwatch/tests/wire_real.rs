//! The wire between a real client and a real etcd 3.5.5 sees what they say to each other, and fails them as told.
//!
//! Needs `target/etcd/3.5.5/etcd`. Without it the tests are listed as ignored, unless `DEADWATCH_REQUIRE`
//! names `process`: then they fail.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "wire_real/faults.rs"]
mod faults;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use deadwatch::etcd::Address;
use deadwatch::wire::{Seen, Sighting, Wire};
use etcd_client::{Client, CompactionOptions, ConnectOptions, WatchOptions};
use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const VERSION: &str = "3.5.5";
const AUTHENTICATE: &str = "/etcdserverpb.Auth/Authenticate";
const RANGE: &str = "/etcdserverpb.KV/Range";
const WATCH: &str = "/etcdserverpb.Watch/Watch";

/// A simple token dies at the first tick of a clock of 1 s after its time to live, here 1 s too
/// (etcd v3.5.5 server/auth/simple_token.go, simpleTokenTTLKeeper.run). Nothing but using the token shows
/// whether it is dead, and that would renew it.
const TOKEN_DEAD_AFTER: Duration = Duration::from_millis(2_300);

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let binary = binary();
    let required =
        std::env::var("DEADWATCH_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == "process"));
    let ignored = !binary.exists() && !required;
    let trial = |name: &str, test: fn(&Path) -> Result<(), Failed>| {
        let binary = binary.clone();
        // The kind is shown before the name: here, why the test is ignored.
        let reason = if ignored { format!("no target/etcd/{VERSION}/etcd") } else { String::new() };
        Trial::test(name, move || test(&binary)).with_kind(reason).with_ignored_flag(ignored)
    };
    let trials = vec![
        trial("a_watch_refused_for_a_dead_token_is_seen_with_its_reason", dead_token),
        trial("a_compacted_watch_and_an_ordinary_cancel_are_told_apart", compaction),
        trial("a_restarted_etcd_is_found_behind_the_same_address", restart),
        trial("a_lost_reply_is_an_error_at_the_client_and_a_key_at_the_etcd", faults::lost_reply),
        trial("a_lost_reply_can_leave_the_client_waiting_for_it", faults::lost_reply_in_silence),
        trial("a_dropped_connection_ends_a_watch_and_a_new_one_is_served", faults::dropped_connection),
        trial("a_black_holed_watch_hears_nothing_and_a_later_client_is_served", faults::black_hole),
        trial("each_delayed_answer_takes_at_least_the_delay", faults::delay),
        trial("the_harness_reaches_a_restarted_etcd_through_every_fault_unseen", faults::harness),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn binary() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/etcd").join(VERSION).join("etcd")
}

/// An etcd with a token TTL of 1 s, stopped when dropped.
struct Etcd {
    process: Child,
    address: SocketAddr,
    _data: TempDir,
}

impl Etcd {
    fn start(binary: &Path) -> Result<Self, Failed> {
        let data = TempDir::new()?;
        let mut process = Command::new(binary)
            .arg("--data-dir")
            .arg(data.path())
            .args([
                "--listen-client-urls",
                "http://127.0.0.1:0",
                "--advertise-client-urls",
                "http://127.0.0.1:0",
            ])
            .args(["--listen-peer-urls", "http://127.0.0.1:0", "--auth-token-ttl", "1", "--bcrypt-cost", "4"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("could not start etcd {VERSION} at {}: {error}", binary.display()))?;
        let log = BufReader::new(process.stderr.take().expect("stderr is piped"));
        let (serving, served) = mpsc::channel();
        // Reads on until the end, or etcd would block on a full pipe.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if entry["msg"].as_str().is_some_and(|text| text.starts_with("serving client traffic")) {
                    let _ = serving.send(entry["address"].as_str().map(str::to_owned));
                }
            }
        });
        let address = served.recv_timeout(PATIENCE).ok().flatten().and_then(|text| text.parse().ok());
        let Some(address) = address else {
            let _ = process.kill();
            let _ = process.wait();
            return Err("etcd serves no clients".into());
        };
        Ok(Self { process, address, _data: data })
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An etcd, and a wire to it with one client's route.
struct Line {
    etcd: Etcd,
    wire: Wire,
    port: SocketAddr,
    sightings: UnboundedReceiver<Sighting>,
}

impl Line {
    async fn open(binary: &Path) -> Result<Self, Failed> {
        let etcd = Etcd::start(binary)?;
        let (sender, sightings) = unbounded_channel();
        let wire = Wire::new(Address::Tcp(etcd.address), sender);
        let Address::Tcp(port) = wire.route("shared").await? else { return Err("no port".into()) };
        Ok(Self { etcd, wire, port, sightings })
    }

    async fn connect(&self, options: Option<ConnectOptions>) -> Result<Client, Failed> {
        Ok(Client::connect([self.port.to_string()], options).await?)
    }

    /// The next `count` things that are seen, all of them of this client.
    async fn seen(&mut self, count: usize) -> Result<Vec<Seen>, Failed> {
        let mut seen = Vec::new();
        while seen.len() < count {
            let next = tokio::time::timeout(PATIENCE, self.sightings.recv()).await;
            let Ok(Some(sighting)) = next else {
                return Err(format!("{count} sightings expected, only these came: {seen:?}").into());
            };
            assert_eq!(sighting.client, "shared");
            seen.push(sighting.seen);
        }
        Ok(seen)
    }
}

fn run(test: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(test)
}

fn request(method: &str, token: Option<&str>) -> Seen {
    Seen::Request { method: method.to_owned(), token: token.map(str::to_owned) }
}

fn dead_token(binary: &Path) -> Result<(), Failed> {
    run(async {
        let mut line = Line::open(binary).await?;
        let mut root = Client::connect([line.etcd.address.to_string()], None).await?;
        root.user_add("root", "root", None).await?;
        root.user_grant_role("root", "root").await?;
        root.auth_enable().await?;

        let options = ConnectOptions::new().with_user("root", "root").with_auto_token_refresh(true);
        let mut client = line.connect(Some(options)).await?;
        let login = line.seen(3).await?;
        let [Seen::Connected, login_request, Seen::LoggedIn { token: first }] = &login[..] else {
            return Err(format!("a login expected, found {login:?}").into());
        };
        assert_eq!(*login_request, request(AUTHENTICATE, None));

        client.get("key", None).await?;
        client.put("key", "value", None).await?;
        let mut watches = client.watch("key", None).await?;
        assert!(!watches.message().await?.ok_or("the stream ended")?.canceled());
        let first = Some(first.as_str());
        let calls = [request(RANGE, first), request("/etcdserverpb.KV/Put", first), request(WATCH, first)];
        assert_eq!(line.seen(3).await?, calls);

        tokio::time::sleep(TOKEN_DEAD_AFTER).await;
        watches.watch("key", None).await?;
        assert!(watches.message().await?.ok_or("the stream ended")?.canceled());
        let refused = Seen::WatchRefused {
            watch_id: 0,
            reason: "rpc error: code = PermissionDenied desc = etcdserver: permission denied".to_owned(),
            token: first.map(str::to_owned),
        };
        assert_eq!(line.seen(2).await?, [request(WATCH, first), refused]);

        client.get("key", None).await?;
        let again = line.seen(5).await?;
        let [rejected, failed, login_request, Seen::LoggedIn { token: second }, repeated] = &again[..] else {
            return Err(format!("a rejected read, a login and a read expected, found {again:?}").into());
        };
        let message = "etcdserver: invalid auth token".to_owned();
        assert_eq!(*rejected, request(RANGE, first));
        assert_eq!(*failed, Seen::Failed { method: RANGE.to_owned(), code: 16, message });
        assert_eq!(*login_request, request(AUTHENTICATE, None));
        assert_eq!(*repeated, request(RANGE, Some(second)));
        assert_ne!(first, Some(second.as_str()));

        drop((client, watches));
        assert_eq!(line.seen(1).await?, [Seen::Disconnected]);
        Ok(())
    })
}

fn compaction(binary: &Path) -> Result<(), Failed> {
    run(async {
        let mut line = Line::open(binary).await?;
        let mut client = line.connect(None).await?;
        for value in ["1", "2", "3"] {
            client.put("key", value, None).await?;
        }
        client.compact(3, Some(CompactionOptions::new().with_physical())).await?;
        assert_eq!(line.seen(5).await?[0], Seen::Connected);

        let mut watches = client.watch("key", Some(WatchOptions::new().with_watch_id(7))).await?;
        watches.watch("key", Some(WatchOptions::new().with_watch_id(8).with_start_revision(2))).await?;
        watches.cancel(7).await?;

        let mut seen = line.seen(4).await?;
        let compacted = Seen::WatchCompacted { watch_id: 8, compact_revision: 3 };
        let place = seen.iter().position(|seen| *seen == compacted).ok_or("no compacted watch was seen")?;
        seen.remove(place);
        assert_eq!(seen, vec![request(WATCH, None); 3]);
        Ok(())
    })
}

fn restart(binary: &Path) -> Result<(), Failed> {
    run(async {
        let mut line = Line::open(binary).await?;
        let mut client = line.connect(None).await?;
        client.get("key", None).await?;
        assert_eq!(line.seen(2).await?, [Seen::Connected, request(RANGE, None)]);

        drop(std::mem::replace(&mut line.etcd, Etcd::start(binary)?));
        assert_eq!(line.seen(1).await?, [Seen::Disconnected]);
        line.wire.redirect(Address::Tcp(line.etcd.address));

        line.connect(None).await?.get("key", None).await?;
        assert_eq!(line.seen(2).await?, [Seen::Connected, request(RANGE, None)]);
        Ok(())
    })
}
