//! Switching authentication on and off, and logging in.

use tokio::time::Instant;

use super::{Authentication, Authority, authority::ROOT};
use crate::refusal::Refusal;

impl Authority {
    /// Switches authentication on. If it is on already, nothing happens; the revision stays as it is either way.
    /// Source: etcd v3.5.5 server/auth/store.go, `AuthEnable`.
    ///
    /// # Errors
    /// [`Refusal::RootUserNotExist`] and [`Refusal::RootRoleNotExist`]: somebody must be able to switch it off again.
    pub fn switch_on(&mut self) -> Result<(), Refusal> {
        if self.authentication == Authentication::On {
            return Ok(());
        }
        let root = self.users.get(ROOT).ok_or(Refusal::RootUserNotExist)?;
        if !root.roles.contains(ROOT) {
            return Err(Refusal::RootRoleNotExist);
        }
        self.authentication = Authentication::On;
        Ok(())
    }

    /// Switches authentication off, and takes back all tokens that can be taken back. If it is off already, nothing
    /// happens. Source: `AuthDisable`.
    pub fn switch_off(&mut self) {
        if self.authentication == Authentication::Off {
            return;
        }
        self.changed();
        self.authentication = Authentication::Off;
        self.tokens.drop_all();
    }

    /// Whether a login is good. It is asked before the login is proposed. Source: `CheckPassword`.
    ///
    /// # Errors
    /// [`Refusal::AuthNotEnabled`]; [`Refusal::AuthFailed`], which does not tell a wrong password from a user that
    /// does not exist; [`Refusal::NoPasswordUser`].
    pub fn check_password(&self, name: &str, password: &str) -> Result<(), Refusal> {
        if self.authentication == Authentication::Off {
            return Err(Refusal::AuthNotEnabled);
        }
        let user = self.users.get(name).ok_or(Refusal::AuthFailed)?;
        let known = user.password.as_ref().ok_or(Refusal::NoPasswordUser)?;
        if known.matches(password) { Ok(()) } else { Err(Refusal::AuthFailed) }
    }

    /// A new token for a user whose login is good, and is the proposal of number `index`.
    pub fn assign_token(&mut self, name: &str, index: u64, now: Instant) -> String {
        self.tokens.assign(name, index, self.revision, now)
    }
}
