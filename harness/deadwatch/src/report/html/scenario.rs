//! What a scenario says: its file where that is at hand, else the same in words.

use maud::{Markup, html};

use crate::{
    report::{Source, Standing},
    scenario::{Consumer, ConsumerCall, Delivery, OnError, Scenario, spell_duration},
};

/// More consumers than this are told by their number.
const CONSUMERS: usize = 16;

/// The text, beside the runs; open where the first of them is.
pub(super) fn text(scenario: Option<&Scenario>, source: Option<&Source>, first: Standing) -> Markup {
    match (source, scenario) {
        (Some(source), _) => aside(&source.path, &source.text, first),
        (None, Some(scenario)) => aside("The scenario in words", &in_words(scenario).join("\n"), first),
        (None, None) => html! {},
    }
}

fn aside(head: &str, text: &str, first: Standing) -> Markup {
    html! {
        details.text open[first.is_worth_a_look()] {
            summary { (head) }
            pre tabindex="0" { (text.trim_end()) }
        }
    }
}

fn in_words(scenario: &Scenario) -> Vec<String> {
    let etcd = &scenario.etcd;
    let token = match etcd.token_ttl {
        Some(ttl) => format!(", a token lives {}", spell_duration(ttl)),
        None => ", no authentication".to_owned(),
    };
    let members = if etcd.members == 1 { String::new() } else { format!(", {} members", etcd.members) };
    let delivery = match scenario.queue.delivery {
        Delivery::Once => "once",
        Delivery::AtLeastOnce => "at least once",
    };
    let mut lines = vec![
        format!("etcd {}{members}{token}", etcd.version),
        format!("client {}", scenario.client_version),
        format!("queue {}, each item {delivery}", scenario.queue.prefix),
    ];
    lines.extend(
        etcd.users.iter().map(|user| format!("user {}, for {}", user.name, user.prefixes.join(", "))),
    );
    lines.push(String::new());
    lines.extend(scenario.consumers.iter().take(CONSUMERS).map(consumer));
    match scenario.consumers.len().saturating_sub(CONSUMERS) {
        0 => {}
        more => lines.push(format!("… and {more} more consumers")),
    }
    lines.push(String::new());
    let steps = scenario.steps.iter();
    lines.extend(
        steps.map(|step| format!("at {}: the harness {}", spell_duration(step.at), step.action.describe())),
    );
    lines.push(format!("at {}: the end", spell_duration(scenario.length)));
    lines
}

fn consumer(consumer: &Consumer) -> String {
    let call = match consumer.call {
        ConsumerCall::Dequeue => "dequeue",
        ConsumerCall::PriorityDequeue => "priority dequeue",
        ConsumerCall::BarrierWait => "wait at barrier",
        ConsumerCall::DoubleBarrierEnter => "enter double barrier",
        ConsumerCall::DoubleBarrierLeave => "leave double barrier",
        ConsumerCall::Lock => "lock",
        ConsumerCall::ReadLock => "read lock",
    };
    let user = consumer.user.as_ref().map_or(String::new(), |user| format!(" as {user}"));
    let retry = match consumer.on_error {
        OnError::Stop => "",
        OnError::Retry => ", again after an error",
    };
    format!(
        "consumer {} from {} on client {}{user}: {call} {}{retry}",
        consumer.name,
        spell_duration(consumer.start),
        consumer.client,
        consumer.prefix
    )
}
