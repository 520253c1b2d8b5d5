//! A range in several messages, as 3.7 answers `RangeStream`.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;

use super::{Store, range::Counting};
use crate::{
    proto::{RangeRequest, RangeResponse, ResponseHeader},
    refusal::Refusal,
};

/// How many keys the first message holds at most. Source: etcd v3.7.3 server/etcdserver/v3_server.go,
/// `initialStreamChunkLimit`.
const FIRST_LIMIT: i64 = 10;

impl Store {
    /// Answers a range request in several messages of about `target_bytes`, all as of one revision. Only the last
    /// has a header (the revision alone), the count, and whether there is more. Source: etcd v3.7.3
    /// server/etcdserver/v3_server.go, `rangeStream`.
    ///
    /// # Errors
    /// As [`Self::range`].
    pub fn range_stream(
        &self,
        mut request: RangeRequest,
        target_bytes: usize,
    ) -> Result<Vec<RangeResponse>, Refusal> {
        let mut messages = Vec::new();
        if request.count_only {
            messages.push(self.range(&request)?);
            return Ok(messages);
        }
        let total_limit = if request.limit == 0 { i64::MAX } else { request.limit };
        request.limit = FIRST_LIMIT.min(total_limit);
        let header = Some(ResponseHeader { revision: self.revision, ..ResponseHeader::default() });
        let mut count = 0;
        loop {
            let part = self.range_seen(&request, self.revision, Counting::UpToLimit)?;
            if request.revision == 0 {
                request.revision = self.revision;
            }
            let size_bytes = part.encoded_len();
            count += i64::try_from(part.kvs.len()).unwrap_or(i64::MAX);
            let next = part.kvs.last().filter(|_| part.more).map(|kv| just_after(&kv.key));
            match next {
                Some(next) if count != total_limit => {
                    messages.push(RangeResponse { kvs: part.kvs, ..RangeResponse::default() });
                    request.key = next;
                    let limit = adjusted(request.limit, size_bytes, target_bytes);
                    request.limit = limit.min(total_limit - count);
                }
                next => {
                    if let Some(next) = next {
                        let rest = RangeRequest { key: next, count_only: true, limit: 0, ..request };
                        count += self.range(&rest)?.count;
                    }
                    messages.push(RangeResponse { header, kvs: part.kvs, more: part.more, count });
                    return Ok(messages);
                }
            }
        }
    }
}

/// The least key above `key`.
fn just_after(key: &[u8]) -> Bytes {
    let mut next = BytesMut::with_capacity(key.len() + 1);
    next.put_slice(key);
    next.put_u8(0);
    next.freeze()
}

/// How many keys the next message holds: twice or half as many if the last was far from the target. Source: the
/// same file, `adjustChunkLimit`.
fn adjusted(limit: i64, size_bytes: usize, target_bytes: usize) -> i64 {
    let limit = match size_bytes {
        small if small < target_bytes / 2 => limit.saturating_mul(2),
        large if large > target_bytes * 2 => limit / 2,
        _ => limit,
    };
    // 0 would be no limit at all.
    if limit == 0 { 1 } else { limit }
}
