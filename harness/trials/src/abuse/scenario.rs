//! A plan as a scenario of the harness: what its checkers need to know of who enqueues and who takes.

use std::time::Duration;

use deadwatch::scenario::{
    Action, ClockOffset, Consumer, ConsumerCall, DEFAULT_CLIENT_VERSION, Delivery, Endpoints, Enqueue, NotOn,
    OnError, Producer, QueueSpec, Scenario, Step,
};

use super::{plan::Plan, produce::value};

/// The scenario that a run of this plan is judged by.
pub fn scenario(plan: &Plan) -> Scenario {
    // Several producers are dealt the items in turn, as cards are: so the checkers know whose an item is. Those beyond a
    // producer's share are never enqueued, and nobody asks for them.
    let most = plan.producers.iter().map(|producer| producer.items).max().unwrap_or_default();
    let dealt = (0..most).flat_map(|n| plan.producers.iter().map(move |producer| value(&producer.name, n)));
    let enqueue = Enqueue {
        values: dealt.collect(),
        prefix: plan.prefix.clone(),
        by: Producer::Subject,
        bytes: 0,
        producers: plan.producers.len(),
        on_error: OnError::Retry,
    };
    let consumers = plan.consumers.iter().map(|consumer| Consumer {
        name: consumer.name.clone(),
        start: Duration::ZERO,
        client: consumer.name.clone(),
        on_error: OnError::Retry,
        call: ConsumerCall::Dequeue,
        prefix: plan.prefix.clone(),
        user: None,
        clock: ClockOffset::default(),
    });
    Scenario {
        name: format!("abuse/{}", plan.campaign.name()),
        title: format!("{} items, seed {}", plan.items, plan.seed),
        origin: Vec::new(),
        etcd: plan.etcd.clone(),
        client_version: DEFAULT_CLIENT_VERSION,
        receive_limit_bytes: None,
        endpoints: Endpoints::One,
        queue: QueueSpec { prefix: plan.prefix.clone(), delivery: Delivery::Once },
        consumers: consumers.collect(),
        steps: vec![Step::new(Duration::ZERO, Action::Enqueue(enqueue))],
        length: Duration::ZERO,
        not_on: NotOn::default(),
    }
}
