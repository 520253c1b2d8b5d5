//! Ending the member's process, and starting it again on what it had written down; or letting it go on where it stood.

use tokio::time::Instant;

use super::Member;

/// How a member's process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to (SIGTERM): its tokens are lost, since they are in memory alone.
    Graceful,
    /// It was killed (SIGKILL): logins that it finds in its log again are good again.
    Killed,
}

impl Member {
    /// What is left of the member after its process ended and was started again at `now`: all data, one more term,
    /// and no watch. The connections are the server's to cut.
    pub fn restart(&mut self, ending: Ending, now: Instant) {
        self.raft_term += 1;
        self.hub.restart(self.raft_term);
        self.authority.restart(&self.settings, ending, now);
        self.lessor.restart(&self.settings, now);
    }

    /// Does what would have been done while the member's process stood still, from `since` to `now`.
    ///
    /// A round that fell into that time comes now, and goes by the present time: a timer that has run out tells when it
    /// is looked at. It finds what ended after the round was due, too.
    pub fn resume(&mut self, since: Instant, now: Instant) {
        self.authority.resume(since, now);
        self.resume_leases(since, now);
        self.advance(now);
    }
}
