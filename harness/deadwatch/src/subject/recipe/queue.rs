//! Enqueue and Dequeue (recipes queue.go, key.go newUniqueKV, watch.go WaitPrefixEvents and waitEvents).

use std::sync::Arc;

use etcd_client::{Compare, CompareOp, GetOptions, KeyValue, SortOrder, SortTarget, Txn, TxnOp};

use crate::subject::{
    KeyClock,
    clientv3::{Client, Error, Event, EventKind},
    host::Crash,
};

/// What a dequeue does when its watch ends without an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDeadWatch {
    /// It uses the event that is not there, as every release does.
    Dereference,
    /// It returns the watch's error, and where there is none `watch failed`: upstream's pull request 17198.
    ReturnError,
}

/// A queue of the recipe's, on a client that it may share with others.
pub struct Queue {
    client: Arc<Client>,
    prefix: String,
    clock: KeyClock,
    on_dead_watch: OnDeadWatch,
}

impl Queue {
    /// A queue on all keys that begin with `prefix`; nothing is contacted.
    pub fn new(client: Arc<Client>, prefix: &str, clock: KeyClock, on_dead_watch: OnDeadWatch) -> Self {
        Self { client, prefix: prefix.to_owned(), clock, on_dead_watch }
    }

    /// Writes an item under a key that is the time; where that key is taken, at once under the next.
    ///
    /// # Errors
    /// Those of [`Client::txn`]; the item may be stored all the same.
    pub async fn enqueue(&self, value: &str) -> Result<(), Error> {
        loop {
            let key = format!("{}/{}", self.prefix, self.clock.unix_ns());
            let txn = Txn::new()
                .when([Compare::version(key.clone(), CompareOp::Equal, 0)])
                .and_then([TxnOp::put(key, value, None)]);
            if self.client.txn(txn).await?.succeeded() {
                return Ok(());
            }
        }
    }

    /// Takes the item that was written first, or waits for one. The recipe calls itself where this goes round once
    /// more; nothing but its stack tells the two apart.
    ///
    /// # Errors
    /// Those of [`Client::get`] and [`Client::txn`]; after an error of the latter the item may be gone. With
    /// [`OnDeadWatch::ReturnError`] also the watch's.
    ///
    /// # Panics
    /// With [`OnDeadWatch::Dereference`], when the watch ends without an event.
    pub async fn dequeue(&self) -> Result<String, Error> {
        loop {
            let options =
                GetOptions::new().with_prefix().with_sort(SortTarget::Mod, SortOrder::Ascend).with_limit(1);
            let found = self.client.get(&self.prefix, options).await?;
            if let Some(first) = self.claim_first(found.kvs()).await? {
                return Ok(text(first.value()));
            }
            if found.more() {
                continue;
            }
            // From the read's own revision and not the one after: what happened at it comes once more, and its
            // claim fails.
            let revision = found.header().map_or(0, etcd_client::ResponseHeader::revision);
            let put = match (self.wait_for_put(revision).await, self.on_dead_watch) {
                (Ok(put), _) => put,
                (Err(dead), OnDeadWatch::ReturnError) => return Err(dead),
                (Err(_), OnDeadWatch::Dereference) => nil_dereference(),
            };
            if self.delete(&put.key, put.mod_revision).await? {
                return Ok(text(&put.value));
            }
        }
    }

    /// The first of these that nobody else was quicker to delete.
    async fn claim_first<'a>(&self, kvs: &'a [KeyValue]) -> Result<Option<&'a KeyValue>, Error> {
        for kv in kvs {
            if self.delete(kv.key(), kv.mod_revision()).await? {
                return Ok(Some(kv));
            }
        }
        Ok(None)
    }

    /// Deletes a key if it is still as it was at a revision; whether it was (recipes client.go, deleteRevKey).
    async fn delete(&self, key: &[u8], revision: i64) -> Result<bool, Error> {
        let txn = Txn::new()
            .when([Compare::mod_revision(key, CompareOp::Equal, revision)])
            .and_then([TxnOp::delete(key, None)]);
        Ok(self.client.txn(txn).await?.succeeded())
    }

    /// The first write of a key of the queue's, the watch's error, or `watch failed`. The recipe itself looks
    /// neither at the error nor at the flag beside it: it takes either for the end of the events.
    async fn wait_for_put(&self, revision: i64) -> Result<Event, Error> {
        let mut watch = self.client.watch_prefix(&self.prefix, revision);
        while let Some(response) = watch.next().await {
            if let (OnDeadWatch::ReturnError, Some(error)) = (self.on_dead_watch, response.error()) {
                return Err(error);
            }
            if let Some(put) = response.events.into_iter().find(|event| event.kind == EventKind::Put) {
                return Ok(put);
            }
        }
        Err(Error::Text("watch failed".to_owned()))
    }
}

/// What Go does with the event that is not there.
fn nil_dereference() -> ! {
    std::panic::panic_any(Crash {
        cause: "invalid memory address or nil pointer dereference: the watch ended without an event"
            .to_owned(),
        place: "queue.go:70".to_owned(),
    })
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
