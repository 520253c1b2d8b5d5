//! The honest queue, and the steps in which a canary may differ from it.

use std::{sync::Arc, time::Duration};

use deadwatch::{
    BoxFuture,
    etcd_client::{
        Client, Compare, CompareOp, ConnectOptions, Error, EventType, GetOptions, KeyValue, SortOrder,
        SortTarget, Txn, TxnOp, WatchOptions,
    },
    subject::{
        Opening, Subject,
        host::{Failure, Handed, QueueClient},
    },
};

/// How long an honest queue rests before it looks again after its watch has ended.
const REST: Duration = Duration::from_millis(50);

/// What a dequeue is made of. Each step is honest unless a canary takes it another way.
pub trait Steps: Send + Sync + 'static {
    /// Whether it looks at all.
    fn begin(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// All keys that begin so are items of the queue.
    fn range(&self, prefix: &str) -> String {
        format!("{prefix}/")
    }

    /// In which order of their commits it takes items.
    fn order(&self) -> SortOrder {
        SortOrder::Ascend
    }

    /// Takes an item; whether nobody else was quicker.
    fn claim<'a>(
        &'a self,
        etcd: &'a mut Client,
        range: &'a str,
        item: &'a KeyValue,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        let _ = range;
        Box::pin(async move {
            let unchanged = Compare::mod_revision(item.key(), CompareOp::Equal, item.mod_revision());
            let take = Txn::new().when([unchanged]).and_then([TxnOp::delete(item.key(), None)]);
            Ok(etcd.txn(take).await?.succeeded())
        })
    }

    /// Waits for an item that is written after this revision; what is handed out then without a look, if anything.
    fn wait<'a>(
        &'a self,
        etcd: &'a mut Client,
        range: &'a str,
        revision: i64,
    ) -> BoxFuture<'a, Result<Option<Handed>, Failure>> {
        Box::pin(async move {
            match next_put(etcd, range, revision).await {
                Ok(()) => Ok(None),
                Err(why) => self.watch_ended(why).await,
            }
        })
    }

    /// Its watch ended without an event.
    fn watch_ended(&self, why: String) -> BoxFuture<'_, Result<Option<Handed>, Failure>> {
        let _ = why;
        Box::pin(async {
            tokio::time::sleep(REST).await;
            Ok(None)
        })
    }
}

/// The queue that is wrong in nothing.
pub struct Honest;

impl Steps for Honest {}

/// A queue that goes these steps.
pub struct Queue<S> {
    etcd: Client,
    steps: Arc<S>,
}

impl<S: Steps> Queue<S> {
    /// A queue on this client.
    pub fn of(etcd: Client, steps: Arc<S>) -> Self {
        Self { etcd, steps }
    }
}

impl<S: Steps> QueueClient for Queue<S> {
    fn dequeue<'a>(&'a self, _consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(dequeue(self.etcd.clone(), &*self.steps, prefix))
    }
}

/// The subject that goes these steps.
pub fn subject(name: &str, steps: impl Steps) -> Subject {
    let steps = Arc::new(steps);
    Subject::own(name, move |opening: Opening| {
        let steps = Arc::clone(&steps);
        async move { open(opening).await.map(|etcd| Queue::of(etcd, steps)) }
    })
}

/// The honest queue as a subject.
pub fn honest() -> Subject {
    subject("honest", Honest)
}

/// A client whose calls log in again when its token is dead.
pub async fn open(opening: Opening) -> Result<Client, Error> {
    opening.connect(Some(ConnectOptions::new().with_auto_token_refresh(true))).await
}

/// Takes the first item, or waits for one.
pub async fn dequeue(mut etcd: Client, steps: &dyn Steps, prefix: &str) -> Result<Handed, Failure> {
    let range = steps.range(prefix);
    steps.begin()?;
    loop {
        let options = GetOptions::new().with_prefix().with_sort(SortTarget::Mod, steps.order()).with_limit(1);
        let found = match etcd.get(range.as_str(), Some(options)).await {
            Ok(found) => found,
            // A read that failed has changed nothing.
            Err(error) => match steps.watch_ended(error.to_string()).await? {
                Some(handed) => return Ok(handed),
                None => continue,
            },
        };
        let Some(first) = found.kvs().first() else {
            let revision = found.header().expect("a reply has a header").revision();
            match steps.wait(&mut etcd, &range, revision).await? {
                Some(handed) => return Ok(handed),
                None => continue,
            }
        };
        if steps.claim(&mut etcd, &range, first).await? {
            return Ok(Handed::once(String::from_utf8_lossy(first.value())));
        }
    }
}

/// Comes when a key of the range is written after this revision; the error is why the watch ended before.
pub async fn next_put(etcd: &mut Client, range: &str, revision: i64) -> Result<(), String> {
    let options = WatchOptions::new().with_prefix().with_start_revision(revision + 1);
    let mut watch = etcd.watch(range, Some(options)).await.map_err(|error| error.to_string())?;
    while let Some(response) = watch.message().await.map_err(|error| error.to_string())? {
        if response.canceled() {
            return Err(response.cancel_reason().to_owned());
        }
        if response.events().iter().any(|event| event.event_type() == EventType::Put) {
            return Ok(());
        }
    }
    Err("the stream ended".to_owned())
}
