//! A step: when, and its one action. A new action is a field of `StepTable`, a variant of [`Action`], and its
//! meaning here; the compiler names the places.

use std::{collections::BTreeMap, ops::Range};

use super::{Check, value::size};
use crate::scenario::{
    Action, Data, ProblemKind, Refusal, Step, file::StepTable, placed::Placed, problem::Named,
};

/// Whether the scenario may be staged in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Containers {
    /// Nothing says that it can't.
    Tried,
    /// `[not-on]` says why not.
    Excluded,
}

/// The steps of a file, and what they have in common.
#[derive(Debug)]
pub(super) struct Steps {
    /// The queue that steps write to where they name none.
    pub prefix: String,
    /// How many members the etcd has.
    members: usize,
    containers: Containers,
    /// The values so far, and where each was written.
    pub values: BTreeMap<String, Range<usize>>,
}

impl Steps {
    /// No step yet, on a queue of this prefix, with an etcd of so many members.
    pub fn new(prefix: &str, members: usize, containers: Containers) -> Self {
        Self { prefix: prefix.to_owned(), members, containers, values: BTreeMap::new() }
    }

    /// A step, and where its action stands; none if it has no action.
    pub fn step(&mut self, check: &mut Check, step: &Placed<StepTable>) -> Option<(Step, Range<usize>)> {
        // Every key by its name, so that a new one must be dealt with here.
        let StepTable {
            at,
            refused,
            member,
            enqueue,
            put,
            delete,
            compact,
            restart,
            save,
            defrag,
            pause,
            resume,
            drop_connections,
            black_hole,
            lose_replies,
            delay,
            hold_requests,
            release_requests,
            add_user,
            change_password,
            delete_user,
            revoke_role,
            enable_auth,
            disable_auth,
            close_client,
            cancel_call,
            isolate,
            rejoin,
            hold_barrier,
            release_barrier,
            hold_lock,
            release_lock,
        } = step.get();
        let at = check.time_before_the_end("at", at);
        // `shape` has noted a step with no action, or with two.
        let (action, span) = if let Some(written) = enqueue {
            (Action::Enqueue(self.enqueue(check, written)), written.span())
        } else if let Some(put) = put {
            (Action::Put(check.put(put.get())), put.span())
        } else if let Some(delete) = delete {
            (Action::Delete(check.delete(delete)), delete.span())
        } else if let Some(compact) = compact {
            (Action::Compact, compact.span())
        } else if let Some(restart) = restart {
            let restarted = check.restart(at, restart);
            if restarted.data != Data::Kept {
                self.not_in_a_container(check, "data", restart.span());
            }
            (Action::Restart(restarted), restart.span())
        } else if let Some(save) = save {
            self.not_in_a_container(check, "save", save.span());
            (Action::Save, save.span())
        } else if let Some(defrag) = defrag {
            (Action::Defrag, defrag.span())
        } else if let Some(pause) = pause {
            (Action::Pause, pause.span())
        } else if let Some(resume) = resume {
            (Action::Resume, resume.span())
        } else if let Some(client) = drop_connections {
            (Action::DropConnections(check.reach(Some(client))), client.span())
        } else if let Some(black_hole) = black_hole {
            (Action::BlackHole(check.black_hole(black_hole)), black_hole.span())
        } else if let Some(lose) = lose_replies {
            (Action::LoseReplies(check.lose_replies(lose.get())), lose.span())
        } else if let Some(delay) = delay {
            (Action::Delay(check.delay(delay.get())), delay.span())
        } else if let Some(hold) = hold_requests {
            (Action::HoldRequests(check.hold_requests(hold.get())), hold.span())
        } else if let Some(all) = release_requests {
            (Action::ReleaseRequests, all.span())
        } else if let Some(user) = add_user {
            (Action::AddUser(check.added_user(user, &self.prefix)), user.span())
        } else if let Some(change) = change_password {
            (Action::ChangePassword(check.change_password(change.get())), change.span())
        } else if let Some(user) = delete_user {
            (Action::DeleteUser(check.name(Named::User, user)), user.span())
        } else if let Some(user) = revoke_role {
            (Action::RevokeRole(check.name(Named::User, user)), user.span())
        } else if let Some(root) = enable_auth {
            (Action::EnableAuth, root.span())
        } else if let Some(root) = disable_auth {
            (Action::DisableAuth, root.span())
        } else if let Some(client) = close_client {
            (Action::CloseClient(check.name(Named::Client, client)), client.span())
        } else if let Some(consumer) = cancel_call {
            (Action::CancelCall(check.name(Named::Consumer, consumer)), consumer.span())
        } else if let Some(leader) = isolate {
            self.several_members(check, "isolate", leader.span());
            (Action::Isolate, leader.span())
        } else if let Some(leader) = rejoin {
            self.several_members(check, "rejoin", leader.span());
            (Action::Rejoin, leader.span())
        } else if let Some(key) = hold_barrier {
            (Action::HoldBarrier(check.key("hold-barrier", key)), key.span())
        } else if let Some(key) = release_barrier {
            (Action::ReleaseBarrier(check.key("release-barrier", key)), key.span())
        } else if let Some(key) = hold_lock {
            (Action::HoldLock(check.key("hold-lock", key)), key.span())
        } else {
            let key = release_lock.as_ref()?;
            (Action::ReleaseLock(check.key("release-lock", key)), key.span())
        };
        let refusal = check.refusal(refused.as_ref(), &action);
        let member = member.as_ref().map(|member| self.member(check, member, &action));
        Some((Step { at, action, member, refusal }, span))
    }

    /// The number of a member, and whether anything can be done to it alone.
    fn member(&self, check: &mut Check, member: &Placed<i64>, action: &Action) -> usize {
        let number = size(member);
        if !action.can_be_of_one_member() {
            let action = action.describe();
            check.wrong(member.span(), ProblemKind::NoMembersAffair { action });
        } else if self.members == 1 {
            check.wrong(member.span(), ProblemKind::OneMember("member"));
        } else if number > self.members {
            check.wrong(member.span(), ProblemKind::NoSuchMember { members: self.members });
        }
        number
    }

    fn not_in_a_container(&self, check: &mut Check, key: &'static str, span: Range<usize>) {
        if self.containers == Containers::Tried {
            check.wrong(span, ProblemKind::DataInAContainer(key));
        }
    }

    fn several_members(&self, check: &mut Check, key: &'static str, span: Range<usize>) {
        if self.members == 1 {
            check.wrong(span, ProblemKind::OneMember(key));
        }
    }
}

impl Check {
    /// What it means when the etcd refuses what this action asks of it.
    fn refusal(&mut self, refused: Option<&Placed<bool>>, action: &Action) -> Refusal {
        match refused {
            Some(refused) if *refused.get() => {
                if !action.asks_etcd() {
                    let action = action.describe();
                    self.wrong(refused.span(), ProblemKind::NothingToRefuse { action });
                }
                Refusal::Wanted
            }
            Some(_) | None => Refusal::Unwanted,
        }
    }
}
