//! The lease calls, and what happens when a lease ends.

use tokio::time::Instant;

use super::Member;
use crate::{
    auth::{Access, Authentication, Caller, Credential},
    lease::Renewal,
    proto::{
        LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse,
        LeaseLeasesResponse, LeaseRevokeRequest, LeaseRevokeResponse, LeaseStatus, LeaseTimeToLiveRequest,
        LeaseTimeToLiveResponse,
    },
    refusal::Refusal,
    release::Fact,
};

/// When a keep-alive is answered, and how.
#[derive(Clone, Debug, PartialEq)]
pub enum KeepAlive {
    /// At once.
    Now(LeaseKeepAliveResponse),
    /// When the lease has ended, which is at this moment: its time is over already, so nothing keeps it.
    At(Instant, LeaseKeepAliveResponse),
}

impl Member {
    /// Grants a lease, under an id of the member's choice if the request leaves it at 0.
    ///
    /// # Errors
    /// A caller who may not, a time that is too long, or an id that is taken. [`Refusal::NoSpace`] may come after the
    /// lease was granted.
    pub fn lease_grant(
        &mut self,
        credential: &Credential,
        request: &LeaseGrantRequest,
        now: Instant,
    ) -> Result<LeaseGrantResponse, Refusal> {
        self.check_quota(request, credential, now)?;
        self.admit_lease_call(credential, now)?;
        let id = if request.id == 0 { self.lessor.choose_id() } else { request.id };
        let request = LeaseGrantRequest { id, ..*request };
        self.admit_proposal(credential, &request, now)?;
        let fit = self.fit(&request)?;
        let granted = self.lessor.grant(request.id, request.ttl, now)?;
        let header = Some(self.header());
        let response =
            LeaseGrantResponse { header, id: granted.id, ttl: granted.ttl_s, error: String::new() };
        self.answer(response, fit, now)
    }

    /// Ends a lease and deletes its keys, in one revision.
    ///
    /// # Errors
    /// A caller who may not, or a lease that does not exist.
    pub fn lease_revoke(
        &mut self,
        credential: &Credential,
        request: &LeaseRevokeRequest,
        now: Instant,
    ) -> Result<LeaseRevokeResponse, Refusal> {
        self.admit_lease_call(credential, now)?;
        let caller = self.admit_proposal(credential, request, now)?;
        if !self.space.unguarded() {
            self.permit_lease(caller.as_ref(), request.id)?;
        }
        self.lessor.revoke(request.id)?;
        self.delete_keys_of(request.id, now);
        Ok(LeaseRevokeResponse { header: Some(self.header()) })
    }

    /// Gives a lease its whole time again. One that does not exist is answered with a time of 0, and not refused.
    /// Source: etcd v3.5.5 server/etcdserver/api/v3rpc/lease.go, `leaseKeepAlive`.
    ///
    /// # Errors
    /// A caller who may not; the stream of keep-alives ends with that.
    pub fn lease_keep_alive(
        &mut self,
        credential: &Credential,
        request: &LeaseKeepAliveRequest,
        now: Instant,
    ) -> Result<KeepAlive, Refusal> {
        if self.settings.release.holds(Fact::LeaseCallsChecked) {
            self.permit_lease_keys(credential, &[request.id], Access::Write, now)?;
        }
        let answer = |ttl| LeaseKeepAliveResponse { header: Some(self.header()), id: request.id, ttl };
        let ended = answer(0);
        Ok(match self.lessor.renew(request.id, now) {
            Renewal::Lives(ttl_s) => KeepAlive::Now(LeaseKeepAliveResponse { ttl: ttl_s, ..ended }),
            Renewal::Unknown => KeepAlive::Now(ended),
            Renewal::EndsAt(moment) => KeepAlive::At(moment, ended),
        })
    }

    /// How much time a lease has left, whole seconds, and its keys if asked for. One that does not exist is answered
    /// with a time of -1, and not refused.
    ///
    /// # Errors
    /// A caller who may not.
    pub fn lease_time_to_live(
        &mut self,
        credential: &Credential,
        request: &LeaseTimeToLiveRequest,
        now: Instant,
    ) -> Result<LeaseTimeToLiveResponse, Refusal> {
        self.admit_lease_call(credential, now)?;
        if request.keys && self.settings.release.holds(Fact::LeaseKeysChecked) {
            self.permit_lease_keys(credential, &[request.id], Access::Read, now)?;
        }
        let known = LeaseTimeToLiveResponse {
            header: Some(self.header()),
            id: request.id,
            ..LeaseTimeToLiveResponse::default()
        };
        let Some((left, granted_ttl)) = self.lessor.time_to_live(request.id, now) else {
            return Ok(LeaseTimeToLiveResponse { ttl: -1, ..known });
        };
        let ttl = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
        let keys = if request.keys { self.store.lease_keys(request.id) } else { Vec::new() };
        Ok(LeaseTimeToLiveResponse { ttl, granted_ttl, keys, ..known })
    }

    /// All leases, by when they end.
    ///
    /// # Errors
    /// A caller who may not: it takes leave to read every key of every lease.
    pub fn lease_leases(
        &mut self,
        credential: &Credential,
        now: Instant,
    ) -> Result<LeaseLeasesResponse, Refusal> {
        let ids = self.lessor.ids();
        if self.settings.release.holds(Fact::LeaseCallsChecked) {
            self.permit_lease_keys(credential, &ids, Access::Read, now)?;
        }
        let leases = ids.into_iter().map(|id| LeaseStatus { id }).collect();
        Ok(LeaseLeasesResponse { header: Some(self.header()), leases })
    }

    /// Ends the leases whose time is over: each with its keys, in one revision.
    pub(super) fn end_leases(&mut self, now: Instant) {
        let ended = self.lessor.take_ended(now);
        self.end_all(ended, now);
    }

    /// Ends the leases whose time is over after the member's process stood still since then.
    pub(super) fn resume_leases(&mut self, since: Instant, now: Instant) {
        let ended = self.lessor.take_overdue(since, now);
        self.end_all(ended, now);
    }

    fn end_all(&mut self, leases: Vec<i64>, now: Instant) {
        for id in leases {
            self.delete_keys_of(id, now);
            // etcd proposes the end of a lease as any other change.
            self.proposed(now);
        }
    }

    /// Whether a call about leases may be made at all.
    fn admit_lease_call(&mut self, credential: &Credential, now: Instant) -> Result<(), Refusal> {
        if self.settings.release.holds(Fact::LeaseCallsChecked) {
            self.authority.permit_known(credential, now)
        } else {
            Ok(())
        }
    }

    /// Whether a caller may do that to all keys of some leases. There must be a caller even if they have none.
    fn permit_lease_keys(
        &mut self,
        credential: &Credential,
        leases: &[i64],
        access: Access,
        now: Instant,
    ) -> Result<(), Refusal> {
        if self.authority.authentication() == Authentication::Off {
            return Ok(());
        }
        let caller = self.authority.identify(credential, now)?.ok_or(Refusal::UserEmpty)?;
        leases.iter().try_for_each(|lease| self.permit_keys_of(Some(&caller), *lease, access))
    }

    /// Whether a caller may do that to all keys of a lease.
    pub(super) fn permit_keys_of(
        &self,
        caller: Option<&Caller>,
        lease: i64,
        access: Access,
    ) -> Result<(), Refusal> {
        let release = self.settings.release;
        if release.holds(Fact::RootOwnsEveryLease) && self.authority.permit_administration(caller).is_ok() {
            return Ok(());
        }
        let keys = self.store.lease_keys(lease);
        keys.iter().try_for_each(|key| self.authority.permit(caller, key, &[], access))
    }
}
