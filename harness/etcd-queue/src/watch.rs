//! The queue's one watch, alone on a stream of its own.
//!
//! A stream carries the token it was opened with for ever, and a server up to 3.5.5 that refuses one watch
//! silently deafens another with the same id (fixed in 3.5.6, etcd pull request 14563). So nothing is
//! shared: one stream, one watch, an explicit id, and whatever ends it ends all of it.
//!
//! A stream that says nothing may be a dead one. After some silence it is asked for its progress; any
//! message at all proves it alive. A server sends no reply while the watch is not caught up, which one with much to
//! do may take a while for. That looks the same as a dead stream, and after a while is treated as one: the range is
//! listed again, which is later than what the watch was waiting for, so that nothing is lost and the next watch
//! starts caught up.
//!
//! The revision in a progress reply tells nothing of events: before 3.5.8 it may overtake them. But one that is
//! below what was listed before is that of another store, wiped or restored: a watch on what is still to come there
//! would hear nothing for long.

use std::fmt;
use std::time::Duration;

use etcd_client::{WatchOptions, WatchRequestSender, WatchResponse, WatchResponseStream};
use tokio::time::{Instant, sleep_until, timeout};

use crate::access::Access;
use crate::cache::Change;
use crate::cluster::{Member, Trouble};
use crate::fault::{Fault, is_about_login};
use crate::key::Prefix;

/// Not 0, which servers up to 3.5.5 mix up with "no id"; see the head of this file.
const WATCH_ID: i64 = 1;
const SILENCE: Duration = Duration::from_secs(4);
const PATIENCE: Duration = Duration::from_secs(3);

/// How a watch ended, or why it did not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Refused over its login: log in again, then a new stream.
    Login(String),
    /// What it asked for is no longer there: list again.
    Compacted { revision: i64 },
    /// Cancelled by the server for another reason.
    Cancelled(String),
    /// The stream broke.
    Broken(String),
    /// The stream does not answer.
    Silent,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Login(reason) => write!(f, "the watch was refused: {reason}"),
            End::Compacted { revision } => write!(f, "the watch was compacted at revision {revision}"),
            End::Cancelled(reason) => write!(f, "the watch was cancelled: {reason}"),
            End::Broken(reason) => write!(f, "the watch broke: {reason}"),
            End::Silent => f.write_str("the watch gives no sign of life"),
        }
    }
}

/// What the stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The watch exists.
    Created,
    /// Possibly none: then it was a sign of life.
    Changes(Vec<Change>),
    Ended(End),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Liveness {
    Heard,
    Asked,
}

/// An open watch.
#[derive(Debug)]
pub(crate) struct Watch {
    requests: WatchRequestSender,
    responses: WatchResponseStream,
    prefix: Prefix,
    /// Who serves it.
    member: Member,
    /// The first revision that it tells of.
    revision: i64,
    liveness: Liveness,
    due: Instant,
    /// Not asked earlier because its member has failed elsewhere.
    not_before: Instant,
}

/// Opens a stream and a watch on it from `revision` on, and waits until the server has agreed to it. A stream that
/// lives and never says that its watch exists counts as silent too.
pub(crate) async fn open(access: &Access, revision: i64) -> Result<Watch, End> {
    let member = access.member();
    let opened = timeout(access.patience_to_watch(), open_at(&member, access.prefix(), revision)).await;
    let opened = opened.unwrap_or(Err(End::Silent));
    match &opened {
        Ok(_) => member.answered(),
        Err(end) => blame(&member, end),
    }
    opened
}

async fn open_at(member: &Member, prefix: &Prefix, revision: i64) -> Result<Watch, End> {
    let options = WatchOptions::new()
        .with_range(prefix.end())
        .with_start_revision(revision)
        .with_watch_id(WATCH_ID)
        .with_fragment();
    let Some(client) = member.client() else { return Err(End::Broken("no member".to_owned())) };
    // Replies of any size are taken: one that is too large would end every stream that replays it, for ever.
    let mut watches = client.watch_client().max_decoding_message_size(usize::MAX);
    let stream = watches.watch(prefix.start(), Some(options)).await.map_err(|error| end_of(&error))?;
    let (requests, responses) = stream.split();
    let now = Instant::now();
    let (prefix, member) = (prefix.clone(), member.clone());
    let mut watch = Watch {
        requests,
        responses,
        prefix,
        member,
        revision,
        liveness: Liveness::Heard,
        due: now + SILENCE,
        not_before: now,
    };
    loop {
        match watch.listen().await {
            News::Created => return Ok(watch),
            News::Changes(_) => {}
            News::Ended(end) => return Err(end),
        }
    }
}

/// Tells the roster of what a watch ended with that another member may do better. A watch that merely lags answers no
/// progress request, so that its member is not called silent.
fn blame(member: &Member, end: &End) {
    match end {
        End::Broken(_) | End::Cancelled(_) | End::Silent => member.failed(Trouble::Unreachable),
        End::Login(_) | End::Compacted { .. } => {}
    }
}

impl Watch {
    /// Waits for the next message, or the end of the stream. Cancel-safe: a dropped call loses no message.
    pub(crate) async fn news(&mut self) -> News {
        let news = self.listen().await;
        if let News::Ended(end) = &news {
            blame(&self.member, end);
        }
        news
    }

    async fn listen(&mut self) -> News {
        loop {
            tokio::select! {
                biased;
                message = self.responses.message() => {
                    self.liveness = Liveness::Heard;
                    self.due = Instant::now() + SILENCE;
                    return match message {
                        Ok(Some(response)) => read(&response, &self.prefix, self.revision),
                        Ok(None) => News::Ended(End::Broken("the server ended the stream".to_owned())),
                        Err(error) => News::Ended(end_of(&error)),
                    };
                }
                () = sleep_until(self.due), if self.liveness == Liveness::Asked => {
                    return News::Ended(End::Silent);
                }
                () = is_to_be_asked(self.due, self.not_before, &self.member), if self.liveness == Liveness::Heard => {
                    if let Err(end) = self.ask().await {
                        return News::Ended(end);
                    }
                }
            }
        }
    }

    async fn ask(&mut self) -> Result<(), End> {
        self.requests.request_progress().await.map_err(|error| end_of(&error))?;
        let now = Instant::now();
        self.liveness = Liveness::Asked;
        self.due = now + PATIENCE;
        self.not_before = now + SILENCE;
        Ok(())
    }
}

/// Waits until a silence is due, or for a reason to ask earlier: the member has left something else unanswered.
async fn is_to_be_asked(due: Instant, not_before: Instant, member: &Member) {
    let has_failed = async {
        sleep_until(not_before).await;
        member.has_failed().await;
    };
    tokio::select! {
        () = sleep_until(due) => {}
        () = has_failed => {}
    }
}

fn end_of(error: &etcd_client::Error) -> End {
    match Fault::of(error) {
        Fault::Stale(reason) | Fault::Denied(reason) => End::Login(reason),
        Fault::Full(reason)
        | Fault::TooLarge(reason)
        | Fault::Oversized(reason)
        | Fault::TooMany(reason)
        | Fault::Refused(reason)
        | Fault::Unsent(reason)
        | Fault::Lost(reason) => End::Broken(reason),
    }
}

fn read(response: &WatchResponse, prefix: &Prefix, revision: i64) -> News {
    if response.canceled() {
        return News::Ended(cancelled(response.compact_revision(), response.cancel_reason()));
    }
    if response.created() {
        return News::Created;
    }
    let now = response.header().map_or(revision, etcd_client::ResponseHeader::revision);
    if response.events().is_empty() && now < revision - 1 {
        let reason = format!("the store went back from revision {} to {now}", revision - 1);
        return News::Ended(End::Cancelled(reason));
    }
    let items = response.events().iter().filter_map(etcd_client::Event::kv);
    News::Changes(items.filter(|kv| prefix.owns(kv.key())).map(change).collect())
}

/// A compacted watch is cancelled without any reason, only with the revision of the compaction (etcd
/// v3.5.16 server/etcdserver/api/v3rpc/watch.go, sendLoop).
fn cancelled(compact_revision: i64, reason: &str) -> End {
    if compact_revision > 0 {
        End::Compacted { revision: compact_revision }
    } else if is_about_login(reason) {
        End::Login(reason.to_owned())
    } else {
        End::Cancelled(reason.to_owned())
    }
}

/// The kind of an event is told by its version, which only a deleted key has at 0, because
/// `Event::event_type` panics on a kind that it does not know.
fn change(kv: &etcd_client::KeyValue) -> Change {
    let (key, revision) = (kv.key().into(), kv.mod_revision());
    match kv.version() {
        0 => Change::Delete { key, revision },
        _ => Change::Put { key, revision, value: Some(kv.value().to_vec()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compacted_watch_is_known_by_its_revision_alone() {
        assert_eq!(cancelled(9, ""), End::Compacted { revision: 9 });
    }

    #[test]
    fn a_watch_refused_by_either_generation_of_servers_needs_a_login() {
        for reason in [
            "rpc error: code = PermissionDenied desc = etcdserver: permission denied",
            "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token",
            "rpc error: code = InvalidArgument desc = etcdserver: revision of auth store is old",
            "rpc error: code = InvalidArgument desc = etcdserver: user name is empty",
        ] {
            assert_eq!(cancelled(0, reason), End::Login(reason.to_owned()));
        }
    }

    #[test]
    fn any_other_cancel_keeps_the_servers_words() {
        let reason = "mvcc: duplicate watch ID provided on the WatchStream";
        assert_eq!(cancelled(0, reason), End::Cancelled(reason.to_owned()));
    }
}
