//! The end of a queue: what was claimed and handed to nobody goes back under its own key.
//!
//! It goes to the end of the line, as etcd orders it. A put-back whose reply is lost is sent again; should
//! the first one have been stored and taken by another consumer meanwhile, the item is doubled.

use tokio::time::{Instant, sleep};

use crate::access::{Access, Setback};
use crate::claim::{self, Answer, Claim, Doubt, Settlement, settle};
use crate::error::{Error, Operation};
use crate::item::Item;
use crate::pace::Pace;
use crate::put::{Put, put};

/// A queue that ends does not wait for an etcd that is away: what is left is handed to whoever closes it.
const TRIES: u32 = 5;

/// Settles a claim whose reply was lost, as far as it can be. An item that etcd does not answer for counts
/// as claimed: whoever closes the queue should know of it.
pub(crate) async fn settle_doubt(access: &Access, claim: Claim, pace: &mut Pace) -> Option<Item> {
    for _ in 0..TRIES {
        sleep(pace.rest(Instant::now())).await;
        match claim::send(access, &claim).await {
            Ok(answer) => return ours(settle(claim, answer)),
            Err(Setback::Final(_)) => break,
            Err(Setback::Unsent(_) | Setback::Lost(_)) => pace.setback(Instant::now()),
        };
    }
    let unknown = Claim { doubt: Doubt::ReplyLost, ..claim };
    ours(settle(unknown, Answer::Missed { created: None }))
}

fn ours(settlement: Settlement) -> Option<Item> {
    match settlement {
        Settlement::Ours(item) => Some(item),
        Settlement::LostRace => None,
    }
}

/// Puts items back in order.
///
/// # Errors
/// [`Error::LeftOver`] with the items that could not be put back.
pub(crate) async fn put_back(access: &Access, items: Vec<Item>, pace: &mut Pace) -> Result<(), Error> {
    let (mut left, mut last_reason) = (Vec::new(), String::new());
    for item in items {
        // Once etcd is known to be away, the others are not worth more attempts.
        let tries = if left.is_empty() { TRIES } else { 1 };
        if let Err(reason) = put_one(access, &item, pace, tries).await {
            tracing::warn!(key = %item.key().escape_ascii(), reason, "a claimed item could not be put back");
            left.push(item);
            last_reason = reason;
        }
    }
    if left.is_empty() { Ok(()) } else { Err(Error::LeftOver { items: left, reason: last_reason }) }
}

async fn put_one(access: &Access, item: &Item, pace: &mut Pace, tries: u32) -> Result<(), String> {
    let mut doubt = Doubt::None;
    let mut last_reason = String::new();
    for _ in 0..tries {
        sleep(pace.rest(Instant::now())).await;
        last_reason = match put(access, Operation::PutBack, item.key(), item.value()).await {
            Ok(Put::Stored) => return Ok(()),
            Ok(Put::Taken) if doubt == Doubt::ReplyLost => return Ok(()),
            Ok(Put::Taken) => return Err("its key is in use again".to_owned()),
            Err(Setback::Final(error)) => return Err(error.to_string()),
            Err(Setback::Unsent(reason)) => reason,
            Err(Setback::Lost(reason)) => {
                doubt = Doubt::ReplyLost;
                reason
            }
        };
        pace.setback(Instant::now());
    }
    Err(last_reason)
}
