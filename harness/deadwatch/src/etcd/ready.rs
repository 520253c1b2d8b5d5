//! When an etcd is ready: it is of the right version, logs its user in (or, started again on its data, answers), and will
//! not be stopped again.
//!
//! A log line does not say so, nor does one login. An image's entrypoint may run servers on the published port
//! to set things up before the real one: Bitnami's starts one, switches authentication on in it, stops it, and
//! starts and stops another for the member's id (bitnami/containers 3.5/debian-11 libetcd.sh,
//! `etcd_initialize`), each of them up for seconds. What counts is one connection, which ends when its server
//! does.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use etcd_client::{Client, ConnectOptions, Error};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tonic::{
    Code,
    transport::{Channel, Endpoint},
};
use tower::service_fn;

use super::{Credentials, EtcdError, authentication, log, users};
use crate::scenario::{User, Version};

/// What runs the server that is waited for.
pub(super) trait Host: Send {
    /// Its name in errors, such as `etcd 3.5.5 in the container …`.
    fn place(&self) -> String;
    /// The server's log so far.
    fn log(&self) -> String;
    /// How it ended, if it has.
    fn ended(&mut self) -> impl Future<Output = Option<String>> + Send;
    /// Which server answers now; asked often, so it should be cheap where it can be.
    fn stage(&mut self) -> impl Future<Output = Stage> + Send;
}

/// Which server of a host's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(any(feature = "docker", test)),
    expect(dead_code, reason = "only a container's image may run several servers")
)]
pub(super) enum Stage {
    /// The only one that there will be.
    Only,
    /// The host may have run others before, but its main process is now an etcd: it has handed over.
    Last,
    /// The host's main process is something else, which may yet stop this server and start another.
    PerhapsNotLast,
}

impl Stage {
    /// For how long a connection must go on answering before its server is believed to stay.
    ///
    /// Bitnami's second temporary server runs for 3 s and more with authentication on, so that only a longer
    /// time can tell it from a real one under an entrypoint that stays the main process.
    const fn must_answer_for(self) -> Duration {
        match self {
            Self::Only => Duration::ZERO,
            Self::Last => Duration::from_secs(1),
            Self::PerhapsNotLast => Duration::from_secs(10),
        }
    }

    /// For how long a server may have authentication off before the harness switches it on: if the image is
    /// about to do so itself, a user that is there already would make it fail.
    const fn leaves_authentication_off_for(self) -> Duration {
        match self {
            Self::Only | Self::Last => Duration::ZERO,
            Self::PerhapsNotLast => Duration::from_secs(20),
        }
    }
}

/// What is waited for.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    pub(super) address: SocketAddr,
    pub(super) version: Version,
    pub(super) arrival: Arrival,
    /// For how long is waited at most.
    pub(super) bound: Duration,
}

/// Which start of a server is waited for.
#[derive(Clone, Debug)]
pub(super) enum Arrival {
    /// The one on empty data.
    First {
        /// As whom the server shall log in; none: authentication stays off.
        credentials: Option<Credentials>,
        /// Whom there shall be beside that.
        users: Vec<User>,
    },
    /// A later one, on data of which the harness knows nothing: passwords may have been changed, and authentication
    /// switched on or off. Any answer will do, a refusal too.
    Again,
}

const POLL: Duration = Duration::from_millis(25);
/// A request that takes longer than this has had no answer.
const ANSWER: Duration = Duration::from_secs(3);

/// Waits until the server is ready, and switches authentication on where that is asked for and not done.
///
/// # Errors
/// When the host has ended, the server is of another version, or the bound has passed.
pub(super) async fn until_ready(host: &mut impl Host, awaited: &Awaited) -> Result<(), EtcdError> {
    let mut last = "nothing has answered".to_owned();
    let waited = timeout(awaited.bound, async {
        loop {
            if let Some(how) = host.ended().await {
                return Err(EtcdError::Ended { place: host.place(), how, log: log::quoted(&host.log()) });
            }
            match settle(host, awaited).await {
                Ok(()) => return Ok(()),
                Err(Unsettled::Wrong(error)) => return Err(error),
                Err(Unsettled::NotYet(reason)) => last = reason,
            }
            sleep(POLL).await;
        }
    })
    .await;
    waited.unwrap_or_else(|_| {
        Err(EtcdError::NotReady {
            place: host.place(),
            bound: awaited.bound,
            last,
            log: log::quoted(&host.log()),
        })
    })
}

/// Why a connection was not the one.
enum Unsettled {
    /// The next may be.
    NotYet(String),
    /// None will be.
    Wrong(EtcdError),
}

impl From<Error> for Unsettled {
    fn from(error: Error) -> Self {
        Self::NotYet(error.to_string())
    }
}

/// Stays on one connection until its server has proved that it is ready, or the connection ends.
async fn settle(host: &mut impl Host, awaited: &Awaited) -> Result<(), Unsettled> {
    let channel = connect_once(awaited.address).await?;
    let mut client = match &awaited.arrival {
        Arrival::First { credentials: Some(credentials), users } => {
            let mut client = log_in(host, &channel, credentials).await?;
            answer(users::make(&mut client, users)).await?;
            answer(open(&channel, Some(credentials))).await?
        }
        Arrival::First { credentials: None, users } => {
            let mut client = answer(open(&channel, None)).await?;
            answer(users::make(&mut client, users)).await?;
            client
        }
        Arrival::Again => answer(open(&channel, None)).await?,
    };
    let arrival = &awaited.arrival;

    if let Some(status) = arrival.heed(answer(client.status()).await)?
        && status.version() != awaited.version.to_string()
    {
        return Err(Unsettled::Wrong(EtcdError::WrongVersion {
            place: host.place(),
            expected: awaited.version,
            found: status.version().to_owned(),
        }));
    }

    held(&mut Settling { host, client, arrival }).await
}

impl Arrival {
    /// What a server's answer says, if it says anything; an error if it proves nothing.
    fn heed<T>(&self, answer: Result<T, Error>) -> Result<Option<T>, Error> {
        match (self, answer) {
            (_, Ok(answer)) => Ok(Some(answer)),
            (Self::Again, Err(Error::GRpcStatus(status))) if is_refusal(status.code()) => Ok(None),
            (Self::First { .. } | Self::Again, Err(error)) => Err(error),
        }
    }
}

/// Whether a server that is at work says this, and not one without a leader, nor a connection that is lost. A read of
/// no login is refused only after etcd has asked its leader (etcd v3.5.5 server/etcdserver/v3_server.go, `Range`).
fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument | Code::Unauthenticated | Code::PermissionDenied | Code::FailedPrecondition
    )
}

/// A connection that is watched until its server is known to stay.
trait Connection: Send {
    fn stage(&mut self) -> impl Future<Output = Stage> + Send;
    /// Asks the server for something; an error once the connection has ended.
    fn read(&mut self) -> impl Future<Output = Result<(), Unsettled>> + Send;
}

struct Settling<'a, H> {
    host: &'a mut H,
    client: Client,
    arrival: &'a Arrival,
}

impl<H: Host> Connection for Settling<'_, H> {
    async fn stage(&mut self) -> Stage {
        self.host.stage().await
    }

    async fn read(&mut self) -> Result<(), Unsettled> {
        self.arrival.heed(answer(self.client.get("deadwatch.ready", None)).await)?;
        Ok(())
    }
}

/// Waits until a connection has answered for long enough, and once more after the stage was seen: an answer from
/// before may be a temporary server's, which has handed over meanwhile.
async fn held(connection: &mut impl Connection) -> Result<(), Unsettled> {
    let since = Instant::now();
    loop {
        let needed = connection.stage().await.must_answer_for();
        connection.read().await?;
        if since.elapsed() >= needed {
            return Ok(());
        }
        sleep(POLL).await;
    }
}

/// A client on this connection that is logged in, once authentication is on.
async fn log_in(
    host: &mut impl Host,
    channel: &Channel,
    credentials: &Credentials,
) -> Result<Client, Unsettled> {
    let since = Instant::now();
    loop {
        match answer(open(channel, Some(credentials))).await {
            Ok(client) => return Ok(client),
            Err(error) if authentication::is_off(&error) => {}
            Err(error) => return Err(error.into()),
        }
        if since.elapsed() >= host.stage().await.leaves_authentication_off_for() {
            let mut client = answer(open(channel, None)).await?;
            answer(authentication::switch_on(&mut client, credentials)).await?;
        } else {
            sleep(POLL).await;
        }
    }
}

async fn open(channel: &Channel, credentials: Option<&Credentials>) -> Result<Client, Error> {
    let options =
        credentials.map(|Credentials { user, password }| ConnectOptions::new().with_user(user, password));
    Client::from_channel(etcd_client::Channel::Tonic(channel.clone()), options).await
}

async fn answer<T>(request: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(ANSWER, request).await.unwrap_or_else(|_| {
        let late =
            io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", ANSWER.as_secs()));
        Err(Error::IoError(late))
    })
}

/// A channel over one connection, which fails for good when that ends, where others would connect again.
async fn connect_once(address: SocketAddr) -> Result<Channel, Unsettled> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|error| Unsettled::NotYet(format!("{address} is no address: {error}")))?;
    let connect = async {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let mut stream = Some(TokioIo::new(stream));
        let once = service_fn(move |_| {
            let stream = stream.take().ok_or_else(|| io::Error::other("the connection has ended"));
            async move { stream }
        });
        endpoint.connect_with_connector(once).await.map_err(|error| chain(&error))
    };
    match timeout(ANSWER, connect).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(Unsettled::NotYet(format!("could not connect to {address}: {error}"))),
        Err(_) => Err(Unsettled::NotYet(format!("could not connect to {address}: no answer"))),
    }
}

/// An error with its causes: tonic's own says "transport error" only.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// A connection to a temporary server that ends when it hands over, or to one that stays.
    struct Scripted {
        began: Instant,
        hands_over_after: Duration,
        ends_with_it: bool,
        stage_afterwards: Stage,
        /// How long a look at the stage takes.
        look: Duration,
    }

    impl Scripted {
        fn new(stage_afterwards: Stage) -> Self {
            let began = Instant::now();
            let look = Duration::from_millis(40);
            Self { began, hands_over_after: Duration::ZERO, ends_with_it: false, stage_afterwards, look }
        }

        fn handed_over(&self) -> bool {
            self.began.elapsed() >= self.hands_over_after
        }
    }

    impl Connection for Scripted {
        async fn stage(&mut self) -> Stage {
            sleep(self.look).await;
            if self.handed_over() { self.stage_afterwards } else { Stage::PerhapsNotLast }
        }

        async fn read(&mut self) -> Result<(), Unsettled> {
            if self.ends_with_it && self.handed_over() {
                return Err(Unsettled::NotYet("the connection has ended".to_owned()));
            }
            Ok(())
        }
    }

    /// How long it took in whole seconds, if the connection was believed.
    async fn believed_after(mut connection: Scripted) -> Option<u64> {
        let began = connection.began;
        held(&mut connection).await.is_ok().then(|| began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_temporary_server_is_never_believed_whenever_it_hands_over() {
        for millis in (0..9_000).step_by(7) {
            let mut connection = Scripted::new(Stage::Last);
            connection.hands_over_after = Duration::from_millis(millis);
            connection.ends_with_it = true;
            assert_eq!(believed_after(connection).await, None, "hands over after {millis} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn how_long_a_server_must_answer_depends_on_its_stage() {
        assert_eq!(believed_after(Scripted::new(Stage::Only)).await, Some(0));
        assert_eq!(believed_after(Scripted::new(Stage::Last)).await, Some(1));
        assert_eq!(believed_after(Scripted::new(Stage::PerhapsNotLast)).await, Some(10));
    }
}
