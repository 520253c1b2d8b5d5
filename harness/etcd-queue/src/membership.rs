//! Who else consumes from the queue: each consumer keeps a key beside it, bound to a lease, so that it is
//! gone soon after its owner. What it says is a hint for [`crate::affinity`], and nothing depends on it.
//!
//! At-least-once claims will point to the same key: it is what a claim's owner lives by.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use etcd_client::{GetOptions, PutOptions};
use tokio::time::{sleep, timeout};

use crate::access::{Access, Setback};
use crate::error::Operation;
use crate::fault::Fault;

/// How long a consumer that has died is still counted.
const TTL: Duration = Duration::from_secs(15);
const RENEWED_EVERY: Duration = Duration::from_secs(5);
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The lease a consumer is bound to; 0 for none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lease(Arc<AtomicI64>);

/// Keeps the key of a consumer alive, for ever. Dropping it leaves the key to its lease, or to [`leave`].
pub(crate) async fn stay(access: Access, session_id: String, lease: Lease) {
    loop {
        match join(&access, &session_id).await {
            Ok(id) => {
                lease.0.store(id, Ordering::Release);
                while renew(&access, id).await {
                    sleep(RENEWED_EVERY).await;
                }
                tracing::info!(range = access.range(), "the consumer's lease has ended, taking another");
            }
            Err(reason) => tracing::debug!(range = access.range(), reason, "no lease for the consumer"),
        }
        sleep(AGAIN_AFTER).await;
    }
}

async fn join(access: &Access, session_id: &str) -> Result<i64, String> {
    let ttl_s = i64::try_from(TTL.as_secs()).unwrap_or(i64::MAX);
    let mut leases = access.leases();
    let granted = timeout(access.deadline(), leases.grant(ttl_s, None)).await;
    let id = granted.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())?.id();
    let key = access.prefix().sidecar(&format!("s/{session_id}"));
    let bound = access
        .to_sidecar()
        .ask(Operation::Record, |mut kv| {
            let (key, bound) = (key.clone(), PutOptions::new().with_lease(id));
            async move { kv.put(key, "", Some(bound)).await }
        })
        .await;
    match bound {
        Ok(_) => Ok(id),
        Err(setback) => Err(format!("{setback:?}")),
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
pub(crate) async fn leave(access: &Access, lease: &Lease) {
    let id = lease.0.swap(0, Ordering::AcqRel);
    if id != 0 {
        let _ = timeout(access.deadline(), access.leases().revoke(id)).await;
    }
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
