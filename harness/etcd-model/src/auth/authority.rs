//! Who may do what.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::{Credential, grants::Grants, role::Role, token::Tokens, user::User};
use crate::{
    member::{Ending, Settings},
    refusal::Refusal,
    release::{Fact, Release},
};

/// The name of the user without whom authentication cannot be switched on, and of the role that may do everything.
pub(super) const ROOT: &str = "root";

/// Somebody who has shown a token that is still good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's name.
    pub user: String,
    /// The revision of the users and roles that the token stands for.
    pub revision: u64,
}

/// What a caller wants to do with a range of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// See keys and values.
    Read,
    /// Put and delete.
    Write,
}

/// Whether callers have to show who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// Anybody may do everything.
    Off,
    /// It takes a token, and permissions.
    On,
}

/// The users, roles and tokens of one member. Source: etcd v3.5.5 server/auth/store.go.
#[derive(Debug)]
pub struct Authority {
    pub(super) release: Release,
    pub(super) authentication: Authentication,
    /// How often users, roles and what they may do have changed, and authentication was switched off; from 1 on.
    pub(super) revision: u64,
    pub(super) users: BTreeMap<String, User>,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) tokens: Tokens,
}

/// The users and roles of some moment.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    authentication: Authentication,
    revision: u64,
    users: BTreeMap<String, User>,
    roles: BTreeMap<String, Role>,
}

impl Default for Accounts {
    /// Nobody, and authentication off.
    fn default() -> Self {
        let (users, roles) = (BTreeMap::new(), BTreeMap::new());
        Self { authentication: Authentication::Off, revision: 1, users, roles }
    }
}

impl Authority {
    /// Nobody yet, and authentication off, on a member that starts at `now`.
    pub fn new(settings: &Settings, now: Instant) -> Self {
        let Accounts { authentication, revision, users, roles } = Accounts::default();
        let tokens = Tokens::new(settings, now);
        Self { release: settings.release, authentication, revision, users, roles, tokens }
    }

    /// Who makes a call, or `None` if it shows no token; a good token lives on for its whole time from `now`.
    ///
    /// A simple token names the proposal it was issued by. etcd does not answer a call with a token of a proposal that
    /// is still to come until that has come ([`Self::awaited_index`]); this refuses it.
    ///
    /// # Errors
    /// [`Refusal::InvalidAuthToken`] for a token that is not known, or no longer.
    pub fn identify(&mut self, credential: &Credential, now: Instant) -> Result<Option<Caller>, Refusal> {
        let Some(token) = self.token_of(credential) else { return Ok(None) };
        match self.tokens.caller(token, self.revision, now) {
            Some(caller) => Ok(Some(caller)),
            None => Err(Refusal::InvalidAuthToken),
        }
    }

    /// The number of the proposal that must have been applied before etcd answers a call with this credential; most
    /// often it has been. Source: etcd v3.5.5 server/auth/simple_token.go, `isValidSimpleToken`.
    pub fn awaited_index(&self, credential: &Credential) -> Option<u64> {
        self.tokens.index_of(self.token_of(credential)?)
    }

    /// The token that a call shows, if anybody looks at it.
    fn token_of<'call>(&self, credential: &'call Credential) -> Option<&'call str> {
        let Credential::Token(token) = credential else { return None };
        if self.authentication == Authentication::Off && self.release.holds(Fact::TokenIgnoredWhileOff) {
            return None;
        }
        match token.strip_prefix("Bearer ") {
            Some(token) if self.release.holds(Fact::BearerTokenTaken) => Some(token),
            _ => Some(token),
        }
    }

    /// Whether `caller` may do that to every key of a range (an empty `range_end` is the key alone, a zero byte is
    /// everything from the key on). Anybody may, as long as authentication is off. Source: `isOpPermitted`.
    ///
    /// # Errors
    /// [`Refusal::UserEmpty`] without a caller, [`Refusal::AuthOldRevision`] (or as the release has it,
    /// [`Refusal::AuthOldRevisionUnmapped`]), [`Refusal::PermissionDenied`].
    pub fn permit(
        &self,
        caller: Option<&Caller>,
        key: &[u8],
        range_end: &[u8],
        access: Access,
    ) -> Result<(), Refusal> {
        if self.authentication == Authentication::Off {
            return Ok(());
        }
        let caller = caller.ok_or(Refusal::UserEmpty)?;
        if caller.revision < self.revision {
            return Err(self.old_revision());
        }
        let user = self.users.get(&caller.user).ok_or(Refusal::PermissionDenied)?;
        if user.roles.contains(ROOT) {
            return Ok(());
        }
        let roles = user.roles.iter().filter_map(|role| self.roles.get(role));
        let grants = Grants::of(roles.flat_map(|role| &role.permissions), access);
        if grants.cover(key, range_end) { Ok(()) } else { Err(Refusal::PermissionDenied) }
    }

    /// Whether what was read for a caller may be handed out: not to one of an old revision, not even while authentication
    /// is off, if somebody looked at the token then. Source: etcd v3.5.5 server/etcdserver/v3_server.go, `doSerialize`.
    ///
    /// # Errors
    /// [`Refusal::AuthOldRevision`], or as the release has it, [`Refusal::AuthOldRevisionUnmapped`].
    pub fn permit_answer(&self, caller: Option<&Caller>) -> Result<(), Refusal> {
        match caller {
            Some(caller) if caller.revision != self.revision => Err(self.old_revision()),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether `caller` may change users and roles, and compact: it takes the role `root`. Source:
    /// `IsAdminPermitted`, which does not mind a token of an old revision.
    ///
    /// # Errors
    /// [`Refusal::UserEmpty`] without a caller, [`Refusal::UserNotFound`], [`Refusal::PermissionDenied`].
    pub fn permit_administration(&self, caller: Option<&Caller>) -> Result<(), Refusal> {
        if self.authentication == Authentication::Off {
            return Ok(());
        }
        let user = &caller.filter(|caller| !caller.user.is_empty()).ok_or(Refusal::UserEmpty)?.user;
        let user = self.users.get(user).ok_or(Refusal::UserNotFound)?;
        if user.roles.contains(ROOT) { Ok(()) } else { Err(Refusal::PermissionDenied) }
    }

    /// Whether a call shows any good token at all, if it must. Source: etcd v3.5.28
    /// server/etcdserver/v3_server.go, `requireAuthInfo`.
    ///
    /// # Errors
    /// [`Refusal::InvalidAuthToken`], and [`Refusal::UserEmpty`] without a token.
    pub fn permit_known(&mut self, credential: &Credential, now: Instant) -> Result<(), Refusal> {
        if self.authentication == Authentication::Off {
            return Ok(());
        }
        self.identify(credential, now)?.map(|_| ()).ok_or(Refusal::UserEmpty)
    }

    /// Whether callers have to show who they are.
    pub const fn authentication(&self) -> Authentication {
        self.authentication
    }

    /// The revision of the users and roles.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes note that a proposal is carried out, which leaves logins made before it behind on a member that is killed.
    pub fn written(&mut self, now: Instant) {
        self.tokens.written(now);
    }

    /// The users and roles that there are, to be brought back later.
    pub(crate) fn saved(&self) -> Accounts {
        Accounts {
            authentication: self.authentication,
            revision: self.revision,
            users: self.users.clone(),
            roles: self.roles.clone(),
        }
    }

    /// Has the users and roles of an earlier time, or none.
    pub(crate) fn restore(&mut self, saved: Accounts) {
        let Accounts { authentication, revision, users, roles } = saved;
        (self.authentication, self.revision) = (authentication, revision);
        (self.users, self.roles) = (users, roles);
    }

    /// Forgets what does not outlive the member's process, which ended so and starts again at `now`. Source:
    /// `NewAuthStore`.
    pub fn restart(&mut self, settings: &Settings, ending: Ending, now: Instant) {
        self.tokens.restart(settings, ending, now);
    }

    /// Does what a sweep would have done while the member's process stood still, from `since` to `now`.
    pub fn resume(&mut self, since: Instant, now: Instant) {
        self.tokens.resume(since, now);
    }

    /// When the tokens next change of themselves, if they do.
    pub fn due(&self) -> Option<Instant> {
        self.tokens.due()
    }

    /// Does what is due at `now`: drops tokens whose time is over.
    pub fn advance(&mut self, now: Instant) {
        self.tokens.advance(now);
    }

    /// What a caller of an old revision is told.
    fn old_revision(&self) -> Refusal {
        if self.release.holds(Fact::OldRevisionHasCode) {
            Refusal::AuthOldRevision
        } else {
            Refusal::AuthOldRevisionUnmapped
        }
    }

    /// Counts a change of the users and roles.
    pub(super) fn changed(&mut self) {
        self.revision += 1;
    }
}
