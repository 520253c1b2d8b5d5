//! The harness's own client: direct to the etcd, past the wire, with a login that mends itself.

use std::time::Duration;

use etcd_client::{Client, Compare, CompareOp, ConnectOptions, GetOptions, Txn, TxnOp, WatchOptions};
use tokio::time::timeout;

use crate::{
    etcd::{Address, Credentials},
    subject::KeyClock,
};

/// What the harness asks of an etcd is answered within this time, or the etcd has failed it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client of the harness's own.
#[derive(Clone)]
pub(super) struct HarnessClient {
    client: Client,
    keys: KeyClock,
}

impl std::fmt::Debug for HarnessClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HarnessClient").finish_non_exhaustive()
    }
}

impl HarnessClient {
    /// Opens a client, as root where the etcd has authentication.
    pub(super) async fn open(
        address: &Address,
        credentials: Option<&Credentials>,
        keys: KeyClock,
    ) -> Result<Self, String> {
        let options = credentials.map(|credentials| {
            ConnectOptions::new()
                .with_user(credentials.user.clone(), credentials.password.clone())
                .with_auto_token_refresh(true)
        });
        let channel = etcd_client::Channel::Tonic(address.channel());
        let client = patiently(Client::from_channel(channel, options)).await?;
        Ok(Self { client, keys })
    }

    /// Writes items under the recipe's keys in one transaction, in this order.
    ///
    /// The keys are `PREFIX/UNIX-NANOS` as the recipe's Enqueue makes them; a key that is there already means that
    /// another producer had the same nanosecond, and is answered by another try with a later one.
    pub(super) async fn enqueue(&self, prefix: &str, values: &[String]) -> Result<(), String> {
        loop {
            let keys: Vec<String> =
                values.iter().map(|_| format!("{prefix}/{}", self.keys.unix_ns())).collect();
            let unused: Vec<_> =
                keys.iter().map(|key| Compare::version(key.as_str(), CompareOp::Equal, 0)).collect();
            let puts: Vec<_> = keys
                .iter()
                .zip(values)
                .map(|(key, value)| TxnOp::put(key.as_str(), value.as_str(), None))
                .collect();
            let txn = Txn::new().when(unused).and_then(puts);
            if patiently(self.client.clone().txn(txn)).await?.succeeded() {
                return Ok(());
            }
        }
    }

    /// The values stored in the queue `prefix`, in commit order.
    pub(super) async fn stored(&self, prefix: &str) -> Result<Vec<String>, String> {
        let options = GetOptions::new().with_prefix();
        let response = patiently(self.client.clone().get(format!("{prefix}/"), Some(options))).await?;
        let mut kvs: Vec<_> = response.kvs().iter().collect();
        kvs.sort_by_key(|kv| (kv.mod_revision(), kv.key().to_vec()));
        Ok(kvs.iter().map(|kv| String::from_utf8_lossy(kv.value()).into_owned()).collect())
    }

    /// Watches `key`, writes it, and returns when the watch has delivered the write: the etcd serves watches.
    pub(super) async fn prove_served(&self, key: &str) -> Result<(), String> {
        let mut client = self.client.clone();
        patiently(client.get(key, None)).await?;
        let mut watch = patiently(client.watch(key, Some(WatchOptions::new().with_prev_key()))).await?;
        patiently(client.put(key, "control", None)).await?;
        let delivered = async {
            loop {
                match watch.message().await {
                    Ok(Some(response)) if response.canceled() => {
                        return Err(format!("its watch was refused: {}", response.cancel_reason()));
                    }
                    Ok(Some(response)) if !response.events().is_empty() => return Ok(()),
                    Ok(Some(_)) => {}
                    Ok(None) => return Err("its watch ended".to_owned()),
                    Err(error) => return Err(error.to_string()),
                }
            }
        };
        timeout(PATIENCE, delivered).await.unwrap_or_else(|_| Err(no_answer()))
    }
}

/// Waits for the etcd's answer for as long as [`PATIENCE`] lasts.
async fn patiently<T>(answer: impl Future<Output = Result<T, etcd_client::Error>>) -> Result<T, String> {
    match timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(no_answer()),
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}
