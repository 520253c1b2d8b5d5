//! The rules of leases, each by itself.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use tokio::time::Instant;

use super::{Granted, Lessor, Renewal};
use crate::{member::Settings, refusal::Refusal, release::Release};

/// No leases, on a member that started at the returned time. Its rounds fall 100 ms after that and every 500 ms.
fn lessor() -> (Lessor, Instant) {
    let start = Instant::now();
    (Lessor::new(&settings(), start), start)
}

fn settings() -> Settings {
    let mut settings = Settings::of(Release::new(3, 5, 5));
    settings.phases.lease_check = ms(100);
    settings
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

#[test]
fn a_time_below_two_seconds_is_raised_to_two() {
    let (mut lessor, start) = lessor();
    for (id, asked, granted) in
        [(1, 0, 2), (2, 1, 2), (3, -5, 2), (4, 3, 3), (5, 9_000_000_000, 9_000_000_000)]
    {
        assert_eq!(lessor.grant(id, asked, start), Ok(Granted { id, ttl_s: granted }));
    }
}

#[test]
fn a_time_above_nine_billion_seconds_and_an_id_that_is_taken_are_refused() {
    let (mut lessor, start) = lessor();
    assert_eq!(lessor.grant(7, 9_000_000_001, start), Err(Refusal::LeaseTtlTooLarge));
    lessor.grant(7, 10, start).unwrap();
    assert_eq!(lessor.grant(7, 10, start), Err(Refusal::LeaseExists));
    // The time is looked at first: etcd v3.5.5 server/lease/lessor.go, `Grant`.
    assert_eq!(lessor.grant(7, 9_000_000_001, start), Err(Refusal::LeaseTtlTooLarge));
}

#[test]
fn an_id_that_is_chosen_is_above_zero_and_never_the_same() {
    let (mut lessor, _) = lessor();
    let ids: Vec<_> = (0..1000).map(|_| lessor.choose_id()).collect();
    assert!(ids.iter().all(|id| *id > 0));
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn a_lease_ends_with_the_first_round_from_its_end_on() {
    let (mut lessor, start) = lessor();
    lessor.grant(1, 2, start).unwrap();
    // Rounds fall at 100, 600, 1100, 1600 and 2100 ms.
    assert_eq!(lessor.due(), Some(start + ms(2100)));
    assert_eq!(lessor.take_ended(start + ms(2099)), []);
    assert!(lessor.exists(1));
    assert_eq!(lessor.take_ended(start + ms(2100)), [1]);
    assert!(!lessor.exists(1));
    assert_eq!(lessor.due(), None);
}

#[test]
fn a_lease_that_ends_takes_no_other_along() {
    let (mut lessor, start) = lessor();
    lessor.grant(1, 2, start).unwrap();
    lessor.grant(2, 3, start).unwrap();
    assert_eq!(lessor.take_ended(start + ms(2_100)), [1]);
    assert!(lessor.exists(2));
    assert_eq!(lessor.due(), Some(start + ms(3_100)));
}

#[test]
fn a_lease_whose_end_falls_on_a_round_ends_there() {
    let (mut lessor, start) = lessor();
    lessor.grant(1, 2, start + ms(100)).unwrap();
    assert_eq!(lessor.due(), Some(start + ms(2100)));
    assert_eq!(lessor.take_ended(start + ms(2100)), [1]);
}

#[test]
fn leases_of_one_round_end_oldest_first_and_five_hundred_at_once() {
    let (mut lessor, start) = lessor();
    for id in 1..=600 {
        // The higher the id, the earlier the end.
        lessor.grant(id, 2, start + ms(300 - u64::try_from(id / 2).unwrap())).unwrap();
    }
    let first = lessor.take_ended(start + ms(2600));
    assert_eq!((first.len(), first[0]), (500, 600));
    assert_eq!(lessor.take_ended(start + ms(2700)), []);
    assert_eq!(lessor.due(), Some(start + ms(3100)));
    assert_eq!(lessor.take_ended(start + ms(3100)).len(), 100);
}

#[test]
fn keeping_a_lease_alive_gives_it_its_whole_time_again() {
    let (mut lessor, start) = lessor();
    lessor.grant(1, 5, start).unwrap();
    assert_eq!(lessor.renew(1, start + ms(4_999)), Renewal::Lives(5));
    assert_eq!(lessor.time_to_live(1, start + ms(5_999)), Some((ms(4_000), 5)));
    assert_eq!(lessor.renew(2, start), Renewal::Unknown);
}

#[test]
fn a_lease_whose_time_is_over_cannot_be_kept_even_before_it_ends() {
    let (mut lessor, start) = lessor();
    lessor.grant(1, 2, start).unwrap();
    assert_eq!(lessor.renew(1, start + ms(2_000)), Renewal::EndsAt(start + ms(2_100)));
    assert_eq!(lessor.time_to_live(1, start + ms(2_050)), Some((Duration::ZERO, 2)));
    assert_eq!(lessor.take_ended(start + ms(2_100)), [1]);
}

#[test]
fn leases_are_listed_by_their_end() {
    let (mut lessor, start) = lessor();
    for (id, ttl_s) in [(1, 30), (2, 10), (3, 20)] {
        lessor.grant(id, ttl_s, start).unwrap();
    }
    assert_eq!(lessor.ids(), [2, 3, 1]);
    lessor.renew(2, start + ms(15_000 - 5_001));
    assert_eq!(lessor.ids(), [2, 3, 1]);
    lessor.renew(2, start + ms(10_001));
    lessor.renew(3, start + ms(10_001));
    assert_eq!(lessor.ids(), [2, 1, 3]);
}

#[test]
fn a_revoked_lease_is_gone_and_one_that_is_not_there_cannot_be_revoked() {
    let (mut lessor, start) = lessor();
    lessor.grant(1, 10, start).unwrap();
    assert_eq!(lessor.revoke(1), Ok(()));
    assert_eq!(lessor.revoke(1), Err(Refusal::LeaseNotFound));
    assert_eq!(lessor.due(), None);
}

#[test]
fn a_restart_gives_every_lease_its_whole_time_and_a_second() {
    let (mut lessor, start) = lessor();
    lessor.grant(1, 5, start).unwrap();
    lessor.restart(&settings(), start + ms(60_000));
    assert_eq!(lessor.time_to_live(1, start + ms(60_000)), Some((ms(6_000), 5)));
    assert_eq!(lessor.due(), Some(start + ms(66_100)));
}

#[test]
fn a_round_that_fell_into_a_standstill_ends_what_is_over_when_it_ends() {
    let overdue = |since_ms, until_ms| {
        let (mut lessor, start) = lessor();
        lessor.grant(1, 2, start).unwrap();
        lessor.take_overdue(start + ms(since_ms), start + ms(until_ms))
    };
    // Over at 2000 ms. Rounds fall at 1600 ms and 2100 ms.
    assert_eq!(overdue(1_550, 2_050), [1], "the round of 1600 ms came at 2050 ms");
    assert_eq!(overdue(1_650, 2_050), [0; 0], "no round fell into it");
    assert_eq!(overdue(1_550, 1_950), [0; 0], "it is not over yet");
}
