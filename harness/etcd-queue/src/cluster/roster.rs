//! Which member is asked next, and how long one may take to answer. Pure: times come in, choices go out; the
//! edge in `send.rs` does all that waits.
//!
//! Requests stay with one member as long as it serves. One that fails is left alone for a while, longer each time,
//! and the next one in line takes its place. Nothing goes back to a member that is well again: the one in use serves
//! as well, and each change costs streams and logins. Where all are left alone, the one whose time ends first is
//! asked: no member is ever given up.

use std::time::Duration;

use tokio::time::Instant;

/// How long a member that refuses connections is left alone: it may be back any moment, and asking it costs little.
const UNREACHABLE_FOR: Doubling =
    Doubling { first: Duration::from_secs(1), longest: Duration::from_secs(30) };
/// How long one that does not answer is left alone: asking it costs a whole patience.
const SILENT_FOR: Doubling = Doubling { first: Duration::from_secs(5), longest: Duration::from_secs(60) };

/// A time that doubles with each failure in a row.
struct Doubling {
    first: Duration,
    longest: Duration,
}

impl Doubling {
    fn after(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// A member's place in the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemberId(pub(crate) usize);

/// What is wrong with a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It refuses the connection, ends it, or says that it cannot serve.
    Unreachable,
    /// It takes requests and does not answer.
    Silent,
}

#[derive(Clone, Debug, Default)]
struct Standing {
    /// How often it has failed since it last answered.
    failures: u32,
    left_alone_until: Option<Instant>,
}

impl Standing {
    fn is_left_alone(&self, now: Instant) -> bool {
        self.left_alone_until.is_some_and(|until| now < until)
    }
}

/// The members, and how they have served.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    members: Vec<Standing>,
    current: usize,
    moves: u64,
}

/// The members that one request was sent to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried(Vec<MemberId>);

impl Tried {
    pub(crate) fn add(&mut self, member: MemberId) {
        self.0.push(member);
    }
}

impl Roster {
    /// All are well; `first` is asked first.
    pub(crate) fn new(members: usize, first: usize) -> Self {
        let members = members.max(1);
        Self {
            members: vec![Standing::default(); members],
            current: first.checked_rem(members).unwrap_or(0),
            moves: 0,
        }
    }

    /// The member to send to: the one in use, or the next in line that is neither left alone nor tried. If there is
    /// none, the one of those left alone whose time ends first. None if all were tried.
    pub(crate) fn next(&mut self, tried: &Tried, now: Instant) -> Option<MemberId> {
        let in_line = (0..self.members.len()).map(|step| (self.current + step) % self.members.len());
        let untried = in_line.filter(|member| !tried.0.contains(&MemberId(*member)));
        // The first of the least: of those not left alone the first in line.
        let left = |member: &usize| {
            let until = self.members.get(*member).and_then(|standing| standing.left_alone_until);
            until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
        };
        let next = untried.min_by_key(left)?;
        if next != self.current && left(&next).is_zero() {
            self.moves += 1;
        }
        self.current = next;
        Some(MemberId(next))
    }

    /// How often another member was moved to that was not left alone.
    pub(crate) fn moves(&self) -> u64 {
        self.moves
    }

    pub(crate) fn is_left_alone(&self, member: MemberId, now: Instant) -> bool {
        self.members.get(member.0).is_some_and(|standing| standing.is_left_alone(now))
    }

    /// A member has answered, whatever it said.
    pub(crate) fn answered(&mut self, member: MemberId) {
        if let Some(standing) = self.members.get_mut(member.0) {
            *standing = Standing::default();
        }
    }

    /// A member has failed. What fails while it is left alone was sent before, and tells nothing new.
    pub(crate) fn failed(&mut self, member: MemberId, trouble: Trouble, now: Instant) {
        let Some(standing) = self.members.get_mut(member.0) else { return };
        if standing.is_left_alone(now) {
            return;
        }
        standing.failures = standing.failures.saturating_add(1);
        let rest = match trouble {
            Trouble::Unreachable => &UNREACHABLE_FOR,
            Trouble::Silent => &SILENT_FOR,
        };
        standing.left_alone_until = Some(now + rest.after(standing.failures));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: MemberId = MemberId(0);
    const B: MemberId = MemberId(1);
    const C: MemberId = MemberId(2);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn next(roster: &mut Roster, now: Instant) -> Option<MemberId> {
        roster.next(&Tried::default(), now)
    }

    fn tried(members: &[MemberId]) -> Tried {
        Tried(members.to_vec())
    }

    #[test]
    fn requests_stay_with_the_member_that_serves() {
        let (mut roster, now) = (Roster::new(3, 1), Instant::now());
        for after in [0, 1, 100] {
            assert_eq!(next(&mut roster, now + secs(after)), Some(B));
            roster.answered(B);
        }
    }

    #[test]
    fn a_member_that_fails_is_followed_by_the_next_and_not_returned_to() {
        let (mut roster, now) = (Roster::new(3, 1), Instant::now());
        roster.failed(B, Trouble::Unreachable, now);
        assert_eq!(next(&mut roster, now), Some(C));
        assert_eq!(next(&mut roster, now + secs(3_600)), Some(C));
    }

    #[test]
    fn one_request_tries_every_member_once_and_then_none() {
        let (mut roster, now) = (Roster::new(3, 2), Instant::now());
        let mut sent = Tried::default();
        let mut order = Vec::new();
        while let Some(member) = roster.next(&sent, now) {
            order.push(member);
            sent.add(member);
            roster.failed(member, Trouble::Unreachable, now);
        }
        assert_eq!(order, [C, A, B]);
    }

    #[test]
    fn a_member_left_alone_is_passed_over() {
        let (mut roster, now) = (Roster::new(3, 0), Instant::now());
        roster.failed(B, Trouble::Silent, now);
        roster.failed(A, Trouble::Unreachable, now);
        assert_eq!(next(&mut roster, now), Some(C));
    }

    #[test]
    fn where_all_are_left_alone_the_one_whose_time_ends_first_is_asked() {
        let (mut roster, now) = (Roster::new(3, 0), Instant::now());
        roster.failed(A, Trouble::Silent, now);
        roster.failed(B, Trouble::Silent, now + secs(1));
        roster.failed(C, Trouble::Unreachable, now + secs(1));
        assert_eq!(next(&mut roster, now + secs(1)), Some(C));
        assert_eq!(roster.next(&tried(&[C]), now + secs(1)), Some(A));
    }

    #[test]
    fn only_going_to_a_member_that_is_not_left_alone_counts_as_a_move() {
        let (mut roster, now) = (Roster::new(2, 0), Instant::now());
        next(&mut roster, now);
        assert_eq!(roster.moves(), 0);
        roster.failed(A, Trouble::Silent, now);
        assert_eq!((next(&mut roster, now), roster.moves()), (Some(B), 1));
        roster.failed(B, Trouble::Silent, now + secs(1));
        assert_eq!((next(&mut roster, now + secs(1)), roster.moves()), (Some(A), 1));
    }

    #[test]
    fn of_several_that_are_well_the_next_in_line_is_asked() {
        let (mut roster, now) = (Roster::new(3, 0), Instant::now());
        assert_eq!(roster.next(&tried(&[A]), now), Some(B));
    }

    #[test]
    fn a_lone_member_is_asked_however_often_it_has_failed() {
        let (mut roster, now) = (Roster::new(1, 0), Instant::now());
        roster.failed(A, Trouble::Silent, now);
        assert_eq!(next(&mut roster, now), Some(A));
    }

    /// For how long a member is passed over after its last failure.
    fn left_alone_for(trouble: Trouble, failures: u32) -> Duration {
        let (mut roster, mut now) = (Roster::new(2, 0), Instant::now());
        for _ in 1..failures {
            roster.failed(A, trouble, now);
            now += secs(1_000);
        }
        roster.failed(A, trouble, now);
        let is_left = |after: &u64| roster.is_left_alone(A, now + Duration::from_millis(*after));
        Duration::from_millis((0..200_000).step_by(500).take_while(is_left).count() as u64 * 500)
    }

    #[test]
    fn it_is_left_alone_longer_each_time_and_longest_where_it_is_silent() {
        let times = |trouble| [1, 2, 3, 9].map(|failures| left_alone_for(trouble, failures));
        assert_eq!(times(Trouble::Unreachable), [1, 2, 4, 30].map(secs));
        assert_eq!(times(Trouble::Silent), [5, 10, 20, 60].map(secs));
    }

    #[test]
    fn an_answer_makes_up_for_all_failures() {
        let (mut roster, now) = (Roster::new(2, 0), Instant::now());
        roster.failed(A, Trouble::Silent, now);
        roster.answered(A);
        assert!(!roster.is_left_alone(A, now));
        roster.failed(A, Trouble::Silent, now);
        assert!(!roster.is_left_alone(A, now + secs(5)));
    }

    #[test]
    fn requests_that_fail_together_count_as_one_failure() {
        let (mut roster, now) = (Roster::new(2, 0), Instant::now());
        for _ in 0..64 {
            roster.failed(A, Trouble::Silent, now);
        }
        assert!(!roster.is_left_alone(A, now + secs(5)));
    }
}
