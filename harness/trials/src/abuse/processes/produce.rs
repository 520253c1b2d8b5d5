//! A producer's work: it writes down what it is about to enqueue, enqueues it, and writes down each answer.

use std::{io, pin::pin};

use etcd_queue::Error;
use fastrand::Rng;
use futures::future::join_all;

use super::{
    journal::Entry,
    settings::Flaw,
    worker::{Desk, Line},
};

/// How items are given to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// In one call.
    Together,
    /// In a call for each, at the same time.
    SideBySide,
}

/// Enqueues items until it is told to close its queue.
///
/// # Errors
/// Its journal can't be written.
pub async fn produce(desk: &Desk, line: &Line) -> io::Result<()> {
    let mut rng = Rng::with_seed(desk.settings.seed);
    let mut next = 0;
    loop {
        tokio::select! {
            biased;
            () = desk.closing() => break,
            () = desk.rested() => {}
        }
        let many = rng.usize(1..=desk.settings.most);
        let ids: Vec<String> = (next..next + many).map(|n| format!("{}.{n}", desk.settings.name)).collect();
        next += many;
        desk.write(&[Entry::Began(ids.clone())])?;
        if Flaw::Repeats.shows(desk.settings.flaw, &mut rng)
            && let Some(id) = ids.first()
        {
            let _ = line.enqueue(value(id, desk.settings.item_bytes)).await;
        }
        let way = if rng.bool() { Way::Together } else { Way::SideBySide };
        let mut call = pin!(enqueue(line, way, &ids, desk.settings.item_bytes));
        let answers = tokio::select! {
            biased;
            answers = &mut call => Some(answers),
            () = desk.closing() => None,
        };
        match answers {
            Some(answers) => desk.write(&answers)?,
            None => {
                desk.write(&[Entry::Closing])?;
                let (answers, closed) = tokio::join!(call, line.close());
                desk.write(&answers)?;
                return desk.write(&closed);
            }
        }
        desk.rest(&mut rng).await;
    }
    desk.write(&[Entry::Closing])?;
    desk.write(&line.close().await)
}

/// What is enqueued: the id, and as much more as an item shall have.
fn value(id: &str, bytes: usize) -> String {
    format!("{id} {:.<1$}", "", bytes.saturating_sub(id.len() + 1))
}

/// The id of the item with this value.
pub fn id_of(value: &[u8]) -> String {
    let id = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    String::from_utf8_lossy(id).into_owned()
}

async fn enqueue(line: &Line, way: Way, ids: &[String], bytes: usize) -> Vec<Entry> {
    let values = ids.iter().map(|id| value(id, bytes));
    match way {
        Way::SideBySide => {
            let answers = join_all(values.map(|value| line.enqueue(value))).await;
            let entry = |(id, answer): (&String, Result<(), Error>)| match answer {
                Ok(()) => Entry::Stored(vec![id.clone()]),
                Err(error) => failed(id, &error),
            };
            ids.iter().zip(answers).map(entry).collect()
        }
        Way::Together => match line.enqueue_all(values.collect()).await {
            Ok(()) => vec![Entry::Stored(ids.to_vec())],
            Err(error) => partly(ids, &error),
        },
    }
}

/// What is known of each of several items whose call failed.
fn partly(ids: &[String], error: &Error) -> Vec<Entry> {
    let (stored, cause) = match error {
        Error::Partly { stored, cause } => (*stored, &**cause),
        cause => (0, cause),
    };
    let (stored, rest) = ids.split_at(stored.min(ids.len()));
    let mut entries = vec![Entry::Stored(stored.to_vec())];
    for (n, id) in rest.iter().enumerate() {
        entries.push(match cause {
            // The next one is in doubt, those behind it were never sent.
            Error::Unsettled { .. } if n > 0 => Entry::Refused(id.clone(), cause.to_string()),
            _ => failed(id, cause),
        });
    }
    entries
}

fn failed(id: &str, error: &Error) -> Entry {
    let words = error.to_string();
    match error {
        Error::PermissionDenied { .. }
        | Error::LoginRefused { .. }
        | Error::TooLarge { .. }
        | Error::NoSpace { .. }
        | Error::Refused { .. } => Entry::Refused(id.to_owned(), words),
        _ => Entry::Unknown(id.to_owned(), words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_has_its_size_and_is_known_by_its_id() {
        let long = value("producer-1.7", 100);
        assert_eq!((long.len(), id_of(long.as_bytes()).as_str()), (100, "producer-1.7"));
        assert_eq!(id_of(value("producer-1.7", 0).as_bytes()), "producer-1.7");
    }

    #[test]
    fn of_items_that_were_stored_in_part_each_is_written_down() {
        let ids: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let of = |cause: Error| partly(&ids, &Error::Partly { stored: 1, cause: Box::new(cause) });
        let unsettled = Error::Unsettled { key: "k".to_owned(), reason: "r".to_owned() };
        assert!(
            matches!(&of(unsettled)[..], [Entry::Stored(a), Entry::Unknown(..), Entry::Refused(..)] if a.len() == 1)
        );
        assert!(matches!(&of(Error::Closed)[..], [_, Entry::Unknown(..), Entry::Unknown(..)]));
    }
}
