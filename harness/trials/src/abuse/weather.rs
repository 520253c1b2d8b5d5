//! Lost replies: which request of which client is the next whose reply does not arrive.

use std::collections::BTreeMap;

use deadwatch::scenario::{Instead, LoseReplies, Method, Reach};
use fastrand::Rng;

use super::plan::{Make, Plan};

/// Of so many lost replies one leaves its connection open and silent instead of closed, about.
const HANGS_ONE_IN: u32 = 150;

/// The countdowns of all clients that lose replies; by default nobody does.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    requests_per_loss: u32,
    clients: BTreeMap<String, Countdown>,
}

#[derive(Clone, Debug)]
struct Countdown {
    rng: Rng,
    requests_left: u32,
    loss: Loss,
}

/// Where the loss of a client's countdown stands.
///
/// A reply that is lost takes with it what else is under way on its connection. If those requests counted down to losses
/// of their own, they would pile up and fall on whatever comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// Its time has not come.
    ToCome,
    /// The next reply will be lost.
    Due,
}

impl Weather {
    /// That of a plan.
    pub fn of(plan: &Plan) -> Self {
        let Some(requests_per_loss) = plan.requests_per_loss else { return Self::default() };
        let producers = plan.producers.iter().map(|one| (one.make, &one.name, one.seed));
        let consumers = plan.consumers.iter().map(|one| (one.make, &one.name, one.seed));
        let clients = producers.chain(consumers).filter(|(make, ..)| *make == Make::Rust);
        let countdown = |seed: u64| {
            let mut rng = Rng::with_seed(seed ^ 0x10ad);
            Countdown { requests_left: gap(requests_per_loss, &mut rng), rng, loss: Loss::ToCome }
        };
        let clients = clients.map(|(_, name, seed)| (name.clone(), countdown(seed))).collect();
        Self { requests_per_loss, clients }
    }

    /// A transaction of this client was sent; what is to be done to the network, if its countdown is over.
    pub fn sent(&mut self, client: &str) -> Option<LoseReplies> {
        let countdown = self.clients.get_mut(client).filter(|countdown| countdown.loss == Loss::ToCome)?;
        countdown.requests_left = countdown.requests_left.saturating_sub(1);
        if countdown.requests_left > 0 {
            return None;
        }
        countdown.loss = Loss::Due;
        countdown.requests_left = gap(self.requests_per_loss, &mut countdown.rng);
        let hangs = countdown.rng.u32(..HANGS_ONE_IN) == 0;
        let instead = if hangs { Instead::Hang } else { Instead::Close };
        Some(LoseReplies { reach: Reach::Client(client.to_owned()), method: Method::Txn, count: 1, instead })
    }

    /// A reply to this client was lost.
    pub fn lost(&mut self, client: &str) {
        if let Some(countdown) = self.clients.get_mut(client) {
            countdown.loss = Loss::ToCome;
        }
    }
}

/// The next gap: up to twice the mean.
fn gap(mean: u32, rng: &mut Rng) -> u32 {
    rng.u32(1..=mean.saturating_mul(2).saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
    use deadwatch::scenario::Version;

    use super::*;
    use crate::abuse::campaign::Campaign;

    #[test]
    fn about_one_reply_in_so_many_is_lost_and_a_few_of_them_in_silence() {
        let plan = Plan::of(Campaign::Replies, 1, 100, Version::new(3, 5, 16));
        let mut weather = Weather::of(&Plan { requests_per_loss: Some(10), ..plan });
        let mut next = || weather.sent("producer-1").inspect(|_| weather.lost("producer-1"));
        let lost: Vec<_> = (0..100_000).filter_map(|_| next()).collect();
        assert!((9_500..10_500).contains(&lost.len()), "{} lost", lost.len());
        let silent = lost.iter().filter(|loss| loss.instead == Instead::Hang).count();
        assert!((30..120).contains(&silent), "{silent} in silence");
    }

    #[test]
    fn no_loss_comes_due_before_the_last_one_has_struck() {
        let plan = Plan::of(Campaign::Replies, 1, 100, Version::new(3, 5, 16));
        let mut weather = Weather::of(&plan);
        assert_eq!((0..1_000).filter_map(|_| weather.sent("producer-1")).count(), 1);
        weather.lost("producer-1");
        assert_eq!((0..1_000).filter_map(|_| weather.sent("producer-1")).count(), 1);
    }

    #[test]
    fn clients_of_go_lose_nothing() {
        let plan = Plan::of(Campaign::Mixed, 1, 100, Version::new(3, 5, 16));
        let mut weather = Weather::of(&plan);
        assert!((0..1_000).all(|_| weather.sent("go-consumer-1").is_none()));
        assert!((0..1_000).any(|_| weather.sent("consumer-1").is_some()));
    }
}
