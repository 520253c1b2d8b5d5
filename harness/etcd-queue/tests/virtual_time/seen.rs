//! What can be seen of a queue from outside.

use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::etcd::Etcd;
use crate::wire::Mishap;
use crate::{next_text, open};

/// Adds up every counter, by its name and labels.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<std::collections::BTreeMap<String, u64>>>);

struct Count(String, Counts);

impl metrics::CounterFn for Count {
    fn increment(&self, by: u64) {
        *self.1.0.lock().unwrap().entry(self.0.clone()).or_default() += by;
    }

    fn absolute(&self, _: u64) {}
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Counter::from_arc(Arc::new(Count(format!("{} {}", key.name(), labels.join(" ")), self.clone())))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn items_transactions_and_recoveries_are_counted() {
    let counts = Counts::default();
    let _installed = metrics::set_default_local_recorder(&counts);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let etcd = Etcd::start("3.5.16");
        let (client, wire) = etcd.wired(None).await;
        let queue = open(&client, "/test");
        queue.enqueue_all(["a", "b", "c"]).await.unwrap();
        assert_eq!(next_text(&queue).await, "a");
        wire.plan("/etcdserverpb.KV/Txn", Mishap::ReplyLost);
        assert_eq!(next_text(&queue).await, "b");
        wire.cut();
        // Told by the next call's answer, which comes by a new connection.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(next_text(&queue).await, "c");
    });
    let counts = counts.0.lock().unwrap();
    let of = |name: &str| counts.get(name).copied().unwrap_or_default();
    assert_eq!(of("etcd_queue_enqueued_total queue=/test"), 3);
    assert_eq!(of("etcd_queue_claimed_total queue=/test"), 3);
    assert_eq!(of("etcd_queue_transactions_total queue=/test kind=enqueue"), 1);
    assert_eq!(of("etcd_queue_lost_replies_total queue=/test kind=claim ending=applied"), 1);
    assert_eq!(of("etcd_queue_recoveries_total queue=/test cause=broken"), 1);
}
