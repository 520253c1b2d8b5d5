//! Steps: what each action has done, and by whom.

use super::{
    gate::{self, Change},
    harness_client::{HarnessClient, Unserved},
    harness_queue::Layout,
    timeline::Stage,
};
use crate::{
    etcd::{Control, Etcd, EtcdError},
    history::{Happening, Inconclusive, ServerState},
    scenario::{Action, ConsumerCall, Data, Producer as By, Refusal, Scenario},
    subject::Request,
    wire::Fault,
};
use futures::future::BoxFuture;

impl Stage<'_> {
    /// Has the step with this index done. What takes time goes on beside the timeline.
    pub(super) fn act(&mut self, index: usize) {
        let Some(step) = self.set.scenario.steps.get(index) else { return };
        match step.action.clone() {
            Action::Enqueue(enqueue) => match enqueue.by {
                By::Harness => {
                    let layout = layout(&self.set.scenario, &enqueue.prefix);
                    self.producer.enqueue(index, layout, &enqueue, step.refusal);
                }
                By::Subject => self.subject_enqueues(&enqueue),
            },

            Action::Put(put) => self.administer(index, move |harness| async move { harness.put(&put).await }),
            Action::Delete(delete) => {
                self.administer(index, move |harness| async move { harness.delete(&delete).await });
            }
            Action::Compact => self.administer(index, move |harness| async move { harness.compact().await }),
            Action::Defrag => {
                self.administer(index, move |harness| async move { harness.defragment().await })
            }
            Action::AddUser(user) => {
                self.administer(index, move |harness| async move { harness.add_user(&user).await });
            }
            Action::ChangePassword(change) => {
                self.administer(index, move |harness| async move { harness.change_password(&change).await });
            }
            Action::DeleteUser(user) => {
                self.administer(index, move |harness| async move { harness.delete_user(&user).await });
            }
            Action::RevokeRole(user) => {
                self.administer(index, move |harness| async move { harness.revoke_role(&user).await });
            }
            Action::EnableAuth => {
                self.administer(index, move |harness| async move { harness.enable_auth().await })
            }
            Action::DisableAuth => {
                self.administer(index, move |harness| async move { harness.disable_auth().await })
            }

            Action::HoldBarrier(key) => self.hold(index, key, ConsumerCall::BarrierWait),
            Action::ReleaseBarrier(key) => self.release(index, key, ConsumerCall::BarrierWait),
            Action::HoldLock(key) => self.hold(index, key, ConsumerCall::Lock),
            Action::ReleaseLock(key) => self.release(index, key, ConsumerCall::Lock),

            Action::Restart(restart) if step.member.is_some() => {
                self.control(index, step.member, Control::Restart(restart));
            }
            Action::Pause if step.member.is_some() => self.control(index, step.member, Control::Pause),
            Action::Resume if step.member.is_some() => self.control(index, step.member, Control::Resume),
            Action::Isolate if step.member.is_some() => self.control(index, step.member, Control::Isolate),
            Action::Rejoin if step.member.is_some() => self.control(index, step.member, Control::Rejoin),

            Action::Restart(restart) => {
                let data = restart.data;
                self.operate(index, Some(ServerState::Down), ServerState::Up, move |etcd| {
                    etcd.restart(restart.clone())
                });
                self.log_in_as_then(data);
            }
            Action::Save => self.save(index),
            Action::Pause => self.operate(index, None, ServerState::Paused, |etcd| etcd.pause()),
            Action::Resume => self.operate(index, None, ServerState::Resumed, |etcd| etcd.resume()),
            Action::Isolate => self.operate(index, None, ServerState::Isolated, |etcd| etcd.isolate()),
            Action::Rejoin => self.operate(index, None, ServerState::Rejoined, |etcd| etcd.rejoin()),

            Action::DropConnections(reach) => self.inflict(index, Fault::DropConnections(reach)),
            Action::BlackHole(hole) => self.inflict(index, Fault::BlackHole(hole)),
            Action::LoseReplies(lose) => self.inflict(index, Fault::LoseReplies(lose)),
            Action::Delay(delay) => self.inflict(index, Fault::Delay(delay)),
            Action::HoldRequests(hold) => self.inflict(index, Fault::HoldRequests(hold)),
            Action::ReleaseRequests => {
                self.set.wire.release_requests();
                self.record.write(Happening::Acted { step: index });
            }

            Action::CloseClient(client) => {
                self.record.write(Happening::Acted { step: index });
                self.set.ask(Request::Close { client });
            }
            Action::CancelCall(consumer) => {
                self.record.write(Happening::Acted { step: index });
                self.cancel(&consumer);
            }
        }
    }

    fn inflict(&mut self, index: usize, fault: Fault) {
        match self.set.scenario.steps.get(index).and_then(|step| step.member) {
            Some(member) => self.set.wire.inflict_at(fault, member),
            None => self.set.wire.inflict(fault),
        }
        self.record.write(Happening::Acted { step: index });
    }

    /// Has the harness's own client do this, after all that it was told before.
    fn administer<W, F>(&mut self, index: usize, work: W)
    where
        W: FnOnce(HarnessClient) -> F + Send + 'static,
        F: Future<Output = Result<(), Unserved>> + Send,
    {
        let (harness, desk) = (self.harness.clone(), self.desk.clone());
        let refusal = self.set.scenario.steps.get(index).map(|step| step.refusal).unwrap_or_default();
        self.admin.order(async move {
            let done = work(harness).await;
            let _ = desk.send(match (done, refusal) {
                (Ok(()), _) => Ok(Happening::Acted { step: index }),
                (Err(Unserved::Refused(reason)), Refusal::Wanted) => {
                    Ok(Happening::StepRefused { step: index, reason })
                }
                (Err(error), _) => Err(not_carried_out(index, &error)),
            });
        });
    }

    /// Has this done to the server, after all that the harness's own client was told before.
    fn operate<W>(&mut self, index: usize, before: Option<ServerState>, after: ServerState, work: W)
    where
        W: FnOnce(&dyn Etcd) -> BoxFuture<'_, Result<(), EtcdError>> + Send + 'static,
    {
        let (etcd, wire, desk) = (self.set.etcd.clone(), self.set.wire.clone(), self.desk.clone());
        let ready = self.admin.caught_up();
        self.machinist.order(async move {
            let _ = ready.await;
            if let Some(state) = before {
                let _ = desk.send(Ok(Happening::Server { state }));
            }
            if before == Some(ServerState::Down) {
                wire.lead_nowhere();
            }
            match work(etcd.as_ref()).await {
                Ok(()) => {
                    // A restarted etcd may listen on another port.
                    wire.redirect_members(etcd.members());
                    let _ = desk.send(Ok(Happening::Server { state: after }));
                    let _ = desk.send(Ok(Happening::Acted { step: index }));
                }
                Err(error) => {
                    let why = format!("{}: could not {error}", describe(index));
                    let _ = desk.send(Err(Inconclusive::Step(why)));
                }
            }
        });
    }

    /// Has this done to one member, after all that the harness's own client was told before.
    fn control(&mut self, index: usize, member: Option<usize>, control: Control) {
        let Some(member) = member else { return };
        let (etcd, wire, desk) = (self.set.etcd.clone(), self.set.wire.clone(), self.desk.clone());
        let ready = self.admin.caught_up();
        self.machinist.order(async move {
            let _ = ready.await;
            let after = match &control {
                Control::Restart(_) => {
                    let _ = desk.send(Ok(Happening::Member { member, state: ServerState::Down }));
                    wire.lead_nowhere_at(member);
                    ServerState::Up
                }
                Control::Pause => ServerState::Paused,
                Control::Resume => ServerState::Resumed,
                Control::Isolate => ServerState::Isolated,
                Control::Rejoin => ServerState::Rejoined,
            };
            match etcd.control(member, control).await {
                Ok(()) => {
                    wire.redirect_members(etcd.members());
                    let _ = desk.send(Ok(Happening::Member { member, state: after }));
                    let _ = desk.send(Ok(Happening::Acted { step: index }));
                }
                Err(error) => {
                    let why = format!("{}: could not {error}", describe(index));
                    let _ = desk.send(Err(Inconclusive::Step(why)));
                }
            }
        });
    }

    /// Keeps a copy of the server's data, and as whom the harness was logged in then.
    fn save(&mut self, index: usize) {
        let (etcd, desk, harness, logins) =
            (self.set.etcd.clone(), self.desk.clone(), self.harness.clone(), self.saved_login.clone());
        let ready = self.admin.caught_up();
        self.machinist.order(async move {
            let _ = ready.await;
            let _ = desk.send(Ok(Happening::SaveBegan));
            *logins.lock().await = harness.credentials().await;
            let _ = desk.send(match etcd.save().await {
                Ok(()) => Ok(Happening::Acted { step: index }),
                Err(error) => Err(Inconclusive::Step(format!("{}: could not {error}", describe(index)))),
            });
        });
    }

    /// Once the server is back on other data, the users are others too: none, or those of the time of the copy.
    fn log_in_as_then(&self, data: Data) {
        if data == Data::Kept {
            return;
        }
        let (harness, desk, logins) = (self.harness.clone(), self.desk.clone(), self.saved_login.clone());
        let back = self.machinist.caught_up();
        self.admin.order(async move {
            let _ = back.await;
            let credentials = match data {
                Data::Kept | Data::Wiped => None,
                Data::Saved => logins.lock().await.clone(),
            };
            if let Err(error) = harness.become_user(credentials).await {
                let _ = desk.send(Err(Inconclusive::Backend(error.into())));
            }
        });
    }

    fn hold(&mut self, index: usize, key: String, otherwise: ConsumerCall) {
        let changes = gate::hold(gate::call_at(&self.set.scenario, &key, otherwise), &key);
        let desk = self.desk.clone();
        self.administer(index, move |harness| async move {
            // Nobody may pass from the moment on in which it is asked for.
            let _ = desk.send(Ok(Happening::Held { key }));
            change(&harness, &changes).await
        });
    }

    fn release(&mut self, index: usize, key: String, otherwise: ConsumerCall) {
        let call = gate::call_at(&self.set.scenario, &key, otherwise);
        let desk = self.desk.clone();
        self.administer(index, move |harness| async move {
            let _ = desk.send(Ok(Happening::Released { key: key.clone() }));
            change(&harness, &gate::release(call, &key)).await
        });
    }
}

/// Carries out these changes, one after the other.
pub(super) async fn change(harness: &HarnessClient, changes: &[Change]) -> Result<(), Unserved> {
    for change in changes {
        match change {
            Change::Put(key) => harness.write_key(key, "").await?,
            Change::Delete(delete) => harness.delete(delete).await?,
        }
    }
    Ok(())
}

/// Under which keys the items of this queue lie: as those want who take items from it.
pub(super) fn layout(scenario: &Scenario, prefix: &str) -> Layout {
    let by_priority = |call| call == ConsumerCall::PriorityDequeue;
    if scenario.consumers.iter().any(|consumer| consumer.prefix == prefix && by_priority(consumer.call)) {
        Layout::PriorityQueue
    } else {
        Layout::Queue
    }
}

/// What it means that the harness could not do what this step asks of the etcd.
pub(super) fn not_carried_out(index: usize, why: &Unserved) -> Inconclusive {
    Inconclusive::Step(format!("{}: {why}", describe(index)))
}

fn describe(index: usize) -> String {
    format!("step {}", index + 1)
}
