//! One etcd process of a cluster: started, killed, stopped where it stands, and started again on its data.

use std::{
    fs::{self, File},
    io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use deadwatch::reaper::Keeper;
use rustix::process::Signal;

/// What all members of a cluster have in common.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The etcd.
    pub binary: PathBuf,
    /// Where the members find each other, as etcd spells it.
    pub initial_cluster: String,
    /// `--quota-backend-bytes`.
    pub quota_bytes: Option<u64>,
}

/// A member's place in its cluster, the same in all its lives.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Its name.
    pub name: String,
    /// Where clients reach it.
    pub clients: SocketAddr,
    /// Where the other members do.
    pub peers: SocketAddr,
}

impl Seat {
    /// Seats for so many members, on free ports.
    ///
    /// # Errors
    /// There are none.
    pub fn for_all(members: usize) -> io::Result<Vec<Self>> {
        // All are held until each is known, so that none is given twice.
        let held: Vec<TcpListener> =
            (0..2 * members).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
        let ports: Vec<SocketAddr> = held.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
        let seat = |(n, pair): (usize, &[SocketAddr])| Self {
            name: format!("member-{}", n + 1),
            clients: pair[0],
            peers: pair[1],
        };
        Ok(ports.chunks_exact(2).enumerate().map(seat).collect())
    }
}

/// An etcd process. Dropping it kills it.
#[derive(Debug)]
pub struct Member {
    /// Where it sits.
    pub seat: Seat,
    launch: Launch,
    folder: PathBuf,
    keeper: Keeper,
}

impl Member {
    /// Starts one with its data below this folder.
    ///
    /// # Errors
    /// The operating system does not start it.
    pub fn start(launch: Launch, seat: Seat, folder: &Path) -> io::Result<Self> {
        let folder = folder.join(&seat.name);
        fs::create_dir_all(&folder)?;
        let mut member = Self { seat, launch, folder, keeper: Keeper::new()? };
        member.start_again()?;
        Ok(member)
    }

    /// Starts it again, if it is down.
    ///
    /// # Errors
    /// The operating system does not start it.
    pub fn start_again(&mut self) -> io::Result<()> {
        if self.keeper.id().is_some() {
            return Ok(());
        }
        let [clients, peers] = [self.seat.clients, self.seat.peers].map(|port| format!("http://{port}"));
        let mut command = Command::new(&self.launch.binary);
        command
            .args(["--name", &self.seat.name, "--data-dir"])
            .arg(self.folder.join("data"))
            .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
            .args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers])
            .args(["--initial-cluster", &self.launch.initial_cluster])
            .args(["--logger", "zap", "--log-outputs", "stderr", "--log-level", "warn"]);
        if let Some(bytes) = self.launch.quota_bytes {
            command.args(["--quota-backend-bytes", &bytes.to_string()]);
        }
        let nothing = || File::options().read(true).write(true).open("/dev/null");
        let log = File::options().create(true).append(true).open(self.folder.join("log"))?;
        self.keeper.start(&mut command, [nothing()?.into(), nothing()?.into(), log.into()])
    }

    /// Kills it as by kill -9, whether it stands still or not; returns when it is dead.
    ///
    /// # Errors
    /// The operating system refuses.
    pub async fn kill(&mut self) -> io::Result<()> {
        if self.keeper.id().is_some() {
            self.keeper.signal(Signal::KILL)?;
            self.keeper.until_ended().await;
        }
        Ok(())
    }

    /// Stops it where it stands: its connections stay open, and nothing is answered.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn pause(&mut self) -> io::Result<()> {
        self.keeper.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn resume(&mut self) -> io::Result<()> {
        self.keeper.signal(Signal::CONT)
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}
