//! The calls that log in, and that change users and roles.
//!
//! All but the login are proposals, and most take the role `root` while authentication is on. None of them touches
//! the revision of the keys: what counts them is the revision of [`crate::auth::Authority`].

use prost::Message;
use tokio::time::Instant;

use super::Member;
use crate::{
    auth::{Authentication, Caller, Credential},
    proto::{
        AuthDisableRequest, AuthDisableResponse, AuthEnableRequest, AuthEnableResponse, AuthRoleAddRequest,
        AuthRoleAddResponse, AuthRoleDeleteRequest, AuthRoleDeleteResponse, AuthRoleGetRequest,
        AuthRoleGetResponse, AuthRoleGrantPermissionRequest, AuthRoleGrantPermissionResponse,
        AuthRoleListRequest, AuthRoleListResponse, AuthRoleRevokePermissionRequest,
        AuthRoleRevokePermissionResponse, AuthStatusRequest, AuthStatusResponse, AuthUserAddRequest,
        AuthUserAddResponse, AuthUserChangePasswordRequest, AuthUserChangePasswordResponse,
        AuthUserDeleteRequest, AuthUserDeleteResponse, AuthUserGetRequest, AuthUserGetResponse,
        AuthUserGrantRoleRequest, AuthUserGrantRoleResponse, AuthUserListRequest, AuthUserListResponse,
        AuthUserRevokeRoleRequest, AuthUserRevokeRoleResponse, AuthenticateRequest, AuthenticateResponse,
    },
    refusal::Refusal,
    release::Fact,
};

/// Writes the calls that take the role `root`, change something, and answer with a header alone.
macro_rules! changes {
    ($($(#[$doc:meta])* $call:ident($request:ident: $Request:ident) -> $Response:ident by $change:expr;)*) => {
        impl Member {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// A caller who may not, and what is named there.
            pub fn $call(
                &mut self,
                credential: &Credential,
                $request: &$Request,
                now: Instant,
            ) -> Result<$Response, Refusal> {
                self.administer(credential, $request, now)?;
                let change: fn(&mut Self, &$Request) -> Result<(), Refusal> = $change;
                change(self, $request)?;
                Ok($Response { header: Some(self.header()) })
            }
        )*}
    };
}

changes! {
    /// Switches authentication on: [`crate::auth::Authority::switch_on`].
    auth_enable(request: AuthEnableRequest) -> AuthEnableResponse by |member, _| member.authority.switch_on();
    /// Switches authentication off: [`crate::auth::Authority::switch_off`].
    auth_disable(request: AuthDisableRequest) -> AuthDisableResponse by |member, _| {
        member.authority.switch_off();
        Ok(())
    };
    /// Removes a user: [`crate::auth::Authority::delete_user`].
    user_delete(request: AuthUserDeleteRequest) -> AuthUserDeleteResponse by
        |member, request| member.authority.delete_user(&request.name);
    /// Gives a user a role: [`crate::auth::Authority::grant_role`].
    user_grant_role(request: AuthUserGrantRoleRequest) -> AuthUserGrantRoleResponse by
        |member, request| member.authority.grant_role(&request.user, &request.role);
    /// Takes a role from a user: [`crate::auth::Authority::revoke_role`].
    user_revoke_role(request: AuthUserRevokeRoleRequest) -> AuthUserRevokeRoleResponse by
        |member, request| member.authority.revoke_role(&request.name, &request.role);
    /// Adds a role: [`crate::auth::Authority::add_role`].
    role_add(request: AuthRoleAddRequest) -> AuthRoleAddResponse by
        |member, request| member.authority.add_role(&request.name);
    /// Removes a role: [`crate::auth::Authority::delete_role`].
    role_delete(request: AuthRoleDeleteRequest) -> AuthRoleDeleteResponse by
        |member, request| member.authority.delete_role(&request.role);
    /// Adds a permission to a role: [`crate::auth::Authority::grant_permission`].
    role_grant_permission(request: AuthRoleGrantPermissionRequest) -> AuthRoleGrantPermissionResponse by
        |member, request| member.authority.grant_permission(&request.name, request.perm.as_ref());
    /// Takes a permission from a role: [`crate::auth::Authority::revoke_permission`].
    role_revoke_permission(request: AuthRoleRevokePermissionRequest) -> AuthRoleRevokePermissionResponse by
        |member, request| {
            member.authority.revoke_permission(&request.role, &request.key, &request.range_end)
        };
}

impl Member {
    /// Logs in. What token the call itself carries does not matter, not even if it is a bad one.
    ///
    /// # Errors
    /// [`crate::auth::Authority::check_password`].
    pub fn authenticate(
        &mut self,
        request: &AuthenticateRequest,
        now: Instant,
    ) -> Result<AuthenticateResponse, Refusal> {
        self.authority.check_password(&request.name, &request.password)?;
        // Applying a login writes nothing, so it does not count as written.
        self.raft_index += 1;
        let token = self.authority.assign_token(&request.name, self.raft_index, now);
        Ok(AuthenticateResponse { header: Some(self.header()), token })
    }

    /// Whether authentication is on, and the revision of the users and roles. Whether the release knows the call, the
    /// service has seen to.
    ///
    /// # Errors
    /// A caller who may not.
    pub fn auth_status(
        &mut self,
        credential: &Credential,
        request: &AuthStatusRequest,
        now: Instant,
    ) -> Result<AuthStatusResponse, Refusal> {
        let caller = self.admit_proposal(credential, request, now)?;
        if !self.settings.release.holds(Fact::AuthStatusOpen) {
            self.permit_root(caller.as_ref())?;
        }
        Ok(AuthStatusResponse {
            header: Some(self.header()),
            enabled: self.authority.authentication() == Authentication::On,
            auth_revision: self.authority.revision(),
        })
    }

    /// Adds a user.
    ///
    /// # Errors
    /// A password that cannot be taken, whoever brings it; a caller who may not; and
    /// [`crate::auth::Authority::add_user`].
    pub fn user_add(
        &mut self,
        credential: &Credential,
        request: &AuthUserAddRequest,
        now: Instant,
    ) -> Result<AuthUserAddResponse, Refusal> {
        if !request.options.is_some_and(|options| options.no_password) {
            self.authority.check_new_password(&request.password)?;
        }
        self.administer(credential, request, now)?;
        self.authority.add_user(request)?;
        Ok(AuthUserAddResponse { header: Some(self.header()) })
    }

    /// Gives a user another password.
    ///
    /// # Errors
    /// A password that cannot be taken, whoever brings it; a caller who may not; and
    /// [`crate::auth::Authority::change_password`].
    pub fn user_change_password(
        &mut self,
        credential: &Credential,
        request: &AuthUserChangePasswordRequest,
        now: Instant,
    ) -> Result<AuthUserChangePasswordResponse, Refusal> {
        self.authority.check_new_password(&request.password)?;
        self.administer(credential, request, now)?;
        self.authority.change_password(request)?;
        Ok(AuthUserChangePasswordResponse { header: Some(self.header()) })
    }

    /// The roles of a user. Everybody may ask for their own.
    ///
    /// # Errors
    /// A caller who may not, or a user who does not exist.
    pub fn user_get(
        &mut self,
        credential: &Credential,
        request: &AuthUserGetRequest,
        now: Instant,
    ) -> Result<AuthUserGetResponse, Refusal> {
        let caller = self.admit_proposal(credential, request, now)?;
        if let Err(refusal) = self.permit_root(caller.as_ref())
            && request.name != name_of(caller.as_ref())
        {
            return Err(refusal);
        }
        let roles = self.authority.roles_of(&request.name)?;
        Ok(AuthUserGetResponse { header: Some(self.header()), roles })
    }

    /// The names of all users.
    ///
    /// # Errors
    /// A caller who may not.
    pub fn user_list(
        &mut self,
        credential: &Credential,
        request: &AuthUserListRequest,
        now: Instant,
    ) -> Result<AuthUserListResponse, Refusal> {
        self.administer(credential, request, now)?;
        Ok(AuthUserListResponse { header: Some(self.header()), users: self.authority.user_names() })
    }

    /// The permissions of a role. Everybody may ask for those of a role they have.
    ///
    /// # Errors
    /// A caller who may not, or a role that does not exist.
    pub fn role_get(
        &mut self,
        credential: &Credential,
        request: &AuthRoleGetRequest,
        now: Instant,
    ) -> Result<AuthRoleGetResponse, Refusal> {
        let caller = self.admit_proposal(credential, request, now)?;
        if let Err(refusal) = self.permit_root(caller.as_ref())
            && !self.authority.has_role(name_of(caller.as_ref()), &request.role)
        {
            return Err(refusal);
        }
        let perm = self.authority.permissions_of(&request.role)?;
        Ok(AuthRoleGetResponse { header: Some(self.header()), perm })
    }

    /// The names of all roles.
    ///
    /// # Errors
    /// A caller who may not.
    pub fn role_list(
        &mut self,
        credential: &Credential,
        request: &AuthRoleListRequest,
        now: Instant,
    ) -> Result<AuthRoleListResponse, Refusal> {
        self.administer(credential, request, now)?;
        Ok(AuthRoleListResponse { header: Some(self.header()), roles: self.authority.role_names() })
    }

    /// Takes in a proposal that takes the role `root`. Source: etcd v3.5.5 server/etcdserver/apply_auth.go,
    /// `needAdminPermission`.
    fn administer(
        &mut self,
        credential: &Credential,
        request: &impl Message,
        now: Instant,
    ) -> Result<(), Refusal> {
        let caller = self.admit_proposal(credential, request, now)?;
        self.permit_root(caller.as_ref())
    }

    /// Whether a caller may do what takes the role `root`, asked when it is applied.
    fn permit_root(&self, caller: Option<&Caller>) -> Result<(), Refusal> {
        if self.space.unguarded() { Ok(()) } else { self.authority.permit_administration(caller) }
    }
}

/// A caller's name; nobody's is empty.
fn name_of(caller: Option<&Caller>) -> &str {
    caller.map_or("", |caller| caller.user.as_str())
}
