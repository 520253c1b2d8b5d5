//! A running etcd.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{io::DuplexStream, time::Instant};

use super::{connection, door::Door, pipe, port, routes, tasks::Tasks};
use crate::{
    member::{Data, Ending, Handle, Saved, Settings},
    time,
};

/// A running etcd: cheap to clone, and gone with its last clone.
///
/// It needs a tokio runtime that it can stay on; in paused time, one of a single thread.
#[derive(Clone, Debug)]
pub struct Model {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    member: Handle,
    door: Door,
    life: Mutex<Life>,
    /// Where it is to be reached, also after a restart.
    addresses: Mutex<Vec<SocketAddr>>,
}

#[derive(Debug)]
enum Life {
    Running(Tasks),
    /// It has ended so, or was never started.
    Stopped(Ending),
}

impl Life {
    const fn tasks(&self) -> Option<&Tasks> {
        match self {
            Self::Running(tasks) => Some(tasks),
            Self::Stopped(_) => None,
        }
    }
}

impl Model {
    /// Starts an etcd with nothing in it. What its seed left to chance is logged.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(settings: Settings) -> Self {
        tracing::info!(release = %settings.release, seed = %settings.seed, phases = %settings.phases, "an etcd starts");
        let pace = settings.pace;
        let member = Handle::new(settings);
        let door = Door::new(routes(&member).prepare(), pace);
        let shared = Shared {
            member,
            door,
            life: Mutex::new(Life::Stopped(Ending::Graceful)),
            addresses: Mutex::new(Vec::new()),
        };
        let model = Self { shared: Arc::new(shared) };
        model.run();
        model
    }

    /// The member itself, for what has no call.
    pub fn member(&self) -> &Handle {
        &self.shared.member
    }

    /// Opens a connection through memory: the client's end of it.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] while the etcd is stopped.
    pub fn connect(&self) -> io::Result<DuplexStream> {
        let life = lock(&self.shared.life);
        let tasks = life.tasks().ok_or(io::ErrorKind::ConnectionRefused)?;
        let (ours, theirs) = pipe::pair();
        let spawner = tasks.spawner();
        tasks.spawner().spawn(connection::serve(ours, self.shared.door.clone(), spawner));
        Ok(theirs)
    }

    /// Serves a port too, from now on and after each restart; port 0 picks one. Says which it is.
    ///
    /// # Errors
    /// If it cannot be had, or the etcd is stopped ([`io::ErrorKind::NotConnected`]).
    pub async fn listen(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        let listener = port::bind(address).await?;
        let address = listener.local_addr()?;
        let life = lock(&self.shared.life);
        let tasks = life.tasks().ok_or(io::ErrorKind::NotConnected)?;
        tasks.spawner().spawn(port::accept(listener, self.shared.door.clone(), tasks.spawner()));
        lock(&self.shared.addresses).push(address);
        self.shared.member.with(|member, _| member.client_urls.push(format!("http://{address}")));
        Ok(address)
    }

    /// Ends the process: cuts all connections, closes the ports, and comes back when that is done. Its data stay,
    /// and its clocks with them: what is counted from a start is counted from the next.
    /// What it was about to answer is not answered. Does nothing if it is stopped.
    pub async fn stop(&self, ending: Ending) {
        let ended = {
            let mut life = lock(&self.shared.life);
            match std::mem::replace(&mut *life, Life::Stopped(ending)) {
                Life::Running(tasks) => tasks,
                stopped @ Life::Stopped(_) => {
                    *life = stopped;
                    return;
                }
            }
        };
        ended.end().await;
        // Who is stopped where it stands ends all the same, and starts again as anybody does.
        self.shared.member.standstill().end();
    }

    /// Stops the process where it stands (SIGSTOP): connections stay open, and are made; nothing is read, answered, or
    /// done when it falls due. Does nothing if it is stopped, or stands already.
    pub fn pause(&self) {
        if lock(&self.shared.life).tasks().is_some() {
            self.shared.member.standstill().begin(Instant::now());
        }
    }

    /// Lets it go on (SIGCONT): what has fallen due meanwhile is done at once, before anything is read. Does nothing if
    /// it does not stand.
    pub fn resume(&self) {
        let member = &self.shared.member;
        if let Some(since) = member.standstill().since() {
            member.with(|member, now| member.resume(since, now));
            member.standstill().end();
        }
    }

    /// A copy of the data that the member has by now, for [`Self::start_again_on`].
    pub fn saved(&self) -> Saved {
        self.shared.member.with(|member, _| member.saved())
    }

    /// Starts the process again, on the data it had and the ports it served. Does nothing if it runs.
    ///
    /// # Errors
    /// If a port cannot be had again; the etcd is stopped then.
    pub async fn start_again(&self) -> io::Result<()> {
        self.start_again_on(Data::Kept).await
    }

    /// Starts the process again on the ports it served, and on data of its own or others. Does nothing if it runs.
    ///
    /// # Errors
    /// If a port cannot be had again; the etcd is stopped then.
    pub async fn start_again_on(&self, data: Data) -> io::Result<()> {
        let ending = match *lock(&self.shared.life) {
            Life::Running(_) => return Ok(()),
            Life::Stopped(ending) => ending,
        };
        let addresses = lock(&self.shared.addresses).clone();
        let mut listeners = Vec::new();
        for address in addresses {
            listeners.push(port::bind(address).await?);
        }
        self.shared.member.with(|member, now| member.restart_on(data, ending, now));
        let spawner = self.run();
        for listener in listeners {
            spawner.spawn(port::accept(listener, self.shared.door.clone(), spawner.clone()));
        }
        Ok(())
    }

    fn run(&self) -> super::tasks::Spawner {
        let tasks = Tasks::under(self.shared.member.standstill().clone());
        let spawner = tasks.spawner();
        spawner.spawn(time::keep(self.shared.member.clone()));
        *lock(&self.shared.life) = Life::Running(tasks);
        spawner
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each holder changes one value at once: it is whole whatever happened to the holder.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
