//! The users beside `root`, each with a role of its own name.

use etcd_client::{Client, Error, Permission};
use tonic::Code;

use super::authentication::is;
use crate::scenario::User;

/// Makes the users, their roles, and what these may do. Called again after it was cut short, it goes on.
///
/// Whoever is logged in by a signed token has to log in again: any change of users and roles makes it stale.
pub(crate) async fn make(client: &mut Client, users: &[User]) -> Result<(), Error> {
    for User { name, password, prefixes } in users {
        unless_there(client.user_add(&**name, &**password, None).await, "user name already exists")?;
        unless_there(client.role_add(&**name).await, "role name already exists")?;
        for prefix in prefixes {
            let permission = Permission::read_write(prefix.as_str()).with_prefix();
            client.role_grant_permission(&**name, permission).await?;
        }
        client.user_grant_role(&**name, &**name).await?;
    }
    Ok(())
}

fn unless_there<T>(made: Result<T, Error>, text: &str) -> Result<(), Error> {
    match made {
        Ok(_) => Ok(()),
        Err(error) if is(&error, Code::FailedPrecondition, text) => Ok(()),
        Err(error) => Err(error),
    }
}
