//! The witness: it watches every change of the queues, past all relays, and knows what is stored and what ever was.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use etcd_client::{Client, ConnectOptions, Event, EventType, WatchOptions};
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{produce::id_of, settings::Kind};

const AGAIN: Duration = Duration::from_millis(200);
/// A watch that hears nothing for so long is made again, elsewhere: its member may stand still.
const SILENT: Duration = Duration::from_secs(3);
const PING: Duration = Duration::from_secs(1);

/// A key, as etcd has it.
pub type Key = Vec<u8>;

/// What became of the items of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Each time that an item was stored: its id and its key, in order.
    pub puts: Vec<(String, Key)>,
    /// The keys that are stored, and the ids of their items.
    pub stored: BTreeMap<Key, String>,
    /// Items that were stored once more while they were stored: under another key, or over themselves.
    pub stored_twice: Vec<String>,
    /// Items that were stored over by others, before anybody took them.
    pub overwritten: Vec<String>,
    /// Under how many keys each item is stored that is.
    pub(super) keys: BTreeMap<String, usize>,
}

impl Seen {
    fn put(&mut self, key: Key, id: String) {
        self.puts.push((id.clone(), key.clone()));
        let keys = self.keys.entry(id.clone()).or_default();
        *keys += 1;
        if *keys > 1 {
            self.stored_twice.push(id.clone());
        }
        if let Some(before) = self.stored.insert(key, id) {
            self.forget(&before);
            self.overwritten.push(before);
        }
    }

    fn delete(&mut self, key: &[u8]) {
        if let Some(id) = self.stored.remove(key) {
            self.forget(&id);
        }
    }

    fn forget(&mut self, id: &str) {
        if let Some(keys) = self.keys.get_mut(id) {
            *keys -= 1;
            if *keys == 0 {
                self.keys.remove(id);
            }
        }
    }
}

/// Watches the queues of a run. Dropping it ends that.
pub struct Witness {
    book: Arc<Mutex<Book>>,
    heard: Arc<Notify>,
    watching: JoinHandle<()>,
}

struct Book {
    prefixes: Vec<(Kind, String)>,
    seen: BTreeMap<Kind, Seen>,
    /// Everything up to here is taken in.
    revision: i64,
    /// The last mark that was heard of.
    mark: String,
}

/// Every queue of a run lies below it.
pub const ROOT: &str = "/abuse/";
/// What marks are written to: what is heard when a mark is, is all that was there before it.
const MARK: &str = "/abuse/mark";
/// A thousand revisions of many large items may come in one message.
const MESSAGE_BYTES: usize = 1 << 30;

impl Witness {
    /// Begins to watch all queues, from the store's first revision on.
    pub fn of(addresses: Vec<SocketAddr>, prefixes: Vec<(Kind, String)>) -> Self {
        let book = Book { prefixes, seen: BTreeMap::new(), revision: 1, mark: String::new() };
        let (book, heard) = (Arc::new(Mutex::new(book)), Arc::new(Notify::new()));
        let (for_task, for_task_heard) = (Arc::clone(&book), Arc::clone(&heard));
        let watching = tokio::spawn(async move {
            let mut turn = 0;
            loop {
                let address = addresses[turn % addresses.len()];
                let _ = watch(address, &for_task, &for_task_heard).await;
                turn += 1;
                sleep(AGAIN).await;
            }
        });
        Self { book, heard, watching }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    /// Everything up to this revision is taken in.
    pub fn revision(&self) -> i64 {
        self.book().revision
    }

    /// How many items are stored in a queue, and how often one ever was.
    pub fn standing(&self, kind: Kind) -> (usize, usize) {
        self.book().seen.get(&kind).map_or((0, 0), |seen| (seen.stored.len(), seen.puts.len()))
    }

    /// Waits until everything is taken in that was there when this was called; `client` reaches the store.
    ///
    /// # Errors
    /// The mark could not be written.
    pub async fn catch_up(&self, client: &mut Client, mark: &str) -> Result<(), etcd_client::Error> {
        client.put(MARK, mark, None).await?;
        loop {
            let heard = self.heard.notified();
            tokio::pin!(heard);
            heard.as_mut().enable();
            if self.book().mark == mark {
                return Ok(());
            }
            heard.await;
        }
    }

    /// What became of the items of a queue so far.
    pub fn seen(&self, kind: Kind) -> Seen {
        self.book().seen.get(&kind).cloned().unwrap_or_default()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Watches on one member until that ends.
async fn watch(address: SocketAddr, book: &Mutex<Book>, heard: &Notify) -> Result<(), etcd_client::Error> {
    let options = ConnectOptions::new()
        .with_connect_timeout(SILENT)
        .with_keep_alive(PING, PING)
        .with_keep_alive_while_idle(true)
        .with_require_leader(true);
    let client = Client::connect([address.to_string()], Some(options)).await?;
    let from = lock(book).revision + 1;
    let all = WatchOptions::new().with_prefix().with_start_revision(from);
    let mut watch =
        client.watch_client().max_decoding_message_size(MESSAGE_BYTES).watch(ROOT, Some(all)).await?;
    let mut is_asked = false;
    loop {
        match timeout(SILENT, watch.message()).await {
            Ok(Ok(Some(news))) if news.canceled() => return Ok(()),
            Ok(Ok(Some(news))) => {
                is_asked = false;
                let mut book = lock(book);
                news.events().iter().for_each(|event| book.take(event));
                drop(book);
                heard.notify_waiters();
            }
            Ok(other) => return other.map(drop),
            // A member that goes on says how far it is.
            Err(_) if !is_asked => {
                watch.request_progress().await?;
                is_asked = true;
            }
            Err(_) => return Ok(()),
        }
    }
}

impl Book {
    fn take(&mut self, event: &Event) {
        let Some(kv) = event.kv() else { return };
        self.revision = self.revision.max(kv.mod_revision());
        if kv.key() == MARK.as_bytes() {
            self.mark = String::from_utf8_lossy(kv.value()).into_owned();
        }
        let Some(kind) = self.kind_of(kv.key()) else { return };
        let seen = self.seen.entry(kind).or_default();
        match event.event_type() {
            EventType::Put => seen.put(kv.key().to_vec(), id_of(kv.value())),
            EventType::Delete => seen.delete(kv.key()),
        }
    }

    /// In which queue an item lies that has this key.
    fn kind_of(&self, key: &[u8]) -> Option<Kind> {
        let is_item = |prefix: &str| {
            let rest = key.strip_prefix(prefix.as_bytes()).and_then(|rest| rest.strip_prefix(b"/"));
            rest.is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit))
        };
        self.prefixes.iter().find(|(_, prefix)| is_item(prefix)).map(|(kind, _)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(seen: &mut Seen, key: &[u8], id: &str) {
        seen.put(key.to_vec(), id.to_owned());
    }

    #[test]
    fn an_item_that_is_put_back_is_not_stored_twice_and_one_that_had_never_left_is() {
        let mut seen = Seen::default();
        put(&mut seen, b"1", "a");
        seen.delete(b"1");
        put(&mut seen, b"2", "a");
        assert!(seen.stored_twice.is_empty());
        put(&mut seen, b"3", "a");
        assert_eq!(seen.stored_twice, ["a"]);
        put(&mut seen, b"3", "b");
        assert_eq!(seen.overwritten, ["a"]);
        assert_eq!(seen.keys, BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 1)]));
    }
}
