//! One etcd process and its data: started, ended, frozen, and started again.

use std::{ffi::OsString, fs::File, path::PathBuf, time::Duration};

use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};

use super::{command, folder::Folder};
use crate::{
    etcd::{
        EtcdError, log,
        ready::{Host, Stage},
    },
    scenario::{Data, Ending, Version},
};

const POLL: Duration = Duration::from_millis(5);
/// How long an etcd may take to end. Asked to, 3.7.3 waits for up to 7 s for its clients to close their watches; 3.5.5
/// and 3.5.16 were seen to end at once (etcd server/embed/etcd.go, `stopServers`, with `ReqTimeout`).
const END: Duration = Duration::from_secs(30);
/// How long the system may take to freeze it.
const FREEZE: Duration = Duration::from_secs(5);

/// What is run.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) binary: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) version: Version,
}

/// An etcd process with its data folder.
#[derive(Debug)]
pub(super) struct Daemon {
    /// None while it is down.
    life: Option<Life>,
    folder: Folder,
    launch: Launch,
}

/// From one start to one end.
#[derive(Debug)]
struct Life {
    /// How long the log was before.
    log_began: usize,
}

impl Life {
    fn begin(launch: &Launch, folder: &mut Folder) -> Result<Self, EtcdError> {
        let log = folder.log();
        let log_began = log.length();
        let output = log.append()?;
        let errors = output.try_clone().map_err(EtcdError::Folder)?;
        let nothing = File::open("/dev/null").map_err(EtcdError::Folder)?;
        let mut command = command::command(&launch.binary, &launch.arguments);
        folder
            .keeper
            .start(&mut command, [nothing.into(), output.into(), errors.into()])
            .map_err(|source| EtcdError::Run { path: launch.binary.clone(), source })?;
        Ok(Self { log_began })
    }
}

impl Daemon {
    /// Starts a process on an empty folder.
    pub(super) fn start(mut folder: Folder, launch: Launch) -> Result<Self, EtcdError> {
        let life = Life::begin(&launch, &mut folder)?;
        Ok(Self { life: Some(life), folder, launch })
    }

    /// Starts it again.
    pub(super) async fn start_again(&mut self, on: Data) -> Result<(), EtcdError> {
        match on {
            Data::Kept => {}
            Data::Wiped => self.folder.wipe().await?,
            Data::Saved => self.folder.restore().await?,
        }
        self.life = Some(Life::begin(&self.launch, &mut self.folder)?);
        Ok(())
    }

    /// Ends the process, frozen or not, and returns when it has ended; the data stay.
    ///
    /// # Errors
    /// It has ended already, or does not end. Cancel-safe: cancelled, it may have ended or not.
    pub(super) async fn end(&mut self, ending: Ending) -> Result<(), EtcdError> {
        let place = self.place();
        let doing = format!("end {place}");
        if self.life.is_none() {
            return Ok(());
        }
        if let Some(how) = self.how_it_ended() {
            return Err(failed(&doing, format!("it has ended already ({how})")));
        }
        let signals: &[Signal] = match ending {
            // One that is frozen hears of it when it goes on.
            Ending::Graceful => &[Signal::TERM, Signal::CONT],
            Ending::Kill => &[Signal::KILL],
        };
        for &signal in signals {
            self.signal(signal).map_err(|problem| failed(&doing, problem))?;
        }
        let ended = timeout(END, async {
            while self.how_it_ended().is_none() {
                sleep(POLL).await;
            }
        });
        if ended.await.is_err() {
            return Err(failed(&doing, format!("it goes on {} s later", END.as_secs())));
        }
        self.life = None;
        Ok(())
    }

    /// Stops the process where it stands, and returns when it stands.
    pub(super) async fn freeze(&mut self) -> Result<(), EtcdError> {
        let doing = format!("pause {}", self.place());
        self.alive(&doing)?;
        self.signal(Signal::STOP).map_err(|problem| failed(&doing, problem))?;
        let frozen = timeout(FREEZE, async {
            while !self.folder.keeper.is_stopped() {
                if let Some(how) = self.how_it_ended() {
                    return Err(format!("it has ended ({how})"));
                }
                sleep(POLL).await;
            }
            Ok(())
        });
        let outcome = frozen.await.unwrap_or_else(|_| Err("it goes on".to_owned()));
        outcome.map_err(|problem| failed(&doing, problem))
    }

    /// Lets a process that was stopped where it stood go on.
    pub(super) fn thaw(&mut self) -> Result<(), EtcdError> {
        let doing = format!("resume {}", self.place());
        self.alive(&doing)?;
        self.signal(Signal::CONT).map_err(|problem| failed(&doing, problem))
    }

    /// Keeps a copy of its data as they would be found if it were killed now: it stands still meanwhile, and what it has
    /// handed to the system by then is what the copy holds. Whoever has frozen it before finds it frozen after.
    pub(super) async fn save(&mut self) -> Result<(), EtcdError> {
        self.alive(&format!("save the data of {}", self.place()))?;
        let frozen = self.folder.keeper.is_stopped();
        self.freeze().await?;
        let saved = self.folder.save().await;
        if !frozen {
            self.thaw()?;
        }
        saved
    }

    fn alive(&mut self, doing: &str) -> Result<(), EtcdError> {
        match self.how_it_ended() {
            None => Ok(()),
            Some(how) => Err(failed(doing, format!("it has ended ({how})"))),
        }
    }

    fn signal(&mut self, signal: Signal) -> Result<(), String> {
        self.folder.keeper.signal(signal).map_err(|error| format!("it takes no {signal:?}: {error}"))
    }

    /// How it ended, if it is not running.
    fn how_it_ended(&mut self) -> Option<String> {
        match &self.life {
            Some(_) => self.folder.keeper.ended().map(|status| status.to_string()),
            None => Some("it was ended".to_owned()),
        }
    }

    /// What it has logged since it was started last.
    pub(super) fn log_of_this_life(&self) -> String {
        self.folder.log().text_from(self.life.as_ref().map_or(0, |life| life.log_began))
    }

    /// Waits until the log tells what is looked for, which `find` finds in it.
    pub(super) async fn tells<T>(
        &mut self,
        what: &str,
        bound: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T, EtcdError> {
        let give_up = Instant::now() + bound;
        loop {
            let log = self.log_of_this_life();
            if let Some(found) = find(&log) {
                return Ok(found);
            }
            if let Some(how) = self.ended().await {
                let log = log::quoted(&self.log_of_this_life());
                return Err(EtcdError::Ended { place: self.place(), how, log });
            }
            if Instant::now() >= give_up {
                return Err(EtcdError::NotReady {
                    place: self.place(),
                    bound,
                    last: format!("expected a line about {what} in its log"),
                    log: log::quoted(&log),
                });
            }
            sleep(POLL).await;
        }
    }
}

impl Host for Daemon {
    fn place(&self) -> String {
        format!("etcd {} ({})", self.launch.version, self.launch.binary.display())
    }

    fn log(&self) -> String {
        self.log_of_this_life()
    }

    async fn ended(&mut self) -> Option<String> {
        self.how_it_ended()
    }

    async fn stage(&mut self) -> Stage {
        Stage::Only
    }
}

fn failed(doing: &str, problem: String) -> EtcdError {
    EtcdError::Control { doing: doing.to_owned(), problem }
}
