//! Who else consumes from the queue: each consumer keeps a key beside it, bound to a lease, so that it is
//! gone soon after its owner. What it says is a hint for [`crate::affinity`], and nothing depends on it.
//!
//! At-least-once claims will point to the same key: it is what a claim's owner lives by.

use std::time::Duration;

use etcd_client::{GetOptions, PutOptions};
use tokio::time::sleep;

use crate::access::{Access, Setback};
use crate::cluster::Failure;
use crate::error::Operation;
use crate::fault::Fault;
use crate::protocol::session::SessionId;

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

/// A consumer's key and the lease it lives by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) lease_id: i64,
    /// As etcd granted it, which has a least one (etcd v3.5.16 server/lease/lessor.go, `minLeaseTTL`).
    pub(crate) ttl: Duration,
}

/// Has etcd grant a lease. A request whose login is refused is sent once more after a fresh one.
pub(crate) async fn grant(access: &Access, ttl: Duration) -> Result<Bound, Setback> {
    let fault = match grant_once(access, ttl).await {
        Err(Failure { member, fault: Fault::Stale(_) | Fault::Denied(_) }) => {
            access.login_at(member).await?;
            match grant_once(access, ttl).await {
                Ok(bound) => return Ok(bound),
                Err(failure) => failure.fault,
            }
        }
        Err(failure) => failure.fault,
        Ok(bound) => return Ok(bound),
    };
    // A lease that was granted all the same ends by itself.
    Err(match fault {
        Fault::Full(reason) => access.to_records().full(Operation::Record, reason),
        fault => Setback::Unsent(format!("no lease was granted: {fault:?}")),
    })
}

async fn grant_once(access: &Access, ttl: Duration) -> Result<Bound, Failure> {
    let ttl_s = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
    let granted = access.lease(|mut leases| async move { leases.grant(ttl_s, None).await }).await?;
    let ttl = Duration::from_secs(u64::try_from(granted.ttl()).unwrap_or(0));
    Ok(Bound { lease_id: granted.id(), ttl })
}

/// Writes the key of a consumer, bound to a lease of its own.
pub(crate) async fn bind(access: &Access, session: SessionId, ttl: Duration) -> Result<Bound, Setback> {
    let bound = grant(access, ttl).await?;
    let key = access.prefix().layout().alive(session);
    access
        .to_records()
        .ask(Operation::Record, |mut kv| {
            let (key, bound) = (key.to_vec(), PutOptions::new().with_lease(bound.lease_id));
            async move { kv.put(key, "", Some(bound)).await }
        })
        .await?;
    Ok(bound)
}

/// Writes the key of a consumer, and looks who else there is.
///
/// # Errors
/// Why not, in words; nothing depends on it but the time that lost races take.
pub(crate) async fn join(access: &Access, session: SessionId) -> Result<Member, String> {
    let Bound { lease_id, .. } =
        bind(access, session, TTL).await.map_err(|setback| format!("{setback:?}"))?;
    let all = members(access).await.map_err(|setback| format!("{setback:?}"))?;
    Ok(Member { lease_id, all })
}

/// Keeps a consumer's lease alive, until it has ended all the same.
pub(crate) async fn stay(access: Access, lease_id: i64) {
    while renew(&access, lease_id).await != Renewal::Ended {
        sleep(RENEWED_EVERY).await;
    }
}

/// What an attempt to renew a lease came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    Renewed,
    /// The lease has ended.
    Ended,
    /// Nobody knows.
    Unknown,
}

/// Renews a lease. Each time on a stream of its own: one that is kept open would keep the token it was opened
/// with.
pub(crate) async fn renew(access: &Access, id: i64) -> Renewal {
    let renewal = access.lease(|mut leases| async move {
        match leases.keep_alive(id).await {
            Ok(_) => Ok(Renewal::Renewed),
            Err(etcd_client::Error::LeaseKeepAliveError(_)) => Ok(Renewal::Ended),
            Err(error) => Err(error),
        }
    });
    match renewal.await {
        Ok(renewal) => renewal,
        Err(Failure { member, fault: Fault::Stale(_) }) => {
            // From 3.5.28 on renewing needs a token too, and nothing else may have used it for long.
            let _ = access.login_at(member).await;
            Renewal::Unknown
        }
        Err(_) => Renewal::Unknown,
    }
}

/// Gives a lease up, and with it what hangs on it. Whether that is certain.
pub(crate) async fn leave(access: &Access, lease_id: i64) -> bool {
    let left = access.lease(|mut leases| async move {
        match leases.revoke(lease_id).await {
            Err(error) if !is_not_found(&error) => Err(error),
            _ => Ok(()),
        }
    });
    left.await.is_ok()
}

/// Whether there is no such lease (any more).
fn is_not_found(error: &etcd_client::Error) -> bool {
    matches!(error, etcd_client::Error::GRpcStatus(status) if status.code() == tonic::Code::NotFound)
}

/// The sessions of all consumers.
pub(crate) async fn members(access: &Access) -> Result<Vec<String>, Setback> {
    let layout = access.prefix().layout();
    let (from, to) = (layout.key("a/"), layout.key("a0"));
    let all = GetOptions::new().with_range(to.to_vec()).with_keys_only();
    let found = access
        .to_records()
        .ask(Operation::Record, |mut kv| {
            let (from, all) = (from.to_vec(), all.clone());
            async move { kv.get(from, Some(all)).await }
        })
        .await?;
    let ids = found.kvs().iter().filter_map(|kv| kv.key().strip_prefix(&*from));
    Ok(ids.map(|id| String::from_utf8_lossy(id).into_owned()).collect())
}
