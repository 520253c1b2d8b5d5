//! Rights, users, passwords and tokens go away under a client.

use std::time::Duration;

use deadwatch::scenario::Version;
use libtest_mimic::Trial;

use super::{Arena, NEWEST, STORY, WATCHERS, duel};
use crate::etcd::Auth;

/// The release that retries a refused watch.
const RETRYING: Version = Version::new(3, 5, 6);

const CRASH: &[&str] = &["died at queue.go:70"];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for version in ["3.5.5", "3.5.16", "3.7.3"] {
        for client in [STORY, NEWEST] {
            let (login, nobody) = ((client, Auth::Lasting), (client, Auth::Off));
            trials.extend([
                duel(
                    "a_password_changed_before_a_restart_is_a_crash",
                    version,
                    login,
                    CRASH,
                    a_password_and_a_restart,
                ),
                duel(
                    "a_revoked_role_fails_the_claim_and_the_next_read",
                    version,
                    login,
                    &["1: etcdserver: permission denied", "2: etcdserver: permission denied"],
                    a_revoked_role,
                ),
                duel(
                    "a_revoked_role_and_a_restart_are_a_crash",
                    version,
                    login,
                    CRASH,
                    a_revoked_role_and_a_restart,
                ),
                duel(
                    "a_deleted_user_fails_the_claim_and_the_next_read",
                    version,
                    login,
                    &[
                        "1: etcdserver: authentication failed, invalid user ID or password",
                        "2: etcdserver: authentication failed, invalid user ID or password",
                    ],
                    a_deleted_user,
                ),
                duel(
                    "a_deleted_user_and_a_restart_are_a_crash",
                    version,
                    login,
                    CRASH,
                    a_deleted_user_and_a_restart,
                ),
                duel(
                    "authentication_switched_on_fails_the_claim_and_the_next_read",
                    version,
                    nobody,
                    &["1: etcdserver: user name is empty", "2: etcdserver: user name is empty"],
                    authentication_on,
                ),
            ]);
        }
    }
    let served: &[&str] = &["1: item a", "2: item b"];
    for (version, client, foretold) in [
        ("3.5.5", STORY, CRASH),
        ("3.5.16", STORY, served),
        ("3.7.3", STORY, served),
        ("3.5.16", NEWEST, served),
    ] {
        trials.push(duel(
            "a_second_watch_after_authentication_was_switched_off",
            version,
            (client, Auth::Lasting),
            foretold,
            authentication_off,
        ));
    }
    for (version, client, foretold) in [
        ("3.5.5", STORY, CRASH),
        ("3.5.16", STORY, CRASH),
        ("3.7.3", STORY, CRASH),
        ("3.7.3", NEWEST, CRASH),
        ("3.5.5", RETRYING, CRASH),
    ] {
        trials.push(duel(
            "a_second_watch_after_a_user_was_added_where_tokens_are_jwts",
            version,
            (client, Auth::Jwt),
            foretold,
            a_stale_jwt,
        ));
    }
    trials.push(duel(
        "a_second_watch_after_a_user_was_added_is_retried_where_tokens_are_jwts",
        "3.5.16",
        (RETRYING, Auth::Jwt),
        &["2: item b"],
        a_stale_jwt_is_retried,
    ));
    trials
}

async fn a_password_and_a_restart(mut arena: Arena) -> Vec<String> {
    arena.open_as_worker().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    arena.etcd.admin().await.user_change_password("worker", "changed").await.unwrap();
    arena.etcd.stop();
    arena.etcd.start_again();
    vec![arena.side.reply().await]
}

async fn a_revoked_role(mut arena: Arena) -> Vec<String> {
    arena.open_as_worker().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    arena.etcd.admin().await.user_revoke_role("worker", "worker").await.unwrap();
    arena.item("/test", "a").await;
    then_another_call(arena).await
}

async fn a_revoked_role_and_a_restart(mut arena: Arena) -> Vec<String> {
    arena.open_as_worker().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    arena.etcd.admin().await.user_revoke_role("worker", "worker").await.unwrap();
    arena.etcd.stop();
    arena.etcd.start_again();
    vec![arena.side.reply().await]
}

async fn a_deleted_user(mut arena: Arena) -> Vec<String> {
    arena.open_as_worker().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    arena.etcd.admin().await.user_delete("worker").await.unwrap();
    arena.item("/test", "a").await;
    then_another_call(arena).await
}

async fn a_deleted_user_and_a_restart(mut arena: Arena) -> Vec<String> {
    arena.open_as_worker().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    arena.etcd.admin().await.user_delete("worker").await.unwrap();
    arena.etcd.stop();
    arena.etcd.start_again();
    vec![arena.side.reply().await]
}

async fn authentication_on(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    arena.etcd.enable_auth().await;
    arena.item("/test", "a").await;
    then_another_call(arena).await
}

async fn authentication_off(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/a", 1).await;
    arena.etcd.disable_auth().await;
    a_second_watch(arena).await
}

async fn a_stale_jwt(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/a", 1).await;
    arena.etcd.admin().await.user_add("other", "other", None).await.unwrap();
    a_second_watch(arena).await
}

/// An item for the first would go to either: the old stream goes on, and what it says is taken for the second's.
async fn a_stale_jwt_is_retried(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/a", 1).await;
    arena.etcd.admin().await.user_add("other", "other", None).await.unwrap();
    arena.side.dequeue(2, "/b");
    arena.etcd.until_metric(WATCHERS, 3.0).await;
    arena.item("/b", "b").await;
    vec![arena.side.reply().await]
}

/// What becomes of a consumer's call, and of that which waits already, when items for both come.
async fn a_second_watch(mut arena: Arena) -> Vec<String> {
    arena.side.dequeue(2, "/b");
    // Whoever outlives this waits in its watch by then.
    let first = arena.side.silence(Duration::from_secs(1)).await;
    if first != "silence" {
        return vec![first];
    }
    arena.item("/a", "a").await;
    arena.item("/b", "b").await;
    arena.side.replies(2).await
}

async fn then_another_call(mut arena: Arena) -> Vec<String> {
    let mut said = vec![arena.side.reply().await];
    arena.side.dequeue(2, "/test");
    said.push(arena.side.reply().await);
    said
}
