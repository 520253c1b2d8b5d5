//! What an etcd leaves behind, if anything.

use std::{
    net::{SocketAddr, TcpStream},
    path::PathBuf,
};

use deadwatch::etcd::{Address, Etcd};

/// A process's port and data folder.
#[derive(Debug)]
pub struct Traces {
    pub port: SocketAddr,
    pub folder: PathBuf,
}

impl Traces {
    /// Those of a running etcd, which must be there for their absence to mean anything.
    pub fn of(etcd: &dyn Etcd) -> Self {
        let Address::Tcp(port) = etcd.address() else { panic!("no port") };
        let log = etcd.log();
        let (_, rest) = log.split_once(r#""data-dir":""#).expect("etcd logs its data folder");
        let data = PathBuf::from(rest.split('"').next().unwrap());
        let traces = Self { port, folder: data.parent().unwrap().to_owned() };
        assert!(data.is_dir(), "{traces:?}");
        assert!(TcpStream::connect(port).is_ok(), "{traces:?}");
        traces
    }

    pub fn assert_gone(&self) {
        assert!(!self.folder.exists(), "{self:?}");
        assert!(TcpStream::connect(self.port).is_err(), "{self:?}");
    }
}
