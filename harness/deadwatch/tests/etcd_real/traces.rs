//! What an etcd leaves behind, if anything.

use std::{
    collections::BTreeSet,
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use deadwatch::etcd::{Address, Etcd};
use rustix::process::{Pid, Signal, kill_process};

/// A process's port and data folder.
#[derive(Debug)]
pub struct Traces {
    pub port: SocketAddr,
    pub folder: PathBuf,
}

impl Traces {
    /// Those of a running etcd, which must be there for their absence to mean anything.
    pub fn of(etcd: &dyn Etcd) -> Self {
        Self::of_all(etcd).swap_remove(0)
    }

    /// Those of each of its members.
    pub fn of_all(etcd: &dyn Etcd) -> Vec<Self> {
        let log = etcd.log();
        let folders: BTreeSet<PathBuf> = log
            .split(r#""data-dir":""#)
            .skip(1)
            .map(|rest| Path::new(rest.split('"').next().unwrap()).parent().unwrap().to_owned())
            .collect();
        assert!(!folders.is_empty(), "etcd logs its data folder: {log}");
        let Address::Tcp(port) = etcd.address() else { panic!("no port") };
        assert!(TcpStream::connect(port).is_ok(), "{port}");
        let traces: Vec<_> = folders.into_iter().map(|folder| Self { port, folder }).collect();
        for one in &traces {
            assert!(one.folder.join("data").is_dir() && one.process().is_some(), "{one:?}");
        }
        traces
    }

    /// Kills its process behind the harness's back, and returns when it has ended.
    pub fn kill(&self) {
        let pid = self.process().expect("a process with this folder");
        kill_process(pid, Signal::KILL).unwrap();
        while fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The process whose command line names the folder, where the system lists them.
    fn process(&self) -> Option<Pid> {
        let listed = Command::new("ps").args(["-eo", "pid,args"]).output().unwrap();
        let lines = String::from_utf8_lossy(&listed.stdout).into_owned();
        let line = lines.lines().find(|line| line.contains(self.folder.to_str().unwrap()))?;
        Pid::from_raw(line.split_whitespace().next()?.parse().ok()?)
    }

    pub fn assert_gone(&self) {
        assert!(!self.folder.exists(), "{self:?}");
        assert!(self.process().is_none(), "{self:?}");
        assert!(TcpStream::connect(self.port).is_err(), "{self:?}");
    }
}
