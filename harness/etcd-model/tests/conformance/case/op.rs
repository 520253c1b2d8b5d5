//! One thing that is said or done in a case.

use std::time::Duration;

use bytes::Bytes;
use etcd_model::proto::{LeaseKeepAliveRequest, RangeRequest, WatchRequest};

use super::Call;

/// One thing that is said or done.
#[derive(Clone, Debug)]
pub enum Op {
    /// A call that gets one answer.
    Call(Call),
    /// `RangeStream`: a call that gets a stream of answers.
    RangeStream(RangeRequest),
    /// A call that no etcd has, by its path.
    Unknown(&'static str),
    /// From here on, somebody else speaks.
    Speak(Speaker),
    /// A message on a watch stream, which is opened by its first message, with the token of who speaks then.
    Ask(&'static str, WatchRequest),
    /// Waits for so many responses on a watch stream.
    Hear(&'static str, usize),
    /// Takes what comes on a watch stream until nothing comes any more.
    Listen(&'static str),
    /// Takes what comes on a watch stream up to some point, to be told later.
    Gather(&'static str, Until),
    /// Tells what has been gathered on a watch stream.
    Tell(&'static str),
    /// Says on a watch stream that there will be no more requests.
    Finish(&'static str),
    /// Keep-alives on a stream of their own, all sent at once.
    KeepAlive(Vec<LeaseKeepAliveRequest>),
    /// Puts a key so many times, told as one line.
    Fill(&'static str, usize),
    /// Waits until a key is gone.
    UntilGone(Bytes),
    /// Lets time pass: only where it is the passing of time that the case is about.
    Pass(Duration),
}

/// How far to gather what comes on a watch stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Up to the answer to a create request.
    Created,
    /// Up to events of this watch.
    Told(i64),
    /// Until nothing comes any more.
    Silence,
}

/// Who speaks: what the metadata `token` of a call holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Nobody: no token.
    Nobody,
    /// A user, with the token of the last login.
    User(&'static str),
    /// A user, with the token of an earlier login, counted from 1.
    Login(&'static str, usize),
    /// Somebody with this token.
    Token(&'static str),
}

/// What can stand in a list of operations.
pub trait Said {
    /// Adds it to the list.
    fn join(self, ops: &mut Vec<Op>);
}

impl Said for Op {
    fn join(self, ops: &mut Vec<Op>) {
        ops.push(self);
    }
}

impl Said for Vec<Op> {
    fn join(self, ops: &mut Vec<Op>) {
        ops.extend(self);
    }
}

impl<T: Into<Call>> Said for T {
    fn join(self, ops: &mut Vec<Op>) {
        ops.push(Op::Call(self.into()));
    }
}
