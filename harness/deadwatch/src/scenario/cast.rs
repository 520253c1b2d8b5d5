//! Who and what a scenario names, gathered from its consumers and steps. The stage opens the clients, reports name
//! them, and the checkers ask which queues there are.

use super::{Action, ClockOffset, ConsumerCall, Enqueue, PRODUCER_CLIENT, Producer, Scenario};

impl Scenario {
    /// The subject's clients, each once, in the order in which consumers name them; `producer` last, if steps have
    /// the subject enqueue and no consumer has named it.
    pub fn clients(&self) -> Vec<&str> {
        let named = self.consumers.iter().map(|consumer| consumer.client.as_str());
        let produces = self.enqueues().any(|enqueue| enqueue.by == Producer::Subject);
        each_once(named.chain(produces.then_some(PRODUCER_CLIENT)))
    }

    /// As whom the client of this name logs in, where there is authentication; none: as `root`, as does a client
    /// that no consumer names.
    pub fn client_user(&self, client: &str) -> Option<&str> {
        // All consumers of a client have the same user.
        let consumer = self.consumers.iter().find(|consumer| consumer.client == client)?;
        consumer.user.as_deref()
    }

    /// How far the clock of the client of this name is off.
    pub fn client_clock(&self, client: &str) -> ClockOffset {
        // All consumers of a client have the same clock.
        let consumer = self.consumers.iter().find(|consumer| consumer.client == client);
        consumer.map(|consumer| consumer.clock).unwrap_or_default()
    }

    /// The queues' prefixes, each once: those that consumers take items from, then those that steps write items to,
    /// each in file order.
    pub fn prefixes(&self) -> Vec<&str> {
        let consumers = self.consumers.iter().filter(|consumer| consumer.call.takes_items());
        let taken = consumers.map(|consumer| consumer.prefix.as_str());
        each_once(taken.chain(self.enqueues().map(|enqueue| enqueue.prefix.as_str())))
    }

    fn enqueues(&self) -> impl Iterator<Item = &Enqueue> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Enqueue(enqueue) => Some(enqueue),
            _ => None,
        })
    }
}

impl ConsumerCall {
    /// Its name in a scenario file, and in the protocol for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dequeue => "dequeue",
            Self::PriorityDequeue => "priority-dequeue",
            Self::BarrierWait => "barrier-wait",
            Self::DoubleBarrierEnter => "double-barrier-enter",
            Self::DoubleBarrierLeave => "double-barrier-leave",
            Self::Lock => "lock",
            Self::ReadLock => "read-lock",
        }
    }

    /// Whether it takes items, again and again; the others are made once, and succeed once.
    pub const fn takes_items(self) -> bool {
        match self {
            Self::Dequeue | Self::PriorityDequeue => true,
            Self::BarrierWait
            | Self::DoubleBarrierEnter
            | Self::DoubleBarrierLeave
            | Self::Lock
            | Self::ReadLock => false,
        }
    }
}

fn each_once<'s>(names: impl Iterator<Item = &'s str>) -> Vec<&'s str> {
    let mut once = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use crate::scenario::{Scenario, parse};

    fn scenario(consumers: &[&str], enqueues: &[&str]) -> Scenario {
        let consumers: String =
            consumers.iter().map(|consumer| format!("[[consumer]]\n{consumer}\n")).collect();
        let steps: String =
            enqueues.iter().map(|item| format!("[[step]]\nat = \"1s\"\nenqueue = {item}\n")).collect();
        let text = format!(
            "title = \"t\"\n[etcd]\nversion = \"3.5.5\"\n[[etcd.user]]\nname = \"worker\"\n{consumers}{steps}[run]\nlength = \"16s\"\n"
        );
        parse("t", "t.toml", &text).expect("the scenario is right").scenario
    }

    #[test]
    fn clients_are_named_once_in_order_and_the_producer_last() {
        let consumers = ["client = \"b\"", "client = \"a\"", "client = \"b\"", ""];
        assert_eq!(scenario(&consumers, &[]).clients(), ["b", "a", "shared"]);
        let by_the_subject = ["\"x\"", "{ value = \"y\", by = \"subject\" }"];
        assert_eq!(scenario(&["", ""], &by_the_subject).clients(), ["shared", "producer"]);
        let sharing = ["client = \"producer\"", ""];
        assert_eq!(scenario(&sharing, &by_the_subject).clients(), ["producer", "shared"]);
    }

    #[test]
    fn a_client_logs_in_as_its_consumers_user() {
        let scenario = scenario(&["", "client = \"own\"\nuser = \"worker\""], &[]);
        assert_eq!(scenario.client_user("own"), Some("worker"));
        assert_eq!(scenario.client_user("shared"), None);
        assert_eq!(scenario.client_user("producer"), None);
    }

    #[test]
    fn queues_are_those_that_items_are_taken_from_or_written_to() {
        let consumers = ["prefix = \"/b\"", "", "prefix = \"/lock\"\ncall = \"lock\"", "prefix = \"/b\""];
        let enqueues = ["{ value = \"x\", prefix = \"/c\" }", "\"y\"", "{ value = \"z\", prefix = \"/c\" }"];
        assert_eq!(scenario(&consumers, &enqueues).prefixes(), ["/b", "/test", "/c"]);
        assert_eq!(scenario(&["call = \"barrier-wait\""], &[]).prefixes(), [""; 0]);
    }
}
