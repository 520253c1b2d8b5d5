//! Calls wait for a connection rather than fail for want of one (clientv3 v3.5.11 options.go,
//! defaultWaitForReady), and the connection is tried again with grpc-go's backoff.

use std::{sync::Mutex, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{Error, dial::Breakage, error::Failure};

/// The wait after the first failed attempt to connect (grpc-go backoff/backoff.go, DefaultConfig).
const BASE_DELAY: Duration = Duration::from_secs(1);

/// By how much each wait is longer than the one before; grpc-go spreads it by a fifth.
const MULTIPLIER: f64 = 1.6;

/// The longest wait.
const MAX_DELAY: Duration = Duration::from_secs(120);

/// The one connection of a client.
#[derive(Debug)]
pub(super) struct Connection {
    closed: watch::Sender<Closed>,
    attempts: Mutex<Attempts>,
    breakage: Breakage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    No,
    Yes,
}

/// How the latest attempts to connect went.
#[derive(Clone, Copy, Debug, Default)]
struct Attempts {
    failures: u32,
    not_before: Option<Instant>,
}

impl Attempts {
    /// Notes a failure of an attempt that began when there had been `failures`: of several calls that fail
    /// together only the first counts, since they shared one attempt.
    fn failed(&mut self, failures: u32, now: Instant) {
        if self.failures == failures {
            self.not_before = Some(now + delay(self.failures));
            self.failures += 1;
        }
    }
}

/// The wait after a failure that so many others came before.
fn delay(failures: u32) -> Duration {
    let exponent = i32::try_from(failures).unwrap_or(i32::MAX).min(32);
    BASE_DELAY.mul_f64(MULTIPLIER.powi(exponent)).min(MAX_DELAY)
}

impl Connection {
    /// One on a channel of [`super::dial`]'s.
    pub(super) fn new(breakage: Breakage) -> Self {
        Self { closed: watch::Sender::new(Closed::No), attempts: Mutex::default(), breakage }
    }

    /// What a call fails with that the connection took along.
    pub(super) fn lost(&self) -> Error {
        Error::connection_lost(&self.breakage.text())
    }

    /// Ends all calls, and every later one.
    pub(super) fn close(&self) {
        self.closed.send_replace(Closed::Yes);
    }

    /// Makes a call once there is a connection to make it on, however long that takes.
    ///
    /// # Errors
    /// What the call failed with after it was sent, or that the client is closing.
    pub(super) async fn call<T, C, F>(&self, mut attempt: C) -> Result<T, Error>
    where
        C: FnMut() -> F,
        F: Future<Output = Result<T, etcd_client::Error>>,
    {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed == Closed::Yes) => Err(Error::client_closing()),
            answer = self.until_sent(&mut attempt) => answer,
        }
    }

    async fn until_sent<T, C, F>(&self, attempt: &mut C) -> Result<T, Error>
    where
        C: FnMut() -> F,
        F: Future<Output = Result<T, etcd_client::Error>>,
    {
        loop {
            let before = *self.attempts();
            if let Some(instant) = before.not_before {
                sleep_until(instant).await;
            }
            match attempt().await.map_err(Failure::from) {
                Err(Failure::NotConnected) => self.attempts().failed(before.failures, Instant::now()),
                Err(Failure::NotSent) => *self.attempts() = Attempts::default(),
                Err(Failure::Lost) => {
                    *self.attempts() = Attempts::default();
                    return Err(self.lost());
                }
                Err(Failure::Failed(error)) => {
                    *self.attempts() = Attempts::default();
                    return Err(error);
                }
                Ok(answer) => {
                    *self.attempts() = Attempts::default();
                    return Ok(answer);
                }
            }
        }
    }

    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::timeout;
    use tonic::{ConnectError, Status};

    use super::*;

    fn refused() -> etcd_client::Error {
        let error = ConnectError(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into());
        etcd_client::Error::GRpcStatus(Status::from_error(error.into()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_its_connection_with_a_growing_backoff() {
        let connection = Connection::new(Breakage::default());
        let began = Instant::now();
        let tries = AtomicU32::new(0);
        let answer = connection
            .call(|| async {
                match tries.fetch_add(1, Ordering::Relaxed) {
                    0..3 => Err(refused()),
                    _ => Ok(began.elapsed()),
                }
            })
            .await;
        assert_eq!(answer.unwrap().as_millis(), 1_000 + 1_600 + 2_560);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_fail_together_share_one_wait() {
        let connection = Connection::new(Breakage::default());
        let began = Instant::now();
        let call = || {
            connection.call(|| async {
                if began.elapsed() < Duration::from_millis(2_500) {
                    Err(refused())
                } else {
                    Ok(began.elapsed())
                }
            })
        };
        let (first, second) = tokio::join!(call(), call());
        assert_eq!(first.unwrap().as_millis(), 2_600);
        assert_eq!(second.unwrap().as_millis(), 2_600);
    }

    /// An error of the transport's, as `tonic` wraps it.
    #[derive(Debug, thiserror::Error)]
    #[error("transport error")]
    struct Transport(#[source] Status);

    fn never_left() -> etcd_client::Error {
        let transport = Transport(Status::cancelled("operation was canceled"));
        etcd_client::Error::GRpcStatus(Status::from_error(Box::new(transport)))
    }

    fn broken() -> etcd_client::Error {
        let error = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        etcd_client::Error::GRpcStatus(Status::from_error(error.into()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_whose_connection_breaks_is_not_sent_twice() {
        let sent = AtomicU32::new(0);
        let connection = Connection::new(Breakage::default());
        let call = connection.call(|| async {
            sent.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(broken())
        });
        assert_eq!(timeout(MAX_DELAY, call).await, Ok(Err(Error::connection_lost("EOF"))));
        assert_eq!(sent.into_inner(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_never_left_goes_out_on_the_next_connection_even_if_it_writes() {
        let connection = Connection::new(Breakage::default());
        let began = Instant::now();
        let sent = AtomicU32::new(0);
        let call = connection.call(|| async {
            if sent.fetch_add(1, Ordering::Relaxed) < 2 { Err(never_left()) } else { Ok(began.elapsed()) }
        });
        assert_eq!(call.await.unwrap(), Duration::ZERO);
        assert_eq!(sent.into_inner(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn closing_ends_a_call_that_waits() {
        let connection = Connection::new(Breakage::default());
        let call = connection.call(|| async { Err::<(), _>(refused()) });
        let (answer, ()) = tokio::join!(timeout(MAX_DELAY, call), async { connection.close() });
        assert_eq!(answer, Ok(Err(Error::client_closing())));
    }

    #[test]
    fn no_wait_is_longer_than_two_minutes() {
        assert_eq!(delay(40), MAX_DELAY);
    }
}
