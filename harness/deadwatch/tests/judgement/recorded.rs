//! The histories of `tests/histories`, read as they are: what was judged once is judged the same for ever.

use std::{fs, path::Path};

use deadwatch::{history::History, verdict::judge};

fn judgement_of(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/histories/{name}.json"));
    let history: History = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let judgement = judge(&history);
    let consumers: Vec<_> = judgement.consumers.iter().map(|consumer| consumer.outcome.to_string()).collect();
    let aftermath = judgement.aftermath.as_ref().map_or("none".to_owned(), ToString::to_string);
    format!("{}, aftermath {aftermath}: {}", consumers.join(" and "), judgement.verdict)
}

#[test]
fn recorded_histories_are_judged_as_ever() {
    let expected = [
        ("story-naive", "crash and crash, aftermath dead: unsafe"),
        ("story-original", "crash and crash, aftermath dead: unsafe"),
        ("story-checked-3.5.5", "healthy and error, aftermath deaf (1): unsafe"),
        ("story-checked-3.5.16", "healthy and error, aftermath healthy: fails safely"),
        ("story-resilient", "healthy and healthy, aftermath healthy: survives"),
        ("story-retry-checked", "healthy and spin, aftermath deaf (1): unsafe"),
    ];
    for (name, judgement) in expected {
        assert_eq!(judgement_of(name), judgement, "{name}");
    }
}

#[test]
#[ignore = "writes the hand-made histories anew, after the shape of an event has changed"]
fn write_histories() {
    use crate::sample;
    let histories = [
        ("story-naive", sample::story_naive()),
        ("story-original", sample::story_original()),
        ("story-checked-3.5.5", sample::story_checked_on_3_5_5()),
        ("story-checked-3.5.16", sample::story_checked_on_3_5_16()),
        ("story-resilient", sample::story_resilient()),
        ("story-retry-checked", sample::story_retry()),
    ];
    for (name, history) in histories {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/histories/{name}.json"));
        let json = serde_json::to_string_pretty(&history).unwrap();
        fs::write(path, json + "\n").unwrap();
    }
}
