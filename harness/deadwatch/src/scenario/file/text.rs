//! Texts that a file writes by a rule of their own: times and releases.

use schemars::JsonSchema;
use serde::Deserialize;

/// A time: a whole number and its unit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("pattern" = "^[0-9]+(ms|s|m)$", "examples" = ["5s", "300ms", "2m"]))]
pub(in crate::scenario) struct DurationText(pub String);

/// How far a clock is off: a sign, a whole number and its unit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("pattern" = "^[+-][0-9]+(ms|s|m|h|d)$", "examples" = ["+2d", "-300ms"]))]
pub(in crate::scenario) struct OffsetText(pub String);

/// An exact release: three numbers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("pattern" = "^[0-9]+\\.[0-9]+\\.[0-9]+$", "examples" = ["3.5.5"]))]
pub(in crate::scenario) struct VersionText(pub String);
