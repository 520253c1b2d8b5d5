//! A client's logins and unary calls. Shared by its callers and by the task of its watch stream.

use etcd_client::{GetOptions, GetResponse, KvClient, Txn, TxnResponse, WatchClient};
use tokio::time::sleep;
use tonic::Status;

use super::{
    AuthOff, Error, Generation, TokenInRefresh,
    connection::Connection,
    dial,
    unary::{self, Login, Next, Repeat},
};
use crate::{
    etcd::Credentials,
    subject::{
        Opening,
        receive_limit::{self, Excess},
    },
};

/// The largest message that is taken in where no limit is asked for (clientv3 v3.5.11 options.go,
/// defaultMaxCallRecvMsgSize).
const MAX_RECEIVE_BYTES: usize = i32::MAX as usize;

pub(super) struct Session {
    etcd: etcd_client::Client,
    credentials: Option<Credentials>,
    generation: Generation,
    pub(super) connection: Connection,
}

impl Session {
    /// A session that has contacted nobody.
    pub(super) async fn new(opening: Opening, generation: Generation) -> Result<Self, Error> {
        let Opening { address, others: _, credentials, receive_limit_bytes, clock: _ } = opening;
        // Without a user it sends nothing. The user is set at each login instead: etcd-client would log in here
        // and now, and fail where authentication is off, which clientv3 takes in its stride.
        let (channel, breakage) = dial::channel(&address);
        let channel = match receive_limit_bytes {
            None => etcd_client::Channel::Tonic(channel),
            Some(limit_bytes) => receive_limit::limited(channel, limit_bytes, refuse),
        };
        let etcd = etcd_client::Client::from_channel(channel, None)
            .await
            .map_err(|error| Error::Text(error.to_string()))?;
        Ok(Self { etcd, credentials, generation, connection: Connection::new(breakage) })
    }

    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    /// What opens watch streams. It and its sibling take any size: where there is a limit, the channel has it.
    pub(super) fn watch_client(&self) -> WatchClient {
        self.etcd.watch_client().max_decoding_message_size(MAX_RECEIVE_BYTES)
    }

    fn kv_client(&self) -> KvClient {
        self.etcd.kv_client().max_decoding_message_size(MAX_RECEIVE_BYTES)
    }

    /// Gets a token, which replaces the client's; without credentials does nothing (clientv3 v3.5.11 client.go,
    /// getToken). It passes the same interceptor as every unary call.
    pub(super) async fn log_in(&self) -> Result<(), Error> {
        let Some(Credentials { user, password }) = &self.credentials else { return Ok(()) };
        let mut answer = Ok(());
        for attempt in 0..unary::ATTEMPTS {
            if attempt > 0 {
                sleep(unary::WAIT).await;
            }
            answer = self
                .connection
                .call(|| {
                    let mut etcd = self.etcd.clone();
                    let user = Some((user.clone(), password.clone()));
                    async move { etcd.update_user(user).await }
                })
                .await;
            match &answer {
                Err(error) if error.is_context_error() => {}
                _ => break,
            }
        }
        match answer {
            Err(error) if error.says("etcdserver: authentication is not enabled") => {
                match self.generation.auth_off {
                    AuthOff::KeepsToken => {}
                    AuthOff::DropsToken => self.drop_token().await,
                }
                Ok(())
            }
            answer => answer,
        }
    }

    /// Logs in because a call was refused (clientv3 v3.5.11 retry_interceptor.go, refreshToken).
    async fn refresh(&self) -> Result<(), Error> {
        if self.credentials.is_some() && self.generation.token_in_refresh == TokenInRefresh::Dropped {
            self.drop_token().await;
        }
        self.log_in().await
    }

    async fn drop_token(&self) {
        // Without a user this sends nothing, and so cannot fail.
        let _ = self.etcd.clone().update_user(None).await;
    }

    pub(super) async fn get(&self, key: &str, options: GetOptions) -> Result<GetResponse, Error> {
        self.unary(Repeat::Safe, || {
            let (mut kv, options) = (self.kv_client(), options.clone());
            async move { kv.get(key, Some(options)).await }
        })
        .await
    }

    pub(super) async fn txn(&self, txn: Txn) -> Result<TxnResponse, Error> {
        self.unary(Repeat::Unsafe, || {
            let (mut kv, txn) = (self.kv_client(), txn.clone());
            async move { kv.txn(txn).await }
        })
        .await
    }

    /// Makes a unary call, and repeats it where clientv3 does (v3.5.11 retry_interceptor.go, unaryClientInterceptor).
    async fn unary<T, C, F>(&self, repeat: Repeat, mut call: C) -> Result<T, Error>
    where
        C: FnMut() -> F,
        F: Future<Output = Result<T, etcd_client::Error>>,
    {
        let login = if self.credentials.is_some() { Login::Possible } else { Login::Impossible };
        let mut attempt = 1;
        loop {
            let error = match self.connection.call(&mut call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match unary::next(&error, repeat, self.generation, login) {
                Next::Return => return Err(error),
                Next::Repeat => {}
                Next::LogInAndRepeat => self.refresh().await?,
            }
            if attempt == unary::ATTEMPTS {
                return Err(error);
            }
            attempt += 1;
            sleep(unary::WAIT).await;
        }
    }
}

/// What a message above the limit is refused with (grpc-go v1.59.0 rpc_util.go, parser.recvMsg).
fn refuse(excess: Excess) -> Status {
    let Excess { message_bytes, limit_bytes } = excess;
    Status::resource_exhausted(format!(
        "grpc: received message larger than max ({message_bytes} vs. {limit_bytes})"
    ))
}
