//! How long an answer is waited for before a request is settled through another member. Pure.
//!
//! Where there is another member to ask, giving an answer up early is safe: what became of the request is settled
//! by its slot, and a wrong guess costs one request. So the time is that of TCP's retransmission timer (RFC 6298):
//! what answers usually take and four times how much that varies, twice as long after each guess too many. The first
//! few guesses are not doubled: a member forwards to a leader that has just died until the next one is elected, which
//! takes one or two seconds, and what it forwarded is never answered in time.

use std::time::Duration;

use tokio::time::Instant;

/// No shorter: a leader's disk, or a busy machine, may take so long for once.
const SHORTEST: Duration = Duration::from_millis(600);
/// A listing of many keys takes its time.
const SHORTEST_READ: Duration = Duration::from_secs(2);
/// So many in a row are given up after the same time; an election is over by then.
const UNDOUBLED: u32 = 4;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A transaction, a write, a small read: it takes what such requests usually take.
    Usual,
    /// A read that may bring much.
    Listing,
    /// A change that could not be settled: it is waited for to the end.
    Unsettleable,
}

/// What answers usually take.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patience {
    usual: Option<Usual>,
    /// How many answers were given up since the last one came.
    given_up: u32,
    given_up_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Usual {
    mean: Duration,
    deviation: Duration,
}

impl Patience {
    /// How long to wait for the answer to what is sent now, `limit` at most.
    pub(crate) fn time(&self, ask: Ask, limit: Duration) -> Duration {
        let shortest = match ask {
            Ask::Usual => SHORTEST,
            Ask::Listing => SHORTEST_READ,
            Ask::Unsettleable => return limit,
        };
        let usual = self.usual.map_or(Duration::ZERO, |usual| usual.mean + 4 * usual.deviation);
        let doublings = self.given_up.saturating_sub(UNDOUBLED - 1).min(16);
        usual.max(shortest).saturating_mul(2_u32.saturating_pow(doublings)).min(limit)
    }

    /// An answer came after so long. What listings take says nothing of other requests.
    pub(crate) fn answered(&mut self, ask: Ask, after: Duration) {
        self.given_up = 0;
        if ask == Ask::Listing {
            return;
        }
        self.usual = Some(match self.usual {
            None => Usual { mean: after, deviation: after / 2 },
            Some(Usual { mean, deviation }) => {
                Usual { mean: (7 * mean + after) / 8, deviation: (3 * deviation + mean.abs_diff(after)) / 4 }
            }
        });
    }

    /// The answer to what was sent then is given up. Requests that were under way together count once.
    pub(crate) fn gave_up(&mut self, sent: Instant, now: Instant) {
        if self.given_up_at.is_none_or(|last| last <= sent) {
            self.given_up = self.given_up.saturating_add(1);
            self.given_up_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn after(answers: impl IntoIterator<Item = Duration>) -> Patience {
        let mut patience = Patience::default();
        answers.into_iter().for_each(|answer| patience.answered(Ask::Usual, answer));
        patience
    }

    #[test]
    fn quick_answers_make_for_the_shortest_patience() {
        assert_eq!(Patience::default().time(Ask::Usual, LIMIT), SHORTEST);
        assert_eq!(after([ms(2); 100]).time(Ask::Usual, LIMIT), SHORTEST);
        assert_eq!(after([ms(2); 100]).time(Ask::Listing, LIMIT), SHORTEST_READ);
    }

    #[test]
    fn slow_answers_make_for_a_longer_one_and_varying_ones_for_a_longer_one_still() {
        let steady = after([ms(900); 100]).time(Ask::Usual, LIMIT);
        assert!((ms(900)..ms(1_000)).contains(&steady), "{steady:?}");
        let varying = after((0..100).map(|n| ms(600 + 600 * (n % 2)))).time(Ask::Usual, LIMIT);
        assert!(varying > ms(1_800), "{varying:?}");
    }

    #[test]
    fn an_election_is_sat_out_at_the_same_pace_and_anything_longer_at_half_of_it() {
        let (mut patience, mut now) = (after([ms(2); 100]), Instant::now());
        let mut times = Vec::new();
        for _ in 0..9 {
            let time = patience.time(Ask::Usual, LIMIT);
            times.push(time.as_millis());
            patience.gave_up(now, now + time);
            now += time;
        }
        assert_eq!(times, [600, 600, 600, 600, 1_200, 2_400, 4_800, 5_000, 5_000]);
        patience.answered(Ask::Usual, ms(2));
        assert_eq!(patience.time(Ask::Usual, LIMIT), SHORTEST);
    }

    #[test]
    fn requests_that_are_given_up_together_count_once() {
        let (mut patience, sent) = (after([ms(2); 100]), Instant::now());
        for n in 0..64 {
            patience.gave_up(sent, sent + SHORTEST + ms(n));
        }
        assert_eq!(patience.time(Ask::Usual, LIMIT), SHORTEST);
    }

    #[test]
    fn what_could_not_be_settled_is_waited_for_to_the_end() {
        assert_eq!(after([ms(2); 100]).time(Ask::Unsettleable, LIMIT), LIMIT);
    }

    #[test]
    fn a_long_listing_does_not_slow_everything_else_down() {
        let mut patience = after([ms(2); 100]);
        patience.answered(Ask::Listing, LIMIT);
        assert_eq!(patience.time(Ask::Usual, LIMIT), SHORTEST);
    }

    #[test]
    fn no_limit_is_exceeded() {
        for ask in [Ask::Usual, Ask::Listing, Ask::Unsettleable] {
            assert_eq!(after([LIMIT; 9]).time(ask, ms(300)), ms(300));
        }
    }
}
