//! The cluster and its upkeep: status, alarms, the list of members.
//!
//! The one alarm that can be raised is that the quota is used up: there is no disk that could rot.

use tokio::time::Instant;

use super::{CLUSTER_ID, MEMBER_ID, Member, space};
use crate::{
    auth::Credential,
    proto::{
        self, AlarmMember, AlarmRequest, AlarmResponse, AlarmType, DefragmentResponse, DowngradeInfo,
        MemberListRequest, MemberListResponse, MemberUpdateRequest, MemberUpdateResponse, MoveLeaderRequest,
        MoveLeaderResponse, ResponseHeader, StatusResponse, alarm_request::AlarmAction,
    },
    refusal::Refusal,
    release::Fact,
};

impl Member {
    /// How the member is.
    ///
    /// # Errors
    /// A caller who may not.
    pub fn status(&mut self, credential: &Credential, now: Instant) -> Result<StatusResponse, Refusal> {
        let release = self.settings.release;
        if release.holds(Fact::StatusNeedsRoot) {
            self.permit_upkeep(credential, now)?;
        } else if release.holds(Fact::StatusNeedsToken) {
            self.authority.permit_known(credential, now)?;
        }
        let status = StatusResponse {
            header: Some(self.header()),
            version: release.to_string(),
            db_size: signed(self.space.committed_bytes(now)),
            db_size_in_use: signed(space::in_use_bytes(self.store.size_bytes())),
            leader: MEMBER_ID,
            raft_index: self.raft_index,
            raft_applied_index: self.raft_index,
            raft_term: self.raft_term,
            errors: self.alarms_told(),
            ..StatusResponse::default()
        };
        if !release.holds(Fact::StatusTellsStorage) {
            return Ok(status);
        }
        Ok(StatusResponse {
            storage_version: format!("{}.{}.0", release.major, release.minor),
            db_size_quota: self.settings.quota_bytes.map_or(-1, signed),
            downgrade_info: Some(DowngradeInfo::default()),
            ..status
        })
    }

    /// The alarms as the status has them: messages of protobuf as Go shows them.
    fn alarms_told(&self) -> Vec<String> {
        let end = if self.settings.release.holds(Fact::AlarmToldWithoutSpace) { "" } else { " " };
        self.space.alarms().iter().map(|member| format!("memberID:{member} alarm:NOSPACE{end}")).collect()
    }

    /// The alarms that are raised; raising and clearing that of the quota. [`None`] for any other that would be raised.
    ///
    /// # Errors
    /// A caller who may not.
    pub fn alarm(
        &mut self,
        credential: &Credential,
        request: &AlarmRequest,
        now: Instant,
    ) -> Result<Option<AlarmResponse>, Refusal> {
        let release = self.settings.release;
        let (needs_root, needs_token) = match request.action() {
            AlarmAction::Get => (Fact::AlarmListNeedsRoot, Some(Fact::AlarmListNeedsToken)),
            AlarmAction::Activate | AlarmAction::Deactivate => (Fact::AlarmChangeNeedsRoot, None),
        };
        if release.holds(needs_root) {
            self.permit_upkeep(credential, now)?;
        } else if needs_token.is_some_and(|fact| release.holds(fact)) {
            self.authority.permit_known(credential, now)?;
        }
        let activated = request.action() == AlarmAction::Activate;
        if activated && !matches!(request.alarm(), AlarmType::None | AlarmType::Nospace) {
            return Ok(None);
        }
        self.admit_proposal(credential, request, now)?;
        let members: Vec<u64> = match (request.action(), request.alarm()) {
            (AlarmAction::Get, AlarmType::None | AlarmType::Nospace) => {
                self.space.alarms().iter().copied().collect()
            }
            (AlarmAction::Activate, AlarmType::Nospace) => {
                self.space.raise(request.member_id);
                vec![request.member_id]
            }
            (AlarmAction::Deactivate, AlarmType::Nospace) if self.space.clear(request.member_id) => {
                vec![request.member_id]
            }
            _ => Vec::new(),
        };
        let alarm = AlarmType::Nospace.into();
        let alarms = members.into_iter().map(|member_id| AlarmMember { member_id, alarm }).collect();
        Ok(Some(AlarmResponse { header: Some(self.header()), alarms }))
    }

    /// Gives back what a compaction has freed of the database.
    ///
    /// # Errors
    /// A caller who may not.
    pub fn defragment(
        &mut self,
        credential: &Credential,
        now: Instant,
    ) -> Result<DefragmentResponse, Refusal> {
        self.permit_upkeep(credential, now)?;
        self.release_space();
        Ok(DefragmentResponse { header: None })
    }

    /// Hands the leadership to a member, which can only be the one that has it.
    ///
    /// # Errors
    /// A caller who may not, and a member that is not there.
    pub fn move_leader(
        &mut self,
        credential: &Credential,
        request: MoveLeaderRequest,
        now: Instant,
    ) -> Result<MoveLeaderResponse, Refusal> {
        if self.settings.release.holds(Fact::MoveLeaderNeedsRoot) {
            self.permit_upkeep(credential, now)?;
        }
        if request.target_id == MEMBER_ID {
            Ok(MoveLeaderResponse { header: None })
        } else {
            Err(Refusal::BadLeaderTransferee)
        }
    }

    /// Why a member cannot be removed: it is not there, or it is the last.
    pub fn member_remove(&mut self, credential: &Credential, id: u64, now: Instant) -> Refusal {
        self.refusal_of_change(credential, id, Refusal::NotEnoughStartedMembers, now)
    }

    /// Why a member cannot be made one that votes: it is not there, or it votes already.
    pub fn member_promote(&mut self, credential: &Credential, id: u64, now: Instant) -> Refusal {
        self.refusal_of_change(credential, id, Refusal::MemberNotLearner, now)
    }

    /// Gives a member other addresses for its peers, and tells of all members.
    ///
    /// # Errors
    /// A caller who may not, and a member that is not there.
    pub fn member_update(
        &mut self,
        credential: &Credential,
        request: MemberUpdateRequest,
        now: Instant,
    ) -> Result<MemberUpdateResponse, Refusal> {
        self.permit_upkeep(credential, now)?;
        if request.id != MEMBER_ID {
            return Err(Refusal::MemberNotFound);
        }
        self.peer_urls = request.peer_ur_ls;
        self.proposed(now);
        Ok(MemberUpdateResponse { header: Some(self.header_of_members()), members: vec![self.as_listed()] })
    }

    /// Source: etcd v3.5.5 server/etcdserver/server.go, `checkMembershipOperationPermission`.
    fn refusal_of_change(
        &mut self,
        credential: &Credential,
        id: u64,
        of_own: Refusal,
        now: Instant,
    ) -> Refusal {
        match self.permit_upkeep(credential, now) {
            Err(refusal) => refusal,
            Ok(()) if id == MEMBER_ID => of_own,
            Ok(()) => Refusal::MemberNotFound,
        }
    }

    /// The one member, at the ports it serves, or at the address that etcd has by default. The header tells no
    /// revision.
    ///
    /// # Errors
    /// A caller who may not.
    pub fn member_list(
        &mut self,
        credential: &Credential,
        _request: &MemberListRequest,
        now: Instant,
    ) -> Result<MemberListResponse, Refusal> {
        if self.settings.release.holds(Fact::MemberListNeedsToken) {
            self.authority.permit_known(credential, now)?;
        }
        Ok(MemberListResponse { header: Some(self.header_of_members()), members: vec![self.as_listed()] })
    }

    fn header_of_members(&self) -> ResponseHeader {
        ResponseHeader {
            cluster_id: CLUSTER_ID,
            member_id: MEMBER_ID,
            raft_term: self.raft_term,
            ..ResponseHeader::default()
        }
    }

    /// The member as the list of all has it.
    fn as_listed(&self) -> proto::Member {
        let client_urls = match self.client_urls.as_slice() {
            [] => vec!["http://localhost:2379".to_owned()],
            urls => urls.to_vec(),
        };
        proto::Member {
            id: MEMBER_ID,
            name: "default".to_owned(),
            peer_ur_ls: self.peer_urls.clone(),
            client_ur_ls: client_urls,
            is_learner: false,
        }
    }

    /// Source: etcd v3.5.28 server/etcdserver/api/v3rpc/maintenance.go, `isAuthenticated`.
    fn permit_upkeep(&mut self, credential: &Credential, now: Instant) -> Result<(), Refusal> {
        let caller = self.authority.identify(credential, now)?;
        self.authority.permit_administration(caller.as_ref())
    }
}

/// Bytes as protobuf has them.
fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
