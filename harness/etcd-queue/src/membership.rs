//! Who else consumes from the queue: each consumer keeps a key beside it, bound to a lease, so that it is
//! gone soon after its owner. What it says is a hint for [`crate::affinity`], and nothing depends on it.
//!
//! At-least-once claims will point to the same key: it is what a claim's owner lives by.

use std::time::Duration;

use etcd_client::{GetOptions, PutOptions};
use tokio::time::{sleep, timeout};

use crate::access::{Access, Setback};
use crate::error::Operation;
use crate::fault::Fault;

/// How long a consumer that has died is still counted.
const TTL: Duration = Duration::from_secs(15);
const RENEWED_EVERY: Duration = Duration::from_secs(5);

/// A consumer that has joined, and whom it found.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) lease_id: i64,
    /// The sessions of all consumers. Since each looks after it has written its own key, of any two the later
    /// one has seen the earlier.
    pub(crate) all: Vec<String>,
}

/// Writes the key of a consumer, and looks who else there is.
///
/// # Errors
/// Why not, in words; nothing depends on it but the time that lost races take.
pub(crate) async fn join(access: &Access, session_id: &str) -> Result<Member, String> {
    let ttl_s = i64::try_from(TTL.as_secs()).unwrap_or(i64::MAX);
    let mut leases = access.leases();
    let granted = timeout(access.deadline(), leases.grant(ttl_s, None)).await;
    let lease_id = granted.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())?.id();
    let key = access.prefix().sidecar(&format!("s/{session_id}"));
    access
        .to_sidecar()
        .ask(Operation::Record, |mut kv| {
            let (key, bound) = (key.clone(), PutOptions::new().with_lease(lease_id));
            async move { kv.put(key, "", Some(bound)).await }
        })
        .await
        .map_err(|setback| format!("{setback:?}"))?;
    let all = members(access).await.map_err(|setback| format!("{setback:?}"))?;
    Ok(Member { lease_id, all })
}

/// Keeps a consumer's lease alive, until it has ended all the same.
pub(crate) async fn stay(access: Access, lease_id: i64) {
    while renew(&access, lease_id).await {
        sleep(RENEWED_EVERY).await;
    }
}

/// Renews a lease, and says whether it holds as far as anybody knows. Each time on a stream of its own: one
/// that is kept open would keep the token it was opened with.
async fn renew(access: &Access, id: i64) -> bool {
    match timeout(access.deadline(), access.leases().keep_alive(id)).await {
        Ok(Err(etcd_client::Error::LeaseKeepAliveError(_))) => false,
        Ok(Err(error)) if matches!(Fault::of(&error), Fault::Stale(_)) => {
            // From 3.5.28 on renewing needs a token too, and nothing else may have used it for long.
            let _ = access.login().await;
            true
        }
        _ => true,
    }
}

/// Gives the lease up, and with it the key.
pub(crate) async fn leave(access: &Access, lease_id: i64) {
    let _ = timeout(access.deadline(), access.leases().revoke(lease_id)).await;
}

/// The sessions of all consumers.
pub(crate) async fn members(access: &Access) -> Result<Vec<String>, Setback> {
    let (from, to) = (access.prefix().sidecar("s/"), access.prefix().sidecar("s0"));
    let all = GetOptions::new().with_range(to).with_keys_only();
    let found = access
        .to_sidecar()
        .ask(Operation::Record, |mut kv| {
            let (from, all) = (from.clone(), all.clone());
            async move { kv.get(from, Some(all)).await }
        })
        .await?;
    let ids = found.kvs().iter().filter_map(|kv| kv.key().strip_prefix(from.as_slice()));
    Ok(ids.map(|id| String::from_utf8_lossy(id).into_owned()).collect())
}
