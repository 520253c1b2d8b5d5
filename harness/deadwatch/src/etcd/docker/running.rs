//! A container that was created: looked at, ended, frozen, and started again.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures::StreamExt;
use testcontainers::{
    ContainerAsync, GenericImage,
    bollard::{
        Docker,
        errors::Error as DockerError,
        models::{ContainerState, ContainerTopResponse},
        query_parameters::{KillContainerOptionsBuilder, LogsOptionsBuilder, StopContainerOptionsBuilder},
    },
    core::IntoContainerPort,
};
use tokio::time::{sleep, timeout};

use super::{
    daemon::{ANSWER, failed},
    image::{self, Boots},
    request::CLIENT_PORT,
    tail::Tail,
};
use crate::{
    etcd::{
        EtcdError, log,
        ready::{self, Host, Stage},
    },
    reaper::Kept,
    scenario::{Ending, Version},
};

/// How long an etcd may take to end: asked to, 3.7.3 waits for up to 7 s for its clients to close their watches.
const END: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);

/// A container with an etcd.
pub(super) struct Running {
    pub(super) kept: Option<Kept>,
    pub(super) container: Option<ContainerAsync<GenericImage>>,
    pub(super) docker: Docker,
    pub(super) name: String,
    pub(super) image: String,
    pub(super) tail: Tail,
    pub(super) boots: Boots,
    pub(super) version: Version,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The reaper removes it, also outside of a runtime, where the container's own way to go would panic.
        std::mem::forget(self.container.take());
    }
}

impl Running {
    /// Where it is reached now.
    pub(super) async fn published(&self) -> Result<SocketAddr, EtcdError> {
        let doing = format!("find the published port of the container {}", self.name);
        let Some(container) = &self.container else {
            return Err(failed(&doing, "it is gone".to_owned()));
        };
        match container.get_host_port_ipv4(CLIENT_PORT.tcp()).await {
            Ok(port) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            // A container that has ended has no ports any more.
            Err(error) => Err(failed(
                &doing,
                format!("{}; its log ends with:\n{}", ready::chain(&error), log::quoted(&self.tail.text())),
            )),
        }
    }
}

impl Host for Running {
    fn place(&self) -> String {
        format!("etcd {} in the container {} of {}", self.version, self.name, self.image)
    }

    fn log(&self) -> String {
        self.tail.text()
    }

    async fn ended(&mut self) -> Option<String> {
        let inspected = timeout(ANSWER, self.docker.inspect_container(&self.name, None)).await;
        match inspected {
            Ok(Ok(seen)) => {
                let state = seen.state?;
                (state.running == Some(false)).then(|| format!("exit code {}", state.exit_code.unwrap_or(-1)))
            }
            Ok(Err(DockerError::DockerResponseServerError { status_code: 404, .. })) => {
                Some("it was removed".to_owned())
            }
            // A busy daemon is no end.
            Ok(Err(_)) | Err(_) => None,
        }
    }

    async fn stage(&mut self) -> Stage {
        match self.boots {
            Boots::Once => Stage::Only,
            Boots::PerhapsOften => match self.main_process().await {
                Some(command_line) if image::is_etcd(&command_line) => Stage::Last,
                Some(_) | None => Stage::PerhapsNotLast,
            },
        }
    }
}

impl Running {
    /// Ends the container, frozen or not, and returns when it has ended; its data stay.
    ///
    /// # Errors
    /// It has ended already, or does not end.
    pub(super) async fn end(&self, ending: Ending) -> Result<(), EtcdError> {
        let doing = format!("end the container {}", self.name);
        let state = self.state(&doing).await?;
        if state.running != Some(true) {
            return Err(failed(&doing, "it has ended already".to_owned()));
        }
        let end = async {
            match ending {
                Ending::Graceful => {
                    if state.paused == Some(true) {
                        self.docker.unpause_container(&self.name).await?;
                    }
                    let patience = i32::try_from(END.as_secs()).unwrap_or(i32::MAX);
                    let options = StopContainerOptionsBuilder::default().t(patience).build();
                    self.docker.stop_container(&self.name, Some(options)).await
                }
                Ending::Kill => {
                    let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
                    self.docker.kill_container(&self.name, Some(options)).await
                }
            }
        };
        end.await.map_err(|error| failed(&doing, ready::chain(&error)))?;
        // The daemon says so once it has sent the signal.
        let ended = timeout(END, async {
            while self.state(&doing).await?.running == Some(true) {
                sleep(POLL).await;
            }
            Ok(())
        });
        ended.await.unwrap_or_else(|_| Err(failed(&doing, format!("it goes on {} s later", END.as_secs()))))
    }

    /// Starts it again; its port is another then.
    pub(super) async fn start_again(&self) -> Result<(), EtcdError> {
        let started = self.docker.start_container(&self.name, None).await;
        started.map_err(|error| self.failed("start", &error))?;
        // Whoever followed the log so far has heard its end.
        let options = LogsOptionsBuilder::default().follow(true).stdout(true).stderr(true).build();
        let mut pieces = Box::pin(self.docker.logs(&self.name, Some(options)));
        let tail = self.tail.clone();
        tail.clear();
        tokio::spawn(async move {
            // It ends with the container.
            while let Some(Ok(piece)) = pieces.next().await {
                tail.take(&piece.into_bytes());
            }
        });
        Ok(())
    }

    /// Stops all its processes where they stand.
    pub(super) async fn freeze(&self) -> Result<(), EtcdError> {
        self.docker.pause_container(&self.name).await.map_err(|error| self.failed("pause", &error))
    }

    /// Lets processes that were stopped where they stood go on.
    pub(super) async fn thaw(&self) -> Result<(), EtcdError> {
        self.docker.unpause_container(&self.name).await.map_err(|error| self.failed("resume", &error))
    }

    async fn state(&self, doing: &str) -> Result<ContainerState, EtcdError> {
        let seen = self.docker.inspect_container(&self.name, None).await;
        let seen = seen.map_err(|error| failed(doing, ready::chain(&error)))?;
        seen.state.ok_or_else(|| failed(doing, "the daemon does not say how it is".to_owned()))
    }

    fn failed(&self, doing: &str, error: &DockerError) -> EtcdError {
        failed(&format!("{doing} the container {}", self.name), ready::chain(error))
    }
}

impl Running {
    /// The command line of the container's main process, which is the one that the daemon knows it by.
    async fn main_process(&self) -> Option<String> {
        let look = async {
            let pid = self.docker.inspect_container(&self.name, None).await.ok()?.state?.pid?;
            let listed = self.docker.top_processes(&self.name, None).await.ok()?;
            command_line(&listed, pid)
        };
        timeout(ANSWER, look).await.ok().flatten()
    }
}

/// The command line of one process in a listing as `ps -ef` makes it.
fn command_line(listed: &ContainerTopResponse, pid: i64) -> Option<String> {
    let titles = listed.titles.as_ref()?;
    let pid_at = titles.iter().position(|title| title == "PID")?;
    let command_at = titles.iter().position(|title| title == "CMD" || title == "COMMAND")?;
    let pid = pid.to_string();
    let row = listed.processes.as_ref()?.iter().find(|row| row.get(pid_at) == Some(&pid))?;
    row.get(command_at).cloned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn the_main_process_is_found_by_its_number() {
        let words = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<_>>();
        let listed = ContainerTopResponse {
            titles: Some(words("UID|PID|PPID|CMD")),
            processes: Some(vec![words("root|7|1|/etcd --x"), words("root|6|1|/entrypoint")]),
        };
        assert_eq!(command_line(&listed, 6).as_deref(), Some("/entrypoint"));
        assert_eq!(command_line(&listed, 8), None);
    }
}
