//! Storing one item under one key, if nothing is there: what enqueueing and putting back have in common.

use etcd_client::{Compare, CompareOp, Txn, TxnOp};

use crate::access::{Access, Setback};
use crate::error::Operation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Stored,
    /// Something is stored under the key.
    Taken,
}

pub(crate) async fn put(
    access: &Access,
    operation: Operation,
    key: &[u8],
    value: &[u8],
) -> Result<Put, Setback> {
    let answer = access
        .ask(operation, |mut kv| {
            let txn = Txn::new()
                .when([Compare::version(key, CompareOp::Equal, 0)])
                .and_then([TxnOp::put(key, value, None)]);
            async move { kv.txn(txn).await }
        })
        .await?;
    Ok(if answer.succeeded() { Put::Stored } else { Put::Taken })
}

/// What is stored under the key.
pub(crate) async fn stored(access: &Access, key: &[u8]) -> Result<Option<Vec<u8>>, Setback> {
    let answer =
        access.ask(Operation::Read, |mut kv| async move { kv.get(key.to_vec(), None).await }).await?;
    Ok(answer.kvs().first().map(|kv| kv.value().to_vec()))
}
