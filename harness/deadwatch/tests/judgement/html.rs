//! The page of HTML: what is on it, in which order, and that nothing gets out of its place.

use std::collections::{BTreeMap, BTreeSet};

use deadwatch::{
    etcd::Time,
    history::{History, Inconclusive},
    report::{
        Case, RunView, Source, Unmade,
        html::page,
        snapshot::{SnapshotState, text},
    },
    verdict::judge,
};
use regex::Regex;

use crate::{
    faulty,
    sample::{self, Sample},
};

fn shown(
    runs: &[(History, SnapshotState)],
    unmade: &[Case<'_>],
    sources: &BTreeMap<String, Source>,
) -> String {
    let judgements: Vec<_> = runs.iter().map(|(history, _)| judge(history)).collect();
    let ran = runs.iter().zip(&judgements).map(|((history, snapshot), judgement)| {
        Case::Ran(RunView { history, judgement, snapshot, seed: 0, time: Time::Virtual })
    });
    page(&ran.chain(unmade.iter().copied()).collect::<Vec<_>>(), sources)
}

/// As it is in the text of the page between two tags.
fn text_of(page: &str) -> String {
    let without_tags = Regex::new("<[^>]*>").unwrap().replace_all(page, "").into_owned();
    without_tags.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// All that a pattern finds in its first group, in order.
fn all<'a>(pattern: &str, page: &'a str) -> Vec<&'a str> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(page).map(|found| found.get(1).unwrap().as_str()).collect()
}

fn late() -> History {
    let why = Inconclusive::Late("step 2 was issued 312 ms late; at most 250 ms are allowed".to_owned());
    sample::story_begins("original").inconclusive(7.3, why).history()
}

fn library() -> String {
    let differs = SnapshotState::Differs { expected: text(&judge(&sample::story_resilient())) };
    let runs = [
        (sample::story_resilient(), SnapshotState::Match),
        (late(), SnapshotState::None),
        (sample::story_retry(), SnapshotState::None),
        (sample::story_checked_on_3_5_5(), differs),
        (faulty::every_fault(), SnapshotState::Match),
        (sample::story_naive(), SnapshotState::Match),
    ];
    let reason = "no original built against clientv3 3.5.11: run `just original 3.5.11`";
    let unmade = Unmade { scenario: "auth/story-retry", backend: "process", subject: "original", reason };
    shown(&runs, &[Case::Ignored(unmade)], &BTreeMap::new())
}

#[test]
fn what_to_look_at_comes_first_and_every_run_is_led_to() {
    let page = library();
    assert!(page.contains(
        "<p>7 runs: 1 different from the snapshot, 1 unsafe, without a snapshot, 1 inconclusive, \
         3 as the snapshot says, 1 ignored</p>"
    ));
    let table = page.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
    let said = all("<td class=\"[a-z]+\">([^<]+)</td></tr>", table);
    assert_eq!(
        said,
        [
            "≠ differs from its snapshot",
            "+ no snapshot",
            "? proves nothing",
            "= as its snapshot says",
            "= as its snapshot says",
            "= as its snapshot says",
            "- ignored"
        ]
    );
    let links = all("href=\"#(r[0-9]+)\"", table);
    let places = all("id=\"(r[0-9]+)\"", &page);
    assert_eq!(links.len(), 7);
    assert_eq!(links.iter().collect::<BTreeSet<_>>(), places.iter().collect::<BTreeSet<_>>());
    assert_eq!(all("<h3>([^<]+)</h3>", &page), ["auth/story", "auth/story-retry", "network/everything"]);
}

#[test]
fn only_what_is_worth_a_look_is_open() {
    let page = library();
    let open = all("<details data-is=\"([a-z]+)\" open>", &page);
    let closed = all("<details data-is=\"([a-z]+)\">", &page);
    assert_eq!((open, closed), (vec!["bad", "warn", "bad"], vec!["good", "good", "good"]));
}

#[test]
fn a_run_shows_its_explanation_its_lanes_and_its_difference() {
    let text = text_of(&library());
    assert!(text.contains("At 7.0 s the server refused consumer 2's watch (permission denied)"));
    assert!(text.contains("+ aftermath: deaf (1): consumer 1\n+ verdict: unsafe\n"), "{text}");
    assert!(text.contains("ignored: no original built against clientv3 3.5.11: run `just original 3.5.11`"));
    let told = all("role=\"img\" aria-label=\"([^\"]+)\"", &library()).join("\n");
    for lane in [
        "consumer 2: waiting from 7 s to 7.005 s, process died at 7.005 s",
        "consumer 1: waiting from 0 s to 16 s, deaf from 16 s to 19.02 s",
        "consumer 2: waiting from 7 s to 7.21 s, spinning from 7.21 s to 16.05 s",
        "token 2: token alive from 0.002 s to 5.003 s, token dying from 5.003 s to 6.003 s",
        "server: server down from 8 s to 9.2 s, server paused from 10 s to 11 s, cut off from the others from 11.5 s",
        "network: black hole from 1.001 s to 4.001 s, replies late from 13.001 s to 14.001 s, reply lost at 5.5 s",
    ] {
        assert!(told.contains(lane), "{lane} is not in\n{told}");
    }
}

#[test]
fn every_sign_that_is_drawn_has_a_shape_and_a_place_in_the_legend() {
    let page = library();
    let shapes: BTreeSet<_> = all(" id=\"([a-z]+)\"", &page).into_iter().collect();
    let mut drawn: BTreeSet<_> = all("<use class=\"[a-z]+\" href=\"#([a-z]+)\"", &page).into_iter().collect();
    drawn.extend(all("fill=\"url\\(#([a-z]+)\\)\"", &page));
    assert_eq!(drawn.difference(&shapes).collect::<Vec<_>>(), Vec::<&&str>::new());
    let legend = page.split("class=\"legend\"").nth(1).unwrap().split("</ul>").next().unwrap();
    assert!(drawn.iter().all(|shape| legend.contains(&format!("#{shape}"))), "{drawn:?}");
}

#[test]
fn whatever_is_said_stays_text() {
    let evil = "</pre></style></title><script>alert('x')</script><img src=x onerror=\"y\">&amp;";
    let history = sample::story_refused(evil, evil)
        .scenario(|scenario| {
            scenario.name = evil.to_owned();
            scenario.title = evil.to_owned();
            scenario.consumers[0].name = evil.to_owned();
            scenario.queue.prefix = evil.to_owned();
        })
        .fails(7.005, "2", evil)
        .dies(7.1, evil, evil)
        .aftermath(7.2, &[])
        .ends(7.3, &[]);
    let differs = || SnapshotState::Differs { expected: evil.to_owned() };
    let unmade = Unmade { scenario: evil, backend: evil, subject: evil, reason: evil };
    let source = Source { path: evil.to_owned(), text: evil.to_owned() };
    let sources = BTreeMap::from([(evil.to_owned(), source)]);
    for sources in [BTreeMap::new(), sources] {
        let page = shown(&[(history.clone(), differs())], &[Case::Failed(unmade)], &sources);
        // The page's own script and no other; and none of the evil's tags.
        assert_eq!(page.matches("<script").count(), 1);
        assert!(
            !page.contains("<img") && !page.contains("<script>alert") && !page.contains("</style></title>")
        );
        assert!(page.contains("&lt;script&gt;alert"));
        assert!(!page.contains("\"y\""), "a quote is no end of an attribute");
    }
}

#[test]
fn a_scenario_is_shown_as_its_file_or_else_in_words() {
    let runs = [(faulty::every_fault(), SnapshotState::Match)];
    let words = text_of(&shown(&runs, &[], &BTreeMap::new()));
    for line in [
        "etcd 3.5.5, no authentication",
        "consumer 2 from 0s on client shared: dequeue /test",
        "at 1s: the harness swallows what all clients and the server send for 3s",
        "at 5s: the harness loses the reply to the next txn of client shared",
        "at 8s: the harness restarts the server (kill), down for 1s",
        "at 13s: the harness delays what the server sends to client shared by 200ms for 1s",
        "at 16s: the end",
    ] {
        assert!(
            words.contains(&format!("\n{line}")) || words.contains(&format!("words{line}")),
            "{line}\n{words}"
        );
    }
    let source =
        Source { path: "scenarios/network/everything.toml".to_owned(), text: "title = \"<x>\"".to_owned() };
    let sources = BTreeMap::from([("network/everything".to_owned(), source)]);
    let text = text_of(&shown(&runs, &[], &sources));
    assert!(text.contains("scenarios/network/everything.toml") && text.contains("title = \"<x>\""));
    assert!(!text.contains("at 16s: the end"));
}

#[test]
fn a_page_needs_nothing_beside_itself() {
    let page = library();
    for fetched in ["src=", "<link", "@import", "url(http", "url(\"", "fetch("] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    assert!(page.contains("content=\"default-src 'none'; "));
}

#[test]
fn no_element_has_an_attribute_twice() {
    let page = library();
    let markup = page.split("<script>").next().unwrap();
    for tag in all("<([a-z][^>]*)>", markup) {
        let names = all(" ([a-z-]+)=\"", tag);
        assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len(), "{tag}");
    }
}

/// Four subjects in 45 scenarios, one of them with many items and consumers.
#[test]
fn a_page_of_a_whole_library_is_smaller_than_a_megabyte() {
    let mut busy = Sample::with(&vec![0.0; 64]);
    for number in 0..2000 {
        let at = 0.1 + f64::from(number) * 0.007;
        let (item, consumer) = (format!("a.{number}"), (number % 64 + 1).to_string());
        busy = busy.enqueued(at, &item).gets(at + 0.002, &consumer, &item);
    }
    let busy = busy.aftermath(16.0, &[]).ends(16.1, &[]);
    let stories = [
        sample::story_naive(),
        sample::story_checked_on_3_5_5(),
        sample::story_resilient(),
        faulty::every_fault(),
    ];
    let mut runs = vec![(busy.clone(), SnapshotState::Match); 4];
    for number in 0..44 {
        for story in &stories {
            let mut story = story.clone();
            story.scenario.name = format!("folder/scenario-{number}");
            runs.push((story, SnapshotState::Match));
        }
    }
    let page = shown(&runs, &[], &BTreeMap::new());
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(shown(&runs[..1], &[], &BTreeMap::new()).contains("… and 48 more consumers"));
}

#[test]
fn a_page_that_would_be_too_long_leaves_out_timelines_of_what_came_out_as_expected_and_says_so() {
    let mut runs = Vec::new();
    for number in 0..400 {
        for story in [sample::story_resilient(), faulty::every_fault()] {
            let mut story = story;
            story.scenario.name = format!("folder/scenario-{number}");
            runs.push((story, SnapshotState::Match));
        }
    }
    runs.push((sample::story_naive(), SnapshotState::None));
    let page = shown(&runs, &[], &BTreeMap::new());
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("To keep this page short"));
    // What somebody has to look at keeps its timeline.
    assert_eq!(page.matches("class=\"lanes\"").count(), 1);
}
