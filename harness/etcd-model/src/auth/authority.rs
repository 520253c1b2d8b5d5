//! Who may do what.

use tokio::time::Instant;

use super::Credential;
use crate::{member::Ending, refusal::Refusal};

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

/// The users, roles and tokens of one member.
#[derive(Debug, Default)]
pub struct Authority {}

impl Authority {
    /// Who makes a call, or `None` if it shows no token; a good token lives on for its whole time from `now`.
    ///
    /// # Errors
    /// [`Refusal::InvalidAuthToken`] for a token that is not known, or no longer.
    pub fn identify(&mut self, credential: &Credential, now: Instant) -> Result<Option<Caller>, Refusal> {
        let _ = (credential, now);
        Ok(None)
    }

    /// Whether `caller` may do that to every key of a range (an empty `range_end` is the key alone, a zero byte is
    /// everything from the key on). Anybody may, as long as authentication is off.
    ///
    /// # Errors
    /// [`Refusal::UserEmpty`] without a caller, [`Refusal::AuthOldRevision`], [`Refusal::PermissionDenied`].
    pub fn permit(
        &self,
        caller: Option<&Caller>,
        key: &[u8],
        range_end: &[u8],
        access: Access,
    ) -> Result<(), Refusal> {
        let _ = (caller, key, range_end, access);
        Ok(())
    }

    /// Whether `caller` may change users and roles, and compact.
    ///
    /// # Errors
    /// As [`Self::permit`].
    pub fn permit_administration(&self, caller: Option<&Caller>) -> Result<(), Refusal> {
        let _ = caller;
        Ok(())
    }

    /// Forgets what does not outlive the member's process, which ended so and starts again at `now`.
    pub fn restart(&mut self, ending: Ending, now: Instant) {
        let _ = (ending, now);
    }

    /// When tokens are next looked through, if there are any.
    pub fn due(&self) -> Option<Instant> {
        None
    }
}
