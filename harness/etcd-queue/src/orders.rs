//! What is waiting to be stored, in the order it was given, and who wants to know.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::batch;
use crate::error::Error;

/// Items to store, one behind the other.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) values: VecDeque<Vec<u8>>,
    pub(crate) reply: oneshot::Sender<Result<(), Error>>,
    stored: usize,
}

impl Order {
    pub(crate) fn new(values: VecDeque<Vec<u8>>, reply: oneshot::Sender<Result<(), Error>>) -> Self {
        Self { values, reply, stored: 0 }
    }

    fn fail(self, error: Error) {
        let error = match (self.stored, self.values.len()) {
            (0, 1) => error,
            (stored, _) => Error::Partly { stored, cause: Box::new(error) },
        };
        // A caller that has gone has no use for the answer.
        let _ = self.reply.send(Err(error));
    }
}

/// All orders that were given and not carried out.
#[derive(Debug, Default)]
pub(crate) struct Orders(VecDeque<Order>);

impl Orders {
    pub(crate) fn add(&mut self, order: Order) {
        self.0.push_back(order);
    }

    /// Forgets the orders of callers that have gone, and answers those with nothing (more) in them.
    pub(crate) fn tidy(&mut self) {
        self.0.retain(|order| !order.reply.is_closed());
        self.tidy_front();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of the first values go into one transaction.
    pub(crate) fn fitting(&self, key_bytes: usize, most_items: usize) -> usize {
        let values = self.0.iter().flat_map(|order| &order.values);
        batch::fitting(values.map(|value| key_bytes + value.len()), most_items)
    }

    /// Copies of the first values.
    pub(crate) fn first(&self, count: usize) -> Vec<Vec<u8>> {
        self.0.iter().flat_map(|order| &order.values).take(count).cloned().collect()
    }

    /// The first values are stored.
    pub(crate) fn stored(&mut self, count: usize) {
        for _ in 0..count {
            while let Some(order) = self.0.front_mut() {
                if order.values.pop_front().is_some() {
                    order.stored += 1;
                    break;
                }
                self.tidy_front();
            }
        }
        self.tidy_front();
    }

    fn tidy_front(&mut self) {
        while self.0.front().is_some_and(|order| order.values.is_empty()) {
            if let Some(order) = self.0.pop_front() {
                let _ = order.reply.send(Ok(()));
            }
        }
    }

    /// The first value cannot be stored: its order ends.
    pub(crate) fn fail_first(&mut self, error: Error) {
        self.tidy_front();
        if let Some(order) = self.0.pop_front() {
            order.fail(error);
        }
    }

    /// None of the first values can be stored.
    pub(crate) fn fail(&mut self, count: usize, error: &Error) {
        let mut failed = 0;
        while failed < count
            && let Some(order) = self.0.pop_front()
        {
            failed += order.values.len();
            order.fail(error.clone());
        }
    }

    pub(crate) fn fail_all(&mut self, error: &Error) {
        for order in self.0.drain(..) {
            order.fail(error.clone());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    type Answer = oneshot::Receiver<Result<(), Error>>;

    fn order(orders: &mut Orders, values: &[&str]) -> Answer {
        let (reply, answer) = oneshot::channel();
        orders.add(Order::new(values.iter().map(|value| value.as_bytes().to_vec()).collect(), reply));
        answer
    }

    #[test]
    fn orders_travel_together_and_are_answered_one_by_one() {
        let mut orders = Orders::default();
        let (mut one, mut more) = (order(&mut orders, &["a"]), order(&mut orders, &["b", "c"]));
        assert_eq!(orders.first(9), [b"a", b"b", b"c"]);
        orders.stored(2);
        assert!(one.try_recv().unwrap().is_ok() && more.try_recv().is_err());
        assert_eq!(orders.first(9), [b"c"]);
        orders.stored(1);
        assert!(more.try_recv().unwrap().is_ok() && orders.is_empty());
    }

    #[test]
    fn an_order_that_fails_half_way_says_how_far_it_came() {
        let mut orders = Orders::default();
        let (mut more, mut next) = (order(&mut orders, &["a", "b", "c"]), order(&mut orders, &["d"]));
        orders.stored(1);
        orders.fail_first(Error::Closed);
        assert!(matches!(more.try_recv().unwrap(), Err(Error::Partly { stored: 1, .. })));
        orders.fail(1, &Error::Closed);
        assert!(matches!(next.try_recv().unwrap(), Err(Error::Closed)));
    }

    #[test]
    fn callers_that_have_gone_order_nothing() {
        let mut orders = Orders::default();
        drop(order(&mut orders, &["a"]));
        let mut none = order(&mut orders, &[]);
        let _one = order(&mut orders, &["b"]);
        orders.tidy();
        assert!(none.try_recv().unwrap().is_ok());
        assert_eq!(orders.first(9), [b"b"]);
    }
}
