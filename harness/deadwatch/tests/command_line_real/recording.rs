//! `--record`: the histories are kept, and are judged again as they were.

use std::fs;

use deadwatch::{history::History, verdict::judge};
use libtest_mimic::Trial;

use crate::{desk::Desk, trial};

pub fn trials() -> Vec<Trial> {
    vec![trial("a_recorded_history_is_judged_as_the_run_was", recorded)]
}

fn recorded(desk: &Desk) {
    desk.write("scenarios/calm.toml", crate::CALM);
    let arguments = ["--on", "process", "--subject", "resilient", "--repeat", "2", "--record", "kept/here"];
    desk.deadwatch(["run", "calm"].iter().chain(&arguments)).expect(0);
    assert_eq!(
        desk.files("kept/here"),
        ["001-calm-process-resilient.json", "002-calm-process-resilient.json"]
    );
    for file in desk.files("kept/here") {
        let text = fs::read_to_string(desk.path("kept/here").join(file)).unwrap();
        let history: History = serde_json::from_str(&text).unwrap();
        assert_eq!(history.subject, "resilient");
        assert_eq!(judge(&history).verdict.to_string(), "survives");
    }
}
