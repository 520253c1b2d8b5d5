//! A client of `etcd-client`'s, opened as the harness asks: what a queue of one's own is mostly built on.

use etcd_client::{Channel, Client, ConnectOptions, Error};

use super::{Opening, receive_limit, resilient};
use crate::etcd::Credentials;

impl Opening {
    /// Opens a client where the harness says, as whom it says, and with the limit it says.
    ///
    /// This is `Client::connect` without endpoints, which do not exist where everything lives in this process. Without
    /// options the client is `etcd-client`'s default; the user and its password are added to them.
    ///
    /// # Errors
    /// Those of `Client::connect`: above all a login that was refused.
    pub async fn connect(self, options: Option<ConnectOptions>) -> Result<Client, Error> {
        let Self { address, others: _, credentials, receive_limit_bytes, clock: _ } = self;
        let channel = match receive_limit_bytes {
            None => Channel::Tonic(address.channel()),
            Some(limit_bytes) => receive_limit::limited(address.channel(), limit_bytes, resilient::refuse),
        };
        let options = match credentials {
            Some(Credentials { user, password }) => {
                Some(options.unwrap_or_default().with_user(user, password))
            }
            None => options,
        };
        Client::from_channel(channel, options).await
    }
}
