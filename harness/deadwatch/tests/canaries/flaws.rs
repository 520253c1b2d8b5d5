//! Queues that are wrong in one way each. What they have not here is the honest queue's.

use std::sync::atomic::{AtomicBool, Ordering};

use deadwatch::{
    BoxFuture,
    etcd_client::{Client, DeleteOptions, Error, KeyValue, SortOrder},
    subject::host::{Failure, Handed},
};

use crate::queue::Steps;

/// It uses the event that its watch did not bring.
pub struct UsesWhatIsNotThere;

impl Steps for UsesWhatIsNotThere {
    fn watch_ended(&self, _why: String) -> BoxFuture<'_, Result<Option<Handed>, Failure>> {
        panic!("the watch ended without an event");
    }
}

/// It clears the whole queue when it takes an item.
pub struct ClearsTheQueue;

impl Steps for ClearsTheQueue {
    fn claim<'a>(
        &'a self,
        etcd: &'a mut Client,
        range: &'a str,
        _item: &'a KeyValue,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            Ok(etcd.delete(range, Some(DeleteOptions::new().with_prefix())).await?.deleted() > 0)
        })
    }
}

/// It does not ask whether the item that it deletes was still there.
pub struct DeletesBlindly;

impl Steps for DeletesBlindly {
    fn claim<'a>(
        &'a self,
        etcd: &'a mut Client,
        _range: &'a str,
        item: &'a KeyValue,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            etcd.delete(item.key(), None).await?;
            Ok(true)
        })
    }
}

/// It takes the newest item first.
pub struct TakesTheNewest;

impl Steps for TakesTheNewest {
    fn order(&self) -> SortOrder {
        SortOrder::Descend
    }
}

/// It takes every key that begins as its queue is called.
pub struct TakesTheNeighbours;

impl Steps for TakesTheNeighbours {
    fn range(&self, prefix: &str) -> String {
        prefix.to_owned()
    }
}

/// It hands out something where its watch brought nothing.
pub struct MakesItUp;

impl Steps for MakesItUp {
    fn watch_ended(&self, _why: String) -> BoxFuture<'_, Result<Option<Handed>, Failure>> {
        Box::pin(async { Ok(Some(Handed::once("nil"))) })
    }
}

/// It looks again and again instead of waiting.
pub struct NeverWaits;

impl Steps for NeverWaits {
    fn wait<'a>(
        &'a self,
        _etcd: &'a mut Client,
        _range: &'a str,
        _revision: i64,
    ) -> BoxFuture<'a, Result<Option<Handed>, Failure>> {
        Box::pin(async { Ok(None) })
    }
}

/// Once its watch has ended it does nothing but say so.
#[derive(Default)]
pub struct GivesUpForGood(AtomicBool);

impl Steps for GivesUpForGood {
    fn begin(&self) -> Result<(), Failure> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(Failure::Error("the watch has ended".to_owned())),
            false => Ok(()),
        }
    }

    fn watch_ended(&self, _why: String) -> BoxFuture<'_, Result<Option<Handed>, Failure>> {
        self.0.store(true, Ordering::Relaxed);
        Box::pin(async { self.begin().map(|()| None) })
    }
}

/// It tells its caller what happened to its watch.
pub struct TellsItsCaller;

impl Steps for TellsItsCaller {
    fn watch_ended(&self, _why: String) -> BoxFuture<'_, Result<Option<Handed>, Failure>> {
        Box::pin(async { Err(Failure::Error("the watch has ended".to_owned())) })
    }
}

/// It waits on when there is nothing left that could wake it.
pub struct WaitsForEver;

impl Steps for WaitsForEver {
    fn watch_ended(&self, _why: String) -> BoxFuture<'_, Result<Option<Handed>, Failure>> {
        Box::pin(std::future::pending())
    }
}

/// It tells the first of its callers what happened to their watches, and leaves the others waiting.
#[derive(Default)]
pub struct TellsOneOfTwo(AtomicBool);

impl Steps for TellsOneOfTwo {
    fn watch_ended(&self, _why: String) -> BoxFuture<'_, Result<Option<Handed>, Failure>> {
        let first = !self.0.swap(true, Ordering::Relaxed);
        Box::pin(async move {
            match first {
                true => Err(Failure::Error("the watch has ended".to_owned())),
                false => std::future::pending().await,
            }
        })
    }
}

/// It takes nothing at all.
pub struct TakesNothing;

impl Steps for TakesNothing {
    fn begin(&self) -> Result<(), Failure> {
        Err(Failure::Error("not implemented".to_owned()))
    }
}
