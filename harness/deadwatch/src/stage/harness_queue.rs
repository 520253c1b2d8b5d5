//! What the harness does with queues: it writes items under the recipes' keys, and reads what is stored.

use etcd_client::{Compare, CompareOp, GetOptions, Txn, TxnOp, TxnOpResponse};

use super::harness_client::{HarnessClient, Repeat, Unserved};

/// How many operations a level of a transaction may have (etcd's `--max-txn-ops`, by default).
const LEVEL_LIMIT: usize = 128;

/// Under which keys a queue's items lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `PREFIX/UNIX-NANOS`, as the recipe's `Queue` has them (etcd client/v3/experimental/recipes/key.go).
    Queue,
    /// `PREFIX/PRIORITY/NUMBER`, as its `PriorityQueue` has them (priority_queue.go); all of one priority, and numbered
    /// by the clock.
    PriorityQueue,
}

impl HarnessClient {
    /// Writes items in one transaction, in this order.
    ///
    /// A key that is there already means that another producer had the same nanosecond, and is answered by another try
    /// with a later one. An answer that never came is not asked for again: the items may be stored, and taken.
    ///
    /// # Errors
    /// In words: etcd's own, or that nobody answered within 10 s.
    pub async fn enqueue(&self, layout: Layout, prefix: &str, values: &[String]) -> Result<(), String> {
        self.store(layout, prefix, values).await.map_err(String::from)
    }

    /// The same, with an error that tells a refusal from silence.
    pub(super) async fn store(
        &self,
        layout: Layout,
        prefix: &str,
        values: &[String],
    ) -> Result<(), Unserved> {
        let mut left = groups(values);
        while !left.is_empty() {
            let txn = match left.as_slice() {
                [all] => self.write(layout, prefix, all),
                several => Txn::new().and_then(
                    several
                        .iter()
                        .map(|some| TxnOp::txn(self.write(layout, prefix, some)))
                        .collect::<Vec<_>>(),
                ),
            };
            let answer = self
                .serve(Repeat::Never, |mut client| {
                    let txn = txn.clone();
                    async move { client.txn(txn).await }
                })
                .await?;
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
    fn write(&self, layout: Layout, prefix: &str, values: &[String]) -> Txn {
        let keys: Vec<String> = values
            .iter()
            .map(|_| match layout {
                Layout::Queue => format!("{prefix}/{}", self.keys.unix_ns()),
                Layout::PriorityQueue => format!("{prefix}/00000/{:016}", self.keys.unix_ns()),
            })
            .collect();
        let unused: Vec<_> =
            keys.iter().map(|key| Compare::version(key.as_str(), CompareOp::Equal, 0)).collect();
        let puts: Vec<_> = keys
            .iter()
            .zip(values)
            .map(|(key, value)| TxnOp::put(key.as_str(), value.as_str(), None))
            .collect();
        Txn::new().when(unused).and_then(puts)
    }

    /// The items stored in the queue `prefix`, in commit order.
    ///
    /// # Errors
    /// In words: etcd's own, or that nobody answered within 10 s.
    pub async fn stored(&self, prefix: &str) -> Result<Vec<String>, String> {
        let range = format!("{prefix}/");
        let response = self
            .ask(Repeat::Safe, |mut client| {
                let range = range.clone();
                async move { client.get(range, Some(GetOptions::new().with_prefix())).await }
            })
            .await?;
        let mut kvs: Vec<_> = response.kvs().iter().collect();
        kvs.sort_by_key(|kv| (kv.mod_revision(), kv.key().to_vec()));
        Ok(kvs.iter().map(|kv| item_of(&String::from_utf8_lossy(kv.value()))).collect())
    }
}

/// A stored value of at least this many bytes: the item, filled up with spaces.
pub(super) fn filled(item: &str, bytes: usize) -> String {
    let spaces = bytes.saturating_sub(item.len());
    format!("{item}{}", " ".repeat(spaces))
}

/// The item in a stored value.
pub(super) fn item_of(value: &str) -> String {
    value.trim_end_matches(' ').to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_its_value_without_what_fills_it_up() {
        assert_eq!(filled("a", 4), "a   ");
        assert_eq!(filled("abc", 2), "abc");
        assert_eq!(item_of(&filled("a b", 9)), "a b");
    }
}
