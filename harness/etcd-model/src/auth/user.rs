//! Users.
//!
//! Source: etcd v3.5.5 server/auth/store.go; that `root` cannot lose what lets it in as long as authentication is on
//! is checked before anything else.

use std::collections::BTreeSet;

use super::{
    Authentication, Authority,
    authority::ROOT,
    password::{self, Password},
};
use crate::{
    proto::{AuthUserAddRequest, AuthUserChangePasswordRequest},
    refusal::Refusal,
    release::Fact,
};

/// A user.
#[derive(Clone, Debug)]
pub(super) struct User {
    /// `None` for a user that was made without (`no_password`): it logs in by certificate, and never by name.
    pub(super) password: Option<Password>,
    pub(super) roles: BTreeSet<String>,
}

impl Authority {
    /// Whether a password can be taken at all. Asked before a change is proposed. Source: etcd v3.5.16
    /// server/etcdserver/v3_server.go, `UserAdd` and `UserChangePassword`, with the limit of
    /// golang.org/x/crypto/bcrypt.
    ///
    /// # Errors
    /// [`Refusal::PasswordTooLong`].
    pub fn check_new_password(&self, password: &str) -> Result<(), Refusal> {
        let refused = password::is_too_long(password) && self.release.holds(Fact::LongPasswordRefused);
        if refused { Err(Refusal::PasswordTooLong) } else { Ok(()) }
    }

    /// Adds a user. A hash in the request does not matter: the member makes its own.
    ///
    /// # Errors
    /// [`Refusal::UserEmpty`], [`Refusal::UserAlreadyExists`].
    pub fn add_user(&mut self, request: &AuthUserAddRequest) -> Result<(), Refusal> {
        if request.name.is_empty() {
            return Err(Refusal::UserEmpty);
        }
        if self.users.contains_key(&request.name) {
            return Err(Refusal::UserAlreadyExists);
        }
        let without = request.options.is_some_and(|options| options.no_password);
        let password = (!without).then(|| Password::of(&request.password));
        self.users.insert(request.name.clone(), User { password, roles: BTreeSet::new() });
        self.changed();
        Ok(())
    }

    /// Removes a user, and takes back its tokens.
    ///
    /// # Errors
    /// [`Refusal::InvalidAuthManagement`], [`Refusal::UserNotFound`].
    pub fn delete_user(&mut self, name: &str) -> Result<(), Refusal> {
        if self.authentication == Authentication::On && name == ROOT {
            return Err(Refusal::InvalidAuthManagement);
        }
        self.users.remove(name).ok_or(Refusal::UserNotFound)?;
        self.changed();
        self.tokens.drop_user(name);
        Ok(())
    }

    /// Gives a user another password, and takes back its tokens. A user without a password stays so. A hash in the
    /// request counts only without a password; no login is good after it, as [`Password::Unmatched`] says.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`], and [`Refusal::NoPasswordUser`] for a hash that is no base64.
    pub fn change_password(&mut self, request: &AuthUserChangePasswordRequest) -> Result<(), Refusal> {
        let user = self.users.get_mut(&request.name).ok_or(Refusal::UserNotFound)?;
        if let Some(password) = &mut user.password {
            let hash_counts =
                request.password.is_empty() && self.release.holds(Fact::EmptyNewPasswordLocksOut);
            *password = match hash_counts {
                true if !password::is_hash(&request.hashed_password) => return Err(Refusal::NoPasswordUser),
                true => Password::Unmatched,
                false => Password::of(&request.password),
            };
        }
        self.changed();
        self.tokens.drop_user(&request.name);
        Ok(())
    }

    /// Gives a user a role. The role `root` need not exist; one that the user has already changes nothing, not even
    /// the revision.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`], [`Refusal::RoleNotFound`].
    pub fn grant_role(&mut self, name: &str, role: &str) -> Result<(), Refusal> {
        let user = self.users.get_mut(name).ok_or(Refusal::UserNotFound)?;
        if role != ROOT && !self.roles.contains_key(role) {
            return Err(Refusal::RoleNotFound);
        }
        if user.roles.insert(role.to_owned()) {
            self.changed();
        }
        Ok(())
    }

    /// Takes a role from a user. The user's tokens stay good.
    ///
    /// # Errors
    /// [`Refusal::InvalidAuthManagement`], [`Refusal::UserNotFound`], [`Refusal::RoleNotGranted`].
    pub fn revoke_role(&mut self, name: &str, role: &str) -> Result<(), Refusal> {
        if self.authentication == Authentication::On && name == ROOT && role == ROOT {
            return Err(Refusal::InvalidAuthManagement);
        }
        let user = self.users.get_mut(name).ok_or(Refusal::UserNotFound)?;
        if !user.roles.remove(role) {
            return Err(Refusal::RoleNotGranted);
        }
        self.changed();
        Ok(())
    }

    /// The names of all users, in order.
    pub fn user_names(&self) -> Vec<String> {
        self.users.keys().cloned().collect()
    }

    /// The names of a user's roles, in order.
    ///
    /// # Errors
    /// [`Refusal::UserNotFound`].
    pub fn roles_of(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let user = self.users.get(name).ok_or(Refusal::UserNotFound)?;
        Ok(user.roles.iter().cloned().collect())
    }

    /// Whether there is a user of that name who has that role.
    pub fn has_role(&self, name: &str, role: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.roles.contains(role))
    }
}
