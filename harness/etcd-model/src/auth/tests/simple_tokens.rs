//! How long simple tokens are good. Rounds fall at 300, 1300, 2300 … ms; a token lives for 5 s.

use super::{Bench, ms};
use crate::{
    auth::{Authority, Credential, TokenKind},
    member::Ending,
    refusal::Refusal,
};

const RELEASE: &str = "3.5.5";

fn bench() -> Bench {
    Bench::on(RELEASE, TokenKind::Simple)
}

#[test]
fn a_token_is_sixteen_letters_and_the_number_of_its_proposal() {
    let mut bench = bench();
    let Credential::Token(token) = bench.log_in("root", 0) else { panic!() };
    let (letters, index) = token.split_once('.').unwrap();
    assert!(letters.len() == 16 && letters.bytes().all(|letter| letter.is_ascii_alphabetic()), "{token}");
    assert_eq!(index, "10");
    assert_ne!(bench.log_in("root", 0), Credential::Token(token));
}

#[test]
fn a_token_dies_at_the_first_sweep_after_its_time() {
    let mut bench = bench();
    // Over at 5000 ms, swept at 5300 ms.
    let token = bench.log_in("root", 0);
    assert_eq!(bench.authority.due(), Some(bench.at(5300)));
    bench.authority.advance(bench.at(5299));
    assert_eq!(bench.authority.due(), Some(bench.at(5300)));
    assert!(!bench.is_good(&token, 5300));
    assert_eq!(bench.authority.due(), None);
}

#[test]
fn a_token_whose_time_ends_with_a_sweep_outlives_that_sweep() {
    let mut bench = bench();
    let token = bench.log_in("root", 300);
    // Over at 5300 ms; the sweep then looks for tokens that were over before: `nowtime.After(tokenendtime)`.
    assert_eq!(bench.authority.due(), Some(bench.at(6300)));
    bench.authority.advance(bench.at(5300));
    assert!(bench.is_good(&token, 6299));
}

#[test]
fn a_use_between_its_time_and_the_sweep_revives_a_token() {
    let mut bench = bench();
    let token = bench.log_in("root", 0);
    assert!(bench.is_good(&token, 5299));
    assert!(bench.is_good(&token, 10_299));
    assert!(!bench.is_good(&token, 16_300));
}

#[test]
fn a_token_lives_for_its_whole_time_from_each_use() {
    let mut bench = bench();
    let token = bench.log_in("root", 0);
    for at_s in (3..60).step_by(3) {
        assert!(bench.is_good(&token, at_s * 1000));
    }
    assert!(!bench.is_good(&token, 62_300 + 300));
}

#[test]
fn whoever_is_late_to_sweep_finds_what_a_sweep_in_time_would_have_left() {
    let mut bench = bench();
    let token = bench.log_in("root", 0);
    let identified = bench.authority.identify(&token, bench.at(5300));
    assert_eq!(identified, Err(Refusal::InvalidAuthToken));
}

#[test]
fn without_a_time_to_live_it_is_five_minutes() {
    let mut bench = bench();
    bench.settings.token_ttl = ms(0);
    bench.authority = Authority::new(&bench.settings, bench.start);
    bench.add("root", "root");
    bench.authority.grant_role("root", "root").unwrap();
    bench.authority.switch_on().unwrap();
    let token = bench.log_in("root", 0);
    assert_eq!(bench.authority.due(), Some(bench.at(300_300)));
    assert!(!bench.is_good(&token, 300_300));
}

#[test]
fn tokens_of_a_user_die_with_its_password_and_with_the_user_and_no_others_do() {
    let mut bench = bench();
    bench.add("a", "x");
    bench.add("b", "x");
    let (root, a, b) = (bench.log_in("root", 0), bench.log_in("a", 0), bench.log_in("b", 0));
    let request = crate::proto::AuthUserChangePasswordRequest {
        name: "a".to_owned(),
        password: "y".to_owned(),
        ..Default::default()
    };
    bench.authority.change_password(&request).unwrap();
    bench.authority.delete_user("b").unwrap();
    assert!(bench.is_good(&root, 1) && !bench.is_good(&a, 1) && !bench.is_good(&b, 1));
}

#[test]
fn tokens_outlive_a_change_of_roles() {
    let mut bench = bench();
    bench.add("a", "x");
    let token = bench.log_in("a", 0);
    bench.authority.add_role("r").unwrap();
    bench.authority.grant_role("a", "r").unwrap();
    bench.authority.revoke_role("a", "r").unwrap();
    bench.authority.delete_role("r").unwrap();
    assert!(bench.is_good(&token, 1));
}

#[test]
fn switching_authentication_off_takes_all_tokens_back() {
    let mut bench = bench();
    let token = bench.log_in("root", 0);
    bench.authority.switch_off();
    bench.authority.switch_on().unwrap();
    assert!(!bench.is_good(&token, 1));
}

#[test]
fn a_member_that_is_asked_to_stop_forgets_all_tokens() {
    let mut bench = bench();
    let token = bench.log_in("root", 0);
    let now = bench.at(1000);
    bench.authority.restart(&bench.settings, Ending::Graceful, now);
    assert!(!bench.is_good(&token, 1001));
}

#[test]
fn a_member_that_is_killed_finds_the_logins_since_its_last_flush_again() {
    // Seen on 3.5.5 and 3.5.16: alive if nothing was written after the login, or only just before the kill.
    let mut bench = bench();
    let flushed = bench.log_in("root", 0);
    bench.authority.written(bench.at(10));
    assert_eq!(bench.authority.due(), Some(bench.at(110)));
    let kept = bench.log_in("root", 200);
    bench.authority.written(bench.at(250));
    let now = bench.at(60_000);
    bench.authority.restart(&bench.settings, Ending::Killed, now);
    assert!(!bench.is_good(&flushed, 60_000));
    // As if it had logged in as the member started.
    assert!(bench.is_good(&kept, 65_000 + 299));
}

#[test]
fn a_sweep_that_fell_into_a_standstill_ends_what_is_over_when_it_ends() {
    // Over at 5500 ms; swept at 6300 ms, since the sweep at 5300 ms came too early for it.
    let alive_after = |since_ms, until_ms| {
        let mut bench = bench();
        let token = bench.log_in("root", 500);
        let (since, until) = (bench.at(since_ms), bench.at(until_ms));
        bench.authority.resume(since, until);
        bench.is_good(&token, until_ms)
    };
    assert!(!alive_after(5200, 5600), "the sweep of 5300 ms came at 5600 ms");
    assert!(alive_after(5400, 5600), "no sweep fell into it");
    assert!(alive_after(5200, 5400), "it is not over yet");
}

#[test]
fn a_token_that_is_none_is_refused_and_one_of_the_future_is_waited_for() {
    let mut bench = bench();
    for text in
        ["", "bad", "a.b", "a.1.1", ".", "abcdefghijklmnop.", "abcdefghijklmnop.-1", "abcdefghijklmnop.+1"]
    {
        let credential = Credential::Token(text.to_owned());
        assert_eq!(
            bench.authority.identify(&credential, bench.start),
            Err(Refusal::InvalidAuthToken),
            "{text}"
        );
        assert_eq!(bench.authority.awaited_index(&credential), None, "{text}");
    }
    // The letters do not matter: etcd v3.5.5 server/auth/simple_token.go, `isValidSimpleToken`.
    assert_eq!(bench.authority.awaited_index(&Credential::Token("x.77".to_owned())), Some(77));
}

#[test]
fn with_authentication_off_a_token_matters_only_in_old_releases() {
    let identified = |release: &str| {
        let mut bench = Bench::on(release, TokenKind::Simple);
        let token = bench.log_in("root", 0);
        bench.authority.switch_off();
        let now = bench.at(1);
        (bench.authority.identify(&token, now), bench.authority.awaited_index(&token))
    };
    for release in ["3.4.27", "3.5.5", "3.5.9"] {
        assert_eq!(identified(release), (Err(Refusal::InvalidAuthToken), Some(10)), "{release}");
    }
    for release in ["3.4.28", "3.5.10", "3.5.16", "3.6.0", "3.7.3"] {
        assert_eq!(identified(release), (Ok(None), None), "{release}");
    }
}

#[test]
fn a_bearer_token_is_taken_in_new_releases() {
    let good = |release: &str| {
        let mut bench = Bench::on(release, TokenKind::Simple);
        let Credential::Token(token) = bench.log_in("root", 0) else { panic!() };
        bench.is_good(&Credential::Token(format!("Bearer {token}")), 1)
    };
    assert!(!good("3.5.31") && good("3.5.32") && !good("3.6.12") && good("3.7.3"));
}
