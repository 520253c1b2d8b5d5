//! A consumer's work on a queue whose items are acknowledged: most are, some are given back, some are dropped.

use std::{io, pin::pin, time::Duration};

use etcd_queue::{Delivery, Error, LeaseQueue};
use fastrand::Rng;
use futures::future::join_all;

use super::{journal::Entry, produce::id_of, settings::Flaw, worker::Desk};

/// Of so many deliveries one is given back, and one is dropped.
const BACK_ONE_IN: u8 = 30;

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ack,
    Nack,
    Drop,
}

impl End {
    fn draw(rng: &mut Rng) -> Self {
        match rng.u8(..BACK_ONE_IN) {
            0 => Self::Nack,
            1 => Self::Drop,
            _ => Self::Ack,
        }
    }
}

/// Takes and acknowledges items until it is told to close its queue.
///
/// # Errors
/// Its journal can't be written.
pub async fn consume(desk: &Desk, queue: &LeaseQueue) -> io::Result<()> {
    let mut rng = Rng::with_seed(desk.settings.seed);
    while !desk.is_closing() {
        let many = rng.usize(1..=desk.settings.most);
        desk.write(&[Entry::Called(many)])?;
        let mut call = pin!(queue.next_batch(many));
        let answer = tokio::select! {
            biased;
            answer = &mut call => answer,
            () = desk.closing() => break,
        };
        let mut deliveries = match answer {
            Ok(deliveries) => deliveries,
            Err(Error::Closed) => break,
            Err(error) => {
                desk.write(&[Entry::Failed(error.to_string())])?;
                continue;
            }
        };
        if Flaw::Forgets.shows(desk.settings.flaw, &mut rng)
            && let Some(delivery) = deliveries.pop()
        {
            // Done with, and written down nowhere.
            let _ = delivery.ack().await;
        }
        desk.write(&deliveries.iter().map(held).collect::<Vec<_>>())?;
        desk.rest(&mut rng).await;
        let ended = deliveries.into_iter().map(|delivery| (delivery, End::draw(&mut rng)));
        let (acked, others): (Vec<_>, Vec<_>) = ended.partition(|(_, end)| *end == End::Ack);
        let acking = acked.iter().map(|(delivery, _)| {
            let (id, token) = known_by(delivery);
            Entry::Acking(id, token)
        });
        desk.write(&acking.collect::<Vec<_>>())?;
        let ending = join_all(acked.into_iter().chain(others).map(|(delivery, how)| end(delivery, how)));
        let mut ending = pin!(ending);
        let ended = tokio::select! {
            biased;
            ended = &mut ending => Some(ended),
            () = desk.closing() => None,
        };
        match ended {
            Some(ended) => desk.write(&ended.concat())?,
            None => {
                desk.write(&[Entry::Closing])?;
                let (ended, ()) = tokio::join!(ending, queue.close());
                desk.write(&ended.concat())?;
                return desk.write(&[Entry::Closed]);
            }
        }
    }
    desk.write(&[Entry::Closing])?;
    queue.close().await;
    desk.write(&[Entry::Closed])
}

fn known_by(delivery: &Delivery) -> (String, i64) {
    (id_of(delivery.value()), delivery.fencing_token())
}

fn held(delivery: &Delivery) -> Entry {
    let (id, token) = known_by(delivery);
    Entry::Held(id, token)
}

async fn end(delivery: Delivery, how: End) -> Vec<Entry> {
    let (id, token) = known_by(&delivery);
    match how {
        End::Drop => Vec::new(),
        End::Nack => match delivery.nack(Duration::ZERO).await {
            Ok(()) => vec![Entry::Back(id, token)],
            Err(error) => vec![not_ended(id, token, &error)],
        },
        End::Ack => match delivery.ack().await {
            Ok(()) => vec![Entry::Acked(id, token)],
            Err(error) => vec![not_ended(id, token, &error)],
        },
    }
}

fn not_ended(id: String, token: i64, error: &Error) -> Entry {
    let words = error.to_string();
    match error {
        Error::Fenced { .. }
        | Error::Closed
        | Error::PermissionDenied { .. }
        | Error::LoginRefused { .. }
        | Error::NoSpace { .. }
        | Error::Refused { .. } => Entry::Unacked(id, token, words),
        _ => Entry::Unsure(id, token, words),
    }
}
