//! A program: what is drawn, and the operations it stands for.

use std::{collections::BTreeSet, ops::RangeInclusive};

use etcd_model::proto::{
    Compare, RangeRequest, RequestOp, WatchCreateRequest, compare::TargetUnion, request_op::Request,
};

use crate::case::{Call, Op, Until, ops, request::*};

/// The leases that programs use.
pub const LEASES: RangeInclusive<i64> = 1..=3;

/// The watch that each stream has beside those of the program, so that one can tell how far the stream is. It
/// watches a key that programs leave alone.
const MARKER: i64 = 99;

/// One step. Revisions in it count from the program's beginning; 0 stands for none, as in etcd's requests.
#[derive(Clone, Debug)]
pub enum Step {
    Call(Call),
    RangeStream(RangeRequest),
    Watch(&'static str, WatchCreateRequest),
    Cancel(&'static str, i64),
    Progress(&'static str),
}

/// A program.
pub type Program = Vec<Step>;

/// The operations of a program that begins at revision `base`. Each is followed by whatever makes the answer to the
/// next one certain.
pub fn ops(program: &Program, base: i64) -> Vec<Op> {
    let mut ops = Vec::new();
    let streams: BTreeSet<&'static str> = program.iter().filter_map(Step::stream).collect();
    for stream in &streams {
        let marker = WatchCreateRequest { watch_id: MARKER, ..create("\0") };
        ops.extend(ops![ask(stream, marker), Op::Gather(stream, Until::Created)]);
    }
    for step in program {
        step.join(base, &mut ops);
    }
    for stream in &streams {
        ops.extend(ops![caught_up(stream), Op::Tell(stream)]);
    }
    ops.push(Op::Call(everything().into()));
    ops
}

/// All events up to here have come.
fn caught_up(stream: &'static str) -> Vec<Op> {
    // Which of a stream's watches is told first of a revision is chance; the next revision comes after it.
    ops![
        put("\0", "1"),
        put("\0", "2"),
        Op::Gather(stream, Until::Told(MARKER)),
        Op::Gather(stream, Until::Told(MARKER))
    ]
}

/// All requests up to here have been seen: one that is refused at once has been answered.
fn seen(stream: &'static str) -> Vec<Op> {
    ops![
        ask(stream, WatchCreateRequest { watch_id: MARKER, ..create("\0") }),
        Op::Gather(stream, Until::Created)
    ]
}

impl Step {
    fn stream(&self) -> Option<&'static str> {
        match self {
            Self::Watch(stream, _) | Self::Cancel(stream, _) | Self::Progress(stream) => Some(stream),
            Self::Call(_) | Self::RangeStream(_) => None,
        }
    }

    fn join(&self, base: i64, ops: &mut Vec<Op>) {
        match self {
            Self::Call(call) => ops.push(Op::Call(rebased(call, base))),
            Self::RangeStream(range) => ops.push(Op::RangeStream(rebased_range(range, base))),
            Self::Watch(stream, create) => {
                let start_revision = moved(create.start_revision, base);
                ops.extend(ops![
                    ask(stream, WatchCreateRequest { start_revision, ..create.clone() }),
                    Op::Gather(stream, Until::Created)
                ]);
                if create.start_revision != 0 {
                    ops.push(Op::Gather(stream, Until::Silence));
                }
            }
            Self::Cancel(stream, watch_id) => {
                ops.extend(ops![caught_up(stream), cancel(stream, *watch_id), seen(stream)]);
            }
            Self::Progress(stream) => {
                ops.extend(ops![caught_up(stream), progress(stream), Op::Gather(stream, Until::Silence)]);
            }
        }
    }
}

fn moved(revision: i64, base: i64) -> i64 {
    if revision == 0 { 0 } else { base + revision }
}

fn rebased(call: &Call, base: i64) -> Call {
    let mut call = call.clone();
    match &mut call {
        Call::Range(range) => *range = rebased_range(range, base),
        Call::Compact(compaction) => compaction.revision = moved(compaction.revision, base),
        Call::Txn(txn) => {
            txn.compare.iter_mut().for_each(|compare| rebase_compare(compare, base));
            txn.success
                .iter_mut()
                .chain(&mut txn.failure)
                .for_each(|operation| rebase_operation(operation, base));
        }
        _ => {}
    }
    call
}

fn rebased_range(range: &RangeRequest, base: i64) -> RangeRequest {
    let mut range = range.clone();
    for revision in [
        &mut range.revision,
        &mut range.min_mod_revision,
        &mut range.max_mod_revision,
        &mut range.min_create_revision,
        &mut range.max_create_revision,
    ] {
        *revision = moved(*revision, base);
    }
    range
}

fn rebase_compare(compare: &mut Compare, base: i64) {
    if let Some(TargetUnion::CreateRevision(revision) | TargetUnion::ModRevision(revision)) =
        &mut compare.target_union
    {
        *revision = moved(*revision, base);
    }
}

fn rebase_operation(operation: &mut RequestOp, base: i64) {
    match &mut operation.request {
        Some(Request::RequestRange(range)) => *range = rebased_range(range, base),
        Some(Request::RequestTxn(txn)) => {
            if let Call::Txn(moved) = rebased(&Call::Txn(std::mem::take(txn)), base) {
                *txn = moved;
            }
        }
        _ => {}
    }
}
