//! Switching authentication on, and telling that it is off.

use etcd_client::{Client, Error};
use tonic::Code;

use super::Credentials;

/// Makes a user, gives it the role `root`, and switches authentication on.
///
/// The role need not be created: the server knows it. Called again after it was cut short, it goes on.
pub(crate) async fn switch_on(client: &mut Client, credentials: &Credentials) -> Result<(), Error> {
    match client.user_add(&*credentials.user, &*credentials.password, None).await {
        Ok(_) => {}
        Err(error) if is(&error, Code::FailedPrecondition, "user name already exists") => {}
        Err(error) => return Err(error),
    }
    client.user_grant_role(&*credentials.user, "root").await?;
    client.auth_enable().await?;
    Ok(())
}

/// Whether a login was refused because authentication is off.
pub(super) fn is_off(error: &Error) -> bool {
    is(error, Code::FailedPrecondition, "authentication is not enabled")
}

/// Whether an error says this: etcd says what is wrong by code and text (etcd v3.5.5 api/v3rpc/rpctypes/error.go).
pub(super) fn is(error: &Error, code: Code, text: &str) -> bool {
    matches!(error, Error::GRpcStatus(status) if status.code() == code && status.message().contains(text))
}
