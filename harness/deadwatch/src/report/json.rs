//! The JSON line of a run, for programs.

use serde::Serialize;

use super::snapshot::SnapshotState;
use crate::{history::History, scenario::Version, verdict::Judgement};

/// The fields in the order in which they are written.
#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    backend: &'a str,
    etcd: String,
    subject: &'a str,
    outcome: Option<String>,
    aftermath: Option<String>,
    verdict: String,
    snapshot: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// One object without a line end. An inconclusive run has `null` for outcome and aftermath, and a `reason`.
///
/// # Errors
/// None that is known: all fields are texts.
pub fn line(
    history: &History,
    judgement: &Judgement,
    snapshot: &SnapshotState,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Line::of(history, judgement, snapshot))
}

/// The same of a run that is compared with nothing, and at its end the `client` that it was made with; `null` where the
/// subject does not depend on that.
///
/// # Errors
/// None that is known: all fields are texts.
pub fn line_with_client(
    history: &History,
    judgement: &Judgement,
    client: Option<Version>,
) -> Result<String, serde_json::Error> {
    let line = Line::of(history, judgement, &SnapshotState::None);
    serde_json::to_string(&LineWithClient { line, client })
}

#[derive(Serialize)]
struct LineWithClient<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    client: Option<Version>,
}

impl<'a> Line<'a> {
    fn of(history: &'a History, judgement: &Judgement, snapshot: &SnapshotState) -> Self {
        Self {
            scenario: &history.scenario.name,
            backend: &history.backend,
            etcd: history.scenario.etcd.version.to_string(),
            subject: &history.subject,
            outcome: judgement.outcome.as_ref().map(ToString::to_string),
            aftermath: judgement.aftermath.as_ref().map(ToString::to_string),
            verdict: judgement.verdict.to_string(),
            snapshot: match snapshot {
                SnapshotState::Match => "match",
                SnapshotState::Differs { .. } => "differs",
                SnapshotState::None => "none",
            },
            reason: judgement.inconclusive.as_ref().map(ToString::to_string),
        }
    }
}
