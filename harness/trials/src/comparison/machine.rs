//! Where it was measured.

use serde::{Deserialize, Serialize};

/// The machine and the programs, as they were in the last run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The day, as in 2026-08-01.
    pub date: String,
    /// The processor's name.
    pub cpu: String,
    /// How many cores.
    pub cores: usize,
    /// How much memory, GiB.
    pub memory_gib: f64,
    /// The kernel's release.
    pub kernel: String,
    /// The median time to write 4 KiB to the file system of etcd's data and flush them, ms.
    pub fsync_ms: f64,
    /// How many threads wanted to run before the run began, over the last minute.
    pub load: f64,
    /// etcd's release.
    pub etcd: String,
    /// The release of clientv3, whose recipe it is.
    pub clientv3: String,
}

impl Machine {
    /// In one sentence.
    pub fn sentence(&self) -> String {
        let Self { date, cpu, cores, memory_gib, kernel, fsync_ms, load, etcd, clientv3 } = self;
        format!(
            "Measured on {date}: {cpu}, {cores} cores, {memory_gib:.0} GiB, Linux {kernel}; 4 KiB written and flushed in \
             {fsync_ms:.2} ms (median); load average before the run {load:.2}. etcd {etcd}, one member, with its default \
             flushing, on the same machine; the recipe of clientv3 {clientv3}."
        )
    }
}
