//! A queue that hands an item out again unless it is acknowledged: honest, and wrong in one way each.

use std::{collections::BTreeSet, sync::Mutex};

use deadwatch::{
    BoxFuture,
    etcd_client::{Client, GetOptions, SortOrder, SortTarget},
    subject::{
        Opening, Subject,
        host::{Failure, Handed, QueueClient},
    },
};

use crate::queue::{next_put, open};

/// What a queue does with the items that its consumers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Nobody else gets them.
    Honest,
    /// It forgets who holds what.
    Forgets,
    /// It refuses the first acknowledgement, and offers the item again, as its holder has failed.
    OffersAgain,
}

struct Leasing {
    etcd: Client,
    manner: Manner,
    held: Mutex<BTreeSet<Vec<u8>>>,
    refused: Mutex<BTreeSet<String>>,
}

/// The subject that does so.
pub fn subject(manner: Manner) -> Subject {
    Subject::own(format!("leasing, {manner:?}"), move |opening: Opening| async move {
        open(opening).await.map(|etcd| Leasing {
            etcd,
            manner,
            held: Mutex::default(),
            refused: Mutex::default(),
        })
    })
}

/// The one that is wrong in nothing.
pub fn honest() -> Subject {
    subject(Manner::Honest)
}

impl QueueClient for Leasing {
    fn dequeue<'a>(&'a self, _consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(async move {
            let mut etcd = self.etcd.clone();
            let range = format!("{prefix}/");
            loop {
                let options = GetOptions::new().with_prefix().with_sort(SortTarget::Mod, SortOrder::Ascend);
                let found = etcd.get(range.as_str(), Some(options)).await?;
                if let Some(free) = found.kvs().iter().find(|item| self.hold(item.key())) {
                    let (value, token) = (free.value_str()?, free.key_str()?);
                    return Ok(Handed::until_acknowledged(value, token));
                }
                let revision = found.header().expect("a reply has a header").revision();
                next_put(&mut etcd, &range, revision).await.map_err(Failure::Error)?;
            }
        })
    }

    fn ack<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if self.manner == Manner::OffersAgain
                && token.starts_with("/test/")
                && self.refused.lock().unwrap().insert(String::new())
            {
                self.held.lock().unwrap().remove(token.as_bytes());
                return Err(Failure::Error("the session has ended".to_owned()));
            }
            self.etcd.clone().delete(token, None).await?;
            Ok(())
        })
    }
}

impl Leasing {
    /// Whether nobody holds the item; from now on somebody does.
    fn hold(&self, key: &[u8]) -> bool {
        match self.manner {
            Manner::Forgets => true,
            Manner::Honest | Manner::OffersAgain => self.held.lock().unwrap().insert(key.to_vec()),
        }
    }
}
