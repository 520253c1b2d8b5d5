//! The harness's own client: direct to the etcd, past the wire, with a login that mends itself.

use std::time::Duration;

use etcd_client::{
    Client, Compare, CompareOp, ConnectOptions, GetOptions, Txn, TxnOp, TxnOpResponse, WatchOptions,
};
use tokio::time::timeout;

use crate::{
    etcd::{Address, Credentials},
    subject::KeyClock,
};

/// What the harness asks of an etcd is answered within this time, or the etcd has failed it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many operations a level of a transaction may have (etcd's `--max-txn-ops`, by default).
const LEVEL_LIMIT: usize = 128;

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
        let mut left = groups(values);
        while !left.is_empty() {
            let txn = match left.as_slice() {
                [all] => self.write(prefix, all),
                several => Txn::new().and_then(
                    several.iter().map(|some| TxnOp::txn(self.write(prefix, some))).collect::<Vec<_>>(),
                ),
            };
            let answer = patiently(self.client.clone().txn(txn)).await?;
            let written = match left.len() {
                1 => vec![answer.succeeded()],
                _ => answer.op_responses().iter().map(succeeded).collect(),
            };
            let mut written = written.into_iter();
            left.retain(|_| !written.next().unwrap_or(false));
        }
        Ok(())
    }

    /// Writes these items if all of their keys are unused.
    fn write(&self, prefix: &str, values: &[String]) -> Txn {
        let keys: Vec<String> = values.iter().map(|_| format!("{prefix}/{}", self.keys.unix_ns())).collect();
        let unused: Vec<_> =
            keys.iter().map(|key| Compare::version(key.as_str(), CompareOp::Equal, 0)).collect();
        let puts: Vec<_> = keys
            .iter()
            .zip(values)
            .map(|(key, value)| TxnOp::put(key.as_str(), value.as_str(), None))
            .collect();
        Txn::new().when(unused).and_then(puts)
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

/// The items as one transaction can hold them: at one level, or where they are too many in transactions within it.
/// Those may hold what the level around them leaves over of the limit (etcd v3.5.5
/// server/etcdserver/api/v3rpc/key.go, checkTxnRequest): with half of it for each level, 4,096 items in all.
fn groups(values: &[String]) -> Vec<&[String]> {
    match values.len() {
        0 => Vec::new(),
        1..=LEVEL_LIMIT => vec![values],
        _ => values.chunks(LEVEL_LIMIT / 2).collect(),
    }
}

/// Whether a transaction within another one was carried out.
fn succeeded(answer: &TxnOpResponse) -> bool {
    matches!(answer, TxnOpResponse::Txn(answer) if answer.succeeded())
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
