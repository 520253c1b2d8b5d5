//! Each wrong thing is seen, and nothing else is.

use super::*;

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn life(name: &str, kind: Kind, job: Job, entries: Vec<Entry>) -> Lived {
    Lived { name: name.to_owned(), kind, job, entries, ended: Ended::Closed, named: BTreeSet::new() }
}

fn producer(kind: Kind, all: &[&str]) -> Lived {
    life("producer", kind, Job::Produce, vec![Entry::Began(ids(all)), Entry::Stored(ids(all))])
}

fn consumer(name: &str, kind: Kind, entries: Vec<Entry>) -> Lived {
    life(name, kind, Job::Consume, entries)
}

fn key(id: &str) -> Key {
    format!("/queue/{id}").into_bytes()
}

/// These were stored, and of these those still are.
fn seen(kind: Kind, puts: &[&str], stored: &[&str]) -> BTreeMap<Kind, Seen> {
    let puts = puts.iter().map(|id| ((*id).to_owned(), key(id))).collect();
    let stored = stored.iter().map(|id| (key(id), (*id).to_owned())).collect();
    BTreeMap::from([(kind, Seen { puts, stored, ..Seen::default() })])
}

fn got(all: &[&str]) -> Vec<Entry> {
    vec![Entry::Called(9), Entry::Got(ids(all)), Entry::Closing, Entry::Closed]
}

fn one_wrong(account: &Account) -> &Wrong {
    assert_eq!(account.wrong.len(), 1, "{:?}", account.wrong);
    &account.wrong[0]
}

#[test]
fn where_everything_is_handed_out_nothing_is_wrong() {
    let lives = [producer(Kind::Taken, &["a", "b"]), consumer("one", Kind::Taken, got(&["b", "a"]))];
    let account = Account::of(&lives, &seen(Kind::Taken, &["a", "b"], &[]));
    assert_eq!((account.items, account.handed_out, account.wrong), (2, 2, vec![]));
}

#[test]
fn an_item_that_vanishes_is_lost() {
    let lives = [producer(Kind::Taken, &["a", "b"]), consumer("one", Kind::Taken, got(&["a"]))];
    let account = Account::of(&lives, &seen(Kind::Taken, &["a", "b"], &[]));
    assert!(matches!(one_wrong(&account), Wrong::Lost(id, _) if id == "b"));
}

#[test]
fn an_item_that_was_never_stored_and_said_to_be_is_lost() {
    let account = Account::of(&[producer(Kind::Leased, &["a"])], &seen(Kind::Leased, &[], &[]));
    assert!(matches!(one_wrong(&account), Wrong::Lost(id, _) if id == "a"));
}

#[test]
fn an_item_in_two_hands_or_stored_twice_is_doubled() {
    let two = [got(&["a"]), got(&["a"])].map(|entries| consumer("one", Kind::Taken, entries));
    let account = Account::of(&two, &seen(Kind::Taken, &["a"], &[]));
    assert!(matches!(one_wrong(&account), Wrong::Doubled(id, _) if id == "a"));

    let mut twice = seen(Kind::Taken, &["a"], &[]);
    twice.entry(Kind::Taken).or_default().stored_twice.push("a".to_owned());
    let account = Account::of(&[consumer("one", Kind::Taken, got(&["a"]))], &twice);
    assert!(matches!(one_wrong(&account), Wrong::Doubled(id, _) if id == "a"));
}

#[test]
fn an_item_that_was_put_back_is_not_doubled() {
    let mut back = seen(Kind::Taken, &["a"], &[]);
    back.entry(Kind::Taken).or_default().puts.push(("a".to_owned(), key("other")));
    let account = Account::of(&[consumer("one", Kind::Taken, got(&["a"]))], &back);
    assert_eq!(account.wrong, []);
}

#[test]
fn what_is_marked_as_presumed_is_counted_wherever_else_it_is_and_never_lost() {
    let presumed = vec![Entry::Presumed("a".to_owned()), Entry::Doubtful("b".to_owned())];
    let lives = [consumer("one", Kind::Taken, presumed), consumer("two", Kind::Taken, got(&["b"]))];
    let account = Account::of(&lives, &seen(Kind::Taken, &["a", "b"], &[]));
    assert_eq!((account.presumed, account.doubtful, account.presumed_elsewhere), (1, 1, 1));
    assert_eq!((account.handed_out, account.wrong), (2, vec![]));
}

#[test]
fn an_item_that_nobody_gets_is_stuck() {
    let account = Account::of(&[producer(Kind::Taken, &["a"])], &seen(Kind::Taken, &["a"], &["a"]));
    assert!(matches!(one_wrong(&account), Wrong::Stuck(id) if id == "a"));
}

#[test]
fn an_item_that_is_stored_though_it_was_refused_is_seen() {
    let refused = Entry::Refused("a".to_owned(), "no space".to_owned());
    let lives = [
        life("producer", Kind::Taken, Job::Produce, vec![Entry::Began(ids(&["a"])), refused]),
        consumer("one", Kind::Taken, got(&["a"])),
    ];
    let account = Account::of(&lives, &seen(Kind::Taken, &["a"], &[]));
    assert!(matches!(one_wrong(&account), Wrong::StoredThoughRefused(id, _) if id == "a"));
}

/// A consumer that was killed in a call for so many, after it had asked etcd for these.
fn dead(count: usize, named: &[&str]) -> Lived {
    let entries = vec![Entry::Called(1), Entry::Got(ids(&["x"])), Entry::Called(count)];
    let named = named.iter().map(|id| key(id)).collect();
    Lived { ended: Ended::Killed, named, ..consumer("dead", Kind::Taken, entries) }
}

#[test]
fn what_a_killed_worker_had_claimed_and_not_written_down_is_named_and_not_lost() {
    let stored = seen(Kind::Taken, &["a", "b", "x"], &[]);
    let account = Account::of(&[dead(2, &["a", "b"])], &stored);
    assert_eq!((account.in_dead_hands, account.wrong.len()), (2, 0));
}

#[test]
fn what_a_killed_worker_had_not_claimed_is_lost() {
    let stored = seen(Kind::Taken, &["a", "b", "x"], &[]);
    let account = Account::of(&[dead(2, &["a"])], &stored);
    assert_eq!(account.in_dead_hands, 1);
    assert!(matches!(one_wrong(&account), Wrong::Lost(id, _) if id == "b"));
}

#[test]
fn a_killed_worker_holds_no_more_than_it_had_asked_for() {
    let stored = seen(Kind::Taken, &["a", "b", "x"], &[]);
    let account = Account::of(&[dead(1, &["a", "b"])], &stored);
    assert_eq!(account.in_dead_hands, 1);
    assert!(matches!(one_wrong(&account), Wrong::Lost(..)));
}

#[test]
fn a_worker_that_closed_its_queue_holds_nothing() {
    let stored = seen(Kind::Taken, &["a", "x"], &[]);
    let account = Account::of(&[Lived { ended: Ended::Closed, ..dead(1, &["a"]) }], &stored);
    assert!(matches!(one_wrong(&account), Wrong::Lost(id, _) if id == "a"));
}

fn held(id: &str, token: Token) -> Entry {
    Entry::Held(id.to_owned(), token)
}

fn acked(id: &str, token: Token) -> [Entry; 2] {
    [Entry::Acking(id.to_owned(), token), Entry::Acked(id.to_owned(), token)]
}

fn leased(entries: Vec<Entry>, stored: &[&str]) -> Account {
    Account::of(&[consumer("one", Kind::Leased, entries)], &seen(Kind::Leased, &["a"], stored))
}

#[test]
fn a_delivery_that_is_acknowledged_once_and_last_is_well() {
    let account = leased([vec![held("a", 3), held("a", 5)], acked("a", 5).to_vec()].concat(), &[]);
    assert_eq!((account.handed_out, account.redelivered, account.wrong), (1, 1, vec![]));
}

#[test]
fn an_acknowledgement_that_a_later_delivery_should_have_fenced_off_is_seen() {
    let account = leased([vec![held("a", 3), held("a", 5)], acked("a", 3).to_vec()].concat(), &[]);
    assert!(matches!(one_wrong(&account), Wrong::Doubled(..)));
}

#[test]
fn an_item_that_is_acknowledged_twice_is_doubled() {
    let account = leased([acked("a", 3), acked("a", 5)].concat(), &[]);
    assert!(matches!(one_wrong(&account), Wrong::Doubled(..)));
}

#[test]
fn an_item_that_nobody_has_acknowledged_and_is_gone_is_lost() {
    assert!(matches!(one_wrong(&leased(vec![held("a", 3)], &[])), Wrong::Lost(..)));
    let refused = Entry::Unacked("a".to_owned(), 3, "fenced off".to_owned());
    let given_up = vec![held("a", 3), Entry::Acking("a".to_owned(), 3), refused];
    assert!(matches!(one_wrong(&leased(given_up, &[])), Wrong::Lost(..)));
    let open = vec![held("a", 3), Entry::Acking("a".to_owned(), 3)];
    assert_eq!(leased(open, &[]).wrong, []);
}
