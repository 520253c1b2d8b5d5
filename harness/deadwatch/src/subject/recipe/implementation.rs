//! The recipe as a subject.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::{OnDeadWatch, Queue};
use crate::{
    scenario::Version,
    subject::{
        KeyClock, Opening,
        clientv3::Client,
        host::{Failure, Handed, Implementation, QueueClient},
    },
};

/// The recipe on a client of one generation.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The release of clientv3 that its clients behave like.
    pub client_version: Version,
    /// What it does when a watch ends without an event.
    pub on_dead_watch: OnDeadWatch,
    /// What names its keys.
    pub clock: KeyClock,
}

impl Implementation for Recipe {
    fn open(&self, opening: Opening) -> BoxFuture<'static, Result<Arc<dyn QueueClient>, String>> {
        let Self { client_version, on_dead_watch, clock } = self.clone();
        Box::pin(async move {
            let clock = clock.off_by(opening.clock);
            let client = Client::open(opening, client_version).await.map_err(|error| error.to_string())?;
            let opened: Arc<dyn QueueClient> =
                Arc::new(RecipeClient { client: Arc::new(client), on_dead_watch, clock });
            Ok(opened)
        })
    }
}

/// A client that makes a queue for each call, as the recipe keeps no state between two.
struct RecipeClient {
    client: Arc<Client>,
    on_dead_watch: OnDeadWatch,
    clock: KeyClock,
}

impl RecipeClient {
    fn queue(&self, prefix: &str) -> Queue {
        Queue::new(Arc::clone(&self.client), prefix, self.clock.clone(), self.on_dead_watch)
    }
}

impl QueueClient for RecipeClient {
    fn dequeue<'a>(&'a self, _consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(async move {
            let item = self.queue(prefix).dequeue().await?;
            Ok(Handed::once(item))
        })
    }

    fn enqueue<'a>(&'a self, prefix: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(self.queue(prefix).enqueue(value).await?) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.client.close();
        Box::pin(async {})
    }
}

impl From<crate::subject::clientv3::Error> for Failure {
    fn from(error: crate::subject::clientv3::Error) -> Self {
        Self::Error(error.to_string())
    }
}
