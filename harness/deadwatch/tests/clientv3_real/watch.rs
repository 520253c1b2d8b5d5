//! What a watch of clientv3 lives through.

use std::time::Duration;

use deadwatch::{
    scenario::Version,
    subject::{
        Opening,
        clientv3::{Client, WatchChannel, WatchResponse},
    },
};
use etcd_client::GetOptions;
use libtest_mimic::Trial;
use tokio::time::{sleep, timeout};

use crate::{
    etcd::{Auth, Etcd},
    trial,
};

/// The story's client.
const STORY: Version = Version::new(3, 5, 11);

/// The release that retries a refused watch.
const RETRYING: Version = Version::new(3, 5, 6);

/// By then a token of 1 s that nobody has used is dead: the server looks once a second.
pub const TOKEN_DIES_WITHIN: Duration = Duration::from_millis(2_500);

/// By then an event or an answer is there that comes at all.
pub const SOON: Duration = Duration::from_secs(5);

/// After a witness has seen an event, nothing that was sent with it takes this long.
const NEVER: Duration = Duration::from_millis(500);

const DENIED: &str = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
const EXPIRED: &str = "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_refused_watch_says_permission_denied_and_the_first_goes_deaf", "3.5.5", |version| {
            a_watch_after_expiry_is_refused(version, DENIED, First::Deaf)
        }),
        trial("a_refused_watch_says_invalid_token_and_the_first_lives", "3.5.16", |version| {
            a_watch_after_expiry_is_refused(version, EXPIRED, First::Alive)
        }),
        trial("a_refused_watch_says_invalid_token_and_the_first_lives", "3.7.3", |version| {
            a_watch_after_expiry_is_refused(version, EXPIRED, First::Alive)
        }),
        trial(
            "a_retrying_client_survives_a_server_that_names_the_reason",
            "3.5.16",
            a_retrying_client_survives,
        ),
        trial(
            "a_retrying_client_hands_the_second_watch_what_is_the_first_s",
            "3.5.16",
            the_old_stream_goes_on,
        ),
        trial(
            "a_retrying_client_is_refused_by_a_server_that_hides_the_reason",
            "3.5.5",
            |version| async move {
                let etcd = Etcd::start(version, Auth::On).await;
                let client = client(&etcd, RETRYING).await;
                let _first = live_watch(&etcd, &client, "/first").await;
                sleep(TOKEN_DIES_WITHIN).await;
                refused(client.watch_prefix("/second", 0), DENIED).await;
            },
        ),
        trial("a_compacted_watch_fails_once_and_closes", "3.5.16", a_compacted_watch_fails_once),
        trial("a_watch_outlives_a_restart", "3.5.5", a_watch_outlives_a_restart),
        trial("a_watch_outlives_a_restart", "3.5.16", a_watch_outlives_a_restart),
        trial("a_login_refused_on_reconnect_ends_every_watch", "3.5.16", a_login_refused_ends_every_watch),
        trial("closing_the_client_closes_the_channels_without_a_word", "3.5.16", closing_says_nothing),
        trial("a_read_after_expiry_logs_in_again", "3.5.16", a_read_after_expiry_logs_in_again),
        trial("a_read_waits_for_a_server_that_is_down", "3.5.16", a_read_waits_for_the_server),
        trial("credentials_do_no_harm_where_authentication_is_off", "3.5.16", |version| async move {
            let etcd = Etcd::start(version, Auth::Off).await;
            let credentials = Some(deadwatch::etcd::Credentials::root());
            let client = Client::open(Opening { credentials, ..opening(&etcd) }, STORY).await.unwrap();
            live_watch(&etcd, &client, "/first").await;
        }),
    ]
}

/// What becomes of the first watch of a stream when the second is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Alive,
    Deaf,
}

async fn client(etcd: &Etcd, version: Version) -> Client {
    Client::open(opening(etcd), version).await.unwrap()
}

fn opening(etcd: &Etcd) -> Opening {
    Opening { credentials: etcd.credentials(), ..Opening::at(etcd.address()) }
}

async fn put(etcd: &Etcd, key: &str) {
    etcd.admin().await.put(key, "value", None).await.unwrap();
}

/// A watch that has shown that it works, and has nothing outstanding.
async fn live_watch(etcd: &Etcd, client: &Client, prefix: &str) -> WatchChannel {
    put(etcd, prefix).await;
    let revision = etcd.admin().await.get(prefix, None).await.unwrap().kvs()[0].mod_revision();
    let mut watch = client.watch_prefix(prefix, revision);
    assert_eq!(keys(&next(&mut watch).await.expect("an event")), [prefix]);
    watch
}

async fn next(watch: &mut WatchChannel) -> Option<WatchResponse> {
    timeout(SOON, watch.next()).await.expect("a response or the channel's end")
}

fn keys(response: &WatchResponse) -> Vec<String> {
    response.events.iter().map(|event| String::from_utf8(event.key.clone()).unwrap()).collect()
}

/// The watch fails with one response, and its channel is closed.
async fn refused(mut watch: WatchChannel, text: &str) {
    let response = next(&mut watch).await.expect("a response");
    assert!(response.canceled);
    assert_eq!(response.events, []);
    assert_eq!(response.error().map(|error| error.to_string()).as_deref(), Some(text));
    assert_eq!(next(&mut watch).await, None);
}

async fn a_watch_after_expiry_is_refused(version: &'static str, text: &str, expected: First) {
    let etcd = Etcd::start(version, Auth::On).await;
    let client = client(&etcd, STORY).await;
    let mut first = live_watch(&etcd, &client, "/first").await;

    sleep(TOKEN_DIES_WITHIN).await;
    refused(client.watch_prefix("/second", 0), text).await;

    let witness = self::client(&etcd, STORY).await;
    let mut seen = live_watch(&etcd, &witness, "/first").await;
    put(&etcd, "/first/a").await;
    assert_eq!(keys(&next(&mut seen).await.unwrap()), ["/first/a"]);
    let found = match timeout(NEVER, first.next()).await {
        Ok(Some(response)) if response.error().is_none() => First::Alive,
        Ok(end) => panic!("expected an event or silence, found {end:?}"),
        Err(_) => First::Deaf,
    };
    assert_eq!(found, expected);
    // And the stream stays as it is: the next watch on it is refused too.
    refused(client.watch_prefix("/third", 0), text).await;
}

async fn a_retrying_client_survives(version: &'static str) {
    let etcd = Etcd::start(version, Auth::On).await;
    let client = client(&etcd, RETRYING).await;
    let mut first = live_watch(&etcd, &client, "/first").await;
    sleep(TOKEN_DIES_WITHIN).await;
    let mut second = live_watch(&etcd, &client, "/second").await;
    put(&etcd, "/second/a").await;
    assert_eq!(keys(&next(&mut second).await.unwrap()), ["/second/a"]);
    put(&etcd, "/first/a").await;
    assert_eq!(keys(&next(&mut first).await.unwrap()), ["/first/a"]);
}

/// clientv3 v3.5.6 does not close the old stream and goes on reading it. There 0 was the first watch's id; on the
/// new stream it is the second's, who so receives what nobody asked it to watch. Seen with the Go client too.
async fn the_old_stream_goes_on(version: &'static str) {
    let etcd = Etcd::start(version, Auth::On).await;
    let client = client(&etcd, RETRYING).await;
    let mut first = live_watch(&etcd, &client, "/first").await;
    sleep(TOKEN_DIES_WITHIN).await;
    let mut second = live_watch(&etcd, &client, "/second").await;
    put(&etcd, "/first/a").await;
    assert_eq!(keys(&next(&mut first).await.unwrap()), ["/first/a"]);
    assert_eq!(keys(&next(&mut second).await.unwrap()), ["/first/a"]);
}

async fn a_compacted_watch_fails_once(version: &'static str) {
    let etcd = Etcd::start(version, Auth::Off).await;
    for key in ["/first/a", "/first/b"] {
        put(&etcd, key).await;
    }
    let mut admin = etcd.admin().await;
    let revision = admin.get("/first/b", None).await.unwrap().kvs()[0].mod_revision();
    admin.compact(revision, None).await.unwrap();
    let client = client(&etcd, STORY).await;
    let watch = client.watch_prefix("/first", 1);
    refused(watch, "etcdserver: mvcc: required revision has been compacted").await;
}

async fn a_watch_outlives_a_restart(version: &'static str) {
    let mut etcd = Etcd::start(version, Auth::On).await;
    let client = client(&etcd, STORY).await;
    let mut first = live_watch(&etcd, &client, "/first").await;
    let mut second = live_watch(&etcd, &client, "/second").await;
    etcd.kill();
    etcd.start_again();
    put(&etcd, "/first/a").await;
    put(&etcd, "/second/a").await;
    assert_eq!(keys(&next(&mut first).await.unwrap()), ["/first/a"]);
    assert_eq!(keys(&next(&mut second).await.unwrap()), ["/second/a"]);
}

async fn a_login_refused_ends_every_watch(version: &'static str) {
    let mut etcd = Etcd::start(version, Auth::On).await;
    let client = client(&etcd, STORY).await;
    let first = live_watch(&etcd, &client, "/first").await;
    let second = live_watch(&etcd, &client, "/second").await;
    etcd.admin().await.user_change_password("root", "changed").await.unwrap();
    etcd.kill();
    etcd.start_again();
    etcd.admin_with("changed").await;
    for watch in [first, second] {
        refused(watch, "etcdserver: authentication failed, invalid user ID or password").await;
    }
}

async fn closing_says_nothing(version: &'static str) {
    let etcd = Etcd::start(version, Auth::On).await;
    let client = client(&etcd, STORY).await;
    let mut first = live_watch(&etcd, &client, "/first").await;
    client.close();
    assert_eq!(next(&mut first).await, None);
}

async fn a_read_after_expiry_logs_in_again(version: &'static str) {
    let etcd = Etcd::start(version, Auth::On).await;
    let client = client(&etcd, STORY).await;
    sleep(TOKEN_DIES_WITHIN).await;
    assert!(client.get("/first", GetOptions::new()).await.is_ok());
}

async fn a_read_waits_for_the_server(version: &'static str) {
    let mut etcd = Etcd::start(version, Auth::On).await;
    let client = client(&etcd, STORY).await;
    etcd.kill();
    let reading = client.get("/first", GetOptions::new());
    tokio::pin!(reading);
    // Longer than a hundred attempts that fail at once would take.
    assert!(timeout(Duration::from_secs(3), &mut reading).await.is_err());
    etcd.start_again();
    etcd.admin().await;
    assert!(timeout(SOON, reading).await.unwrap().is_ok());
}
