//! The watch calls: creating, cancelling, asking for progress.

use bytes::Bytes;
use tokio::{sync::mpsc::UnboundedSender, time::Instant};

use super::Member;
use crate::{
    auth::{Access, Credential},
    proto::{WatchCreateRequest, WatchRequest, WatchResponse, watch_request::RequestUnion},
    release::Fact,
    watch::{Denial, StreamId},
};

impl Member {
    /// Takes in a new stream of watches; what it is owed goes to `outbox`, which buffers without a limit: a real
    /// etcd lets a stream that does not read fall behind instead and catches it up later. The stream lasts until
    /// [`Self::close_watches`].
    pub fn open_watches(&mut self, outbox: UnboundedSender<WatchResponse>, now: Instant) -> StreamId {
        self.hub.open(outbox, now)
    }

    /// Forgets a stream and all its watches.
    pub fn close_watches(&mut self, stream: StreamId) {
        self.hub.close(stream);
    }

    /// How many streams of watches there are, and how many watches they have in all.
    pub fn watches(&self) -> (usize, usize) {
        self.hub.size()
    }

    /// Takes one message of a stream. `credential` is the one the stream was opened with: a refusal is an answer on
    /// the stream, never its end. Source: etcd v3.5.5 server/etcdserver/api/v3rpc/watch.go, `recvLoop`.
    pub fn watch_request(
        &mut self,
        stream: StreamId,
        credential: &Credential,
        request: WatchRequest,
        now: Instant,
    ) {
        if !self.hub.listens(stream) {
            return;
        }
        match request.request_union {
            Some(RequestUnion::CreateRequest(mut create)) => {
                if create.key.is_empty() {
                    // The smallest key there is.
                    create.key = Bytes::from_static(&[0]);
                }
                match self.admit_watch(credential, &create, now) {
                    Ok(()) => self.hub.create(stream, create, &self.store, now),
                    Err(denial) => self.hub.deny(stream, &create, denial, &self.store),
                }
            }
            Some(RequestUnion::CancelRequest(cancel)) => {
                self.hub.cancel(stream, cancel.watch_id, &self.store);
            }
            Some(RequestUnion::ProgressRequest(_)) => self.hub.progress(stream, &self.store),
            None => {}
        }
    }

    /// Whether a watch may be created. This is the only time that it is asked: a watch that exists goes on whatever
    /// becomes of its token, its user or the user's roles.
    fn admit_watch(
        &mut self,
        credential: &Credential,
        create: &WatchCreateRequest,
        now: Instant,
    ) -> Result<(), Denial> {
        let release = self.settings.release;
        if create.start_revision < 0 && release.holds(Fact::NegativeWatchRevisionRefused) {
            return Err(Denial::NegativeRevision);
        }
        let caller = self.authority.identify(credential, now).map_err(Denial::NotPermitted)?;
        let from_key = create.range_end.as_ref() == [0];
        let range_end = if from_key && !release.holds(Fact::FromKeyWatchPermissionChecked) {
            // The end had been rewritten before it was checked, and then read as a single key.
            &[]
        } else {
            create.range_end.as_ref()
        };
        self.authority
            .permit(caller.as_ref(), &create.key, range_end, Access::Read)
            .map_err(Denial::NotPermitted)
    }
}
