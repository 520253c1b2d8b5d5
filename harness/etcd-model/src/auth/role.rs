//! Roles, and the permissions in them.
//!
//! Source: etcd v3.5.5 server/auth/store.go.

use bytes::Bytes;

use super::{Authentication, Authority, authority::ROOT, grants};
use crate::{
    proto::{Permission, permission::Type},
    refusal::Refusal,
    release::Fact,
};

/// A role.
#[derive(Clone, Debug, Default)]
pub(super) struct Role {
    /// In order of their keys; those of one key in the order they were granted.
    pub(super) permissions: Vec<Permission>,
}

impl Authority {
    /// Adds a role without permissions.
    ///
    /// # Errors
    /// [`Refusal::RoleEmpty`], [`Refusal::RoleAlreadyExists`].
    pub fn add_role(&mut self, name: &str) -> Result<(), Refusal> {
        if name.is_empty() {
            return Err(Refusal::RoleEmpty);
        }
        if self.roles.contains_key(name) {
            return Err(Refusal::RoleAlreadyExists);
        }
        self.roles.insert(name.to_owned(), Role::default());
        self.changed();
        Ok(())
    }

    /// Removes a role, from its users too. Their tokens stay good.
    ///
    /// # Errors
    /// [`Refusal::InvalidAuthManagement`], [`Refusal::RoleNotFound`].
    pub fn delete_role(&mut self, name: &str) -> Result<(), Refusal> {
        if self.authentication == Authentication::On && name == ROOT {
            return Err(Refusal::InvalidAuthManagement);
        }
        self.roles.remove(name).ok_or(Refusal::RoleNotFound)?;
        for user in self.users.values_mut() {
            user.roles.remove(name);
        }
        self.changed();
        Ok(())
    }

    /// Adds a permission to a role, or changes the kind of the one on the same range. Only the first permission of a
    /// key is looked at for that, so a range can be there twice.
    ///
    /// # Errors
    /// [`Refusal::PermissionNotGiven`] (before 3.4.25 the server falls over it; this does not),
    /// [`Refusal::InvalidAuthManagement`] for a range that holds nothing, [`Refusal::RoleNotFound`].
    pub fn grant_permission(&mut self, name: &str, permission: Option<&Permission>) -> Result<(), Refusal> {
        let permission = permission.ok_or(Refusal::PermissionNotGiven)?;
        if !grants::can_hold(&permission.key, &permission.range_end)
            && self.release.holds(Fact::PermissionRangeChecked)
        {
            return Err(Refusal::InvalidAuthManagement);
        }
        let role = self.roles.get_mut(name).ok_or(Refusal::RoleNotFound)?;
        let place = role.permissions.partition_point(|held| held.key < permission.key);
        match role.permissions.get_mut(place) {
            Some(held) if is_on(held, &permission.key, &permission.range_end) => {
                held.perm_type = permission.perm_type;
            }
            _ => {
                let place = role.permissions.partition_point(|held| held.key <= permission.key);
                role.permissions.insert(place, permission.clone());
            }
        }
        self.changed();
        Ok(())
    }

    /// Takes the permission on a range from a role.
    ///
    /// # Errors
    /// [`Refusal::RoleNotFound`], [`Refusal::PermissionNotGranted`].
    pub fn revoke_permission(&mut self, name: &str, key: &[u8], range_end: &[u8]) -> Result<(), Refusal> {
        let role = self.roles.get_mut(name).ok_or(Refusal::RoleNotFound)?;
        let before = role.permissions.len();
        role.permissions.retain(|held| !is_on(held, key, range_end));
        if role.permissions.len() == before {
            return Err(Refusal::PermissionNotGranted);
        }
        self.changed();
        Ok(())
    }

    /// The names of all roles, in order.
    pub fn role_names(&self) -> Vec<String> {
        self.roles.keys().cloned().collect()
    }

    /// The permissions of a role.
    ///
    /// # Errors
    /// [`Refusal::RoleNotFound`].
    pub fn permissions_of(&self, name: &str) -> Result<Vec<Permission>, Refusal> {
        let role = self.roles.get(name).ok_or(Refusal::RoleNotFound)?;
        if name == ROOT && self.release.holds(Fact::RootRoleShowsItsPermission) {
            return Ok(vec![Permission {
                perm_type: Type::Readwrite.into(),
                key: Bytes::new(),
                range_end: Bytes::from_static(&[0]),
            }]);
        }
        Ok(role.permissions.clone())
    }
}

fn is_on(permission: &Permission, key: &[u8], range_end: &[u8]) -> bool {
    permission.key == key && permission.range_end == range_end
}
