//! What the machine is.

use std::{
    fs::{self, File},
    io::{Seek, Write},
    path::Path,
    process::Command,
    time::Instant,
};

use chrono::Utc;
use trials::comparison::{Machine, quantile};

use crate::{Outcome, ground::Ground};

/// Describes it as it is now.
pub async fn describe(ground: &Ground) -> Outcome<Machine> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let kib: f64 = after(&memory, "MemTotal").trim_end_matches("kB").trim().parse()?;
    Ok(Machine {
        date: Utc::now().format("%Y-%m-%d").to_string(),
        cpu: after(&info, "model name").to_owned(),
        cores: std::thread::available_parallelism()?.get(),
        memory_gib: (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0,
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
        fsync_ms: fsync_ms(ground.server.folder())?,
        load: load.split(' ').next().unwrap_or_default().parse()?,
        etcd: version(&ground.etcd, "etcd Version:")?,
        clientv3: version(&ground.recipe, "clientv3 v")?,
    })
}

/// What stands behind a name and its colon.
fn after<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim_start().trim_start_matches(':').trim()
}

fn version(program: &Path, before: &str) -> Outcome<String> {
    let output = Command::new(program).arg("--version").output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix(before));
    Ok(line.ok_or_else(|| format!("read the version of {}", program.display()))?.trim().to_owned())
}

/// The median time to write 4 KiB and flush them, as etcd does for each batch of its log.
fn fsync_ms(folder: &Path) -> Outcome<f64> {
    let path = folder.join("flushed");
    let mut file = File::create(&path)?;
    let mut times_ms = Vec::new();
    for _ in 0..300 {
        let began = Instant::now();
        file.rewind()?;
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        times_ms.push(began.elapsed().as_secs_f64() * 1e3);
    }
    fs::remove_file(path)?;
    let median = quantile(&times_ms, 0.5).ok_or("flush a file")?;
    Ok((median * 1e3).round() / 1e3)
}
