//! A consumer's work on a queue whose items are gone when they are handed out.

use std::{io, pin::pin};

use etcd_queue::{Certainty, Error, Item, Queue};
use fastrand::Rng;

use super::{journal::Entry, produce::id_of, settings::Flaw, worker::Desk};

/// Takes items until it is told to close its queue.
///
/// # Errors
/// Its journal can't be written.
pub async fn consume(desk: &Desk, queue: &Queue) -> io::Result<()> {
    let mut rng = Rng::with_seed(desk.settings.seed);
    while !desk.is_closing() {
        let many = rng.usize(1..=desk.settings.most);
        desk.write(&[Entry::Called(many)])?;
        let mut call = pin!(take(queue, many));
        let answer = tokio::select! {
            biased;
            answer = &mut call => Some(answer),
            () = desk.closing() => None,
        };
        match answer {
            Some(mut answer) => {
                if let (true, Ok(items)) = (Flaw::Forgets.shows(desk.settings.flaw, &mut rng), &mut answer) {
                    items.truncate(items.len().saturating_sub(1));
                }
                desk.write(&noted(answer))?;
            }
            None => {
                desk.write(&[Entry::Closing])?;
                let (answer, ended) = tokio::join!(call, queue.close());
                desk.write(&noted(answer))?;
                return desk.write(&closed(ended));
            }
        }
        desk.rest(&mut rng).await;
    }
    desk.write(&[Entry::Closing])?;
    desk.write(&closed(queue.close().await))
}

async fn take(queue: &Queue, many: usize) -> Result<Vec<Item>, Error> {
    match many {
        1 => Ok(vec![queue.next().await?]),
        many => queue.next_batch(many).await,
    }
}

fn noted(answer: Result<Vec<Item>, Error>) -> Vec<Entry> {
    match answer {
        Ok(items) => {
            let (sure, presumed): (Vec<_>, Vec<_>) =
                items.into_iter().partition(|item| item.certainty() == Certainty::Confirmed);
            let mut entries = vec![Entry::Got(sure.iter().map(|item| id_of(item.value())).collect())];
            entries.extend(presumed.iter().map(|item| Entry::Presumed(id_of(item.value()))));
            entries
        }
        Err(Error::Closed) => Vec::new(),
        Err(error) => vec![Entry::Failed(error.to_string())],
    }
}

/// How a queue was closed.
pub fn closed(ended: Result<(), Error>) -> Vec<Entry> {
    let mut entries = match ended {
        Ok(()) => Vec::new(),
        Err(Error::LeftOver { items, .. }) => items.iter().map(left).collect(),
        Err(error) => vec![Entry::Failed(error.to_string())],
    };
    entries.push(Entry::Closed);
    entries
}

fn left(item: &Item) -> Entry {
    let id = id_of(item.value());
    match item.certainty() {
        Certainty::Confirmed => Entry::Left(id),
        _ => Entry::Doubtful(id),
    }
}
