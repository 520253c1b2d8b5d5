//! The walk on small schemas; what it says of whole files is in `tests/bad-scenarios`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use toml::de::DeTable;

use super::{ProblemKind, compare, forms, kind, properties};
use crate::scenario::schema;

fn problems(text: &str, schema: &Value) -> Vec<(usize, ProblemKind)> {
    let table = DeTable::parse(text).expect("the text is TOML");
    compare(text, table.get_ref(), schema)
        .into_iter()
        .map(|problem| (problem.span.start, problem.kind))
        .collect()
}

/// A step as it will be once there are two actions.
fn step() -> Value {
    json!({
        "type": "object",
        "properties": { "at": { "type": "string" }, "enqueue": { "type": "string" }, "restart": { "type": "string" } },
        "required": ["at"],
        "oneOf": [{ "required": ["enqueue"] }, { "required": ["restart"] }],
    })
}

#[test]
fn a_step_has_exactly_one_action() {
    assert_eq!(problems("at = ''\nrestart = ''", &step()), []);
    let known = vec!["enqueue".to_owned(), "restart".to_owned()];
    assert_eq!(problems("at = ''", &step()), [(0, ProblemKind::NoAction { known })]);
}

#[test]
fn of_two_actions_the_later_one_in_the_file_is_wrong() {
    let first = 0..7;
    let wrong = ProblemKind::TwoActions { first };
    assert_eq!(problems("restart = ''\nenqueue = ''\nat = ''", &step()), [(13, wrong)]);
}

#[test]
fn a_misspelt_action_is_one_problem() {
    let found = problems("at = ''\nrestrat = ''", &step());
    assert!(matches!(found.as_slice(), [(8, ProblemKind::UnknownKey { .. })]), "{found:?}");
}

/// What the walk does not understand it would let pass.
#[test]
fn the_walk_understands_every_value_of_the_schema() {
    fn look(path: &str, schema: &Value) {
        for form in forms(schema) {
            let known = kind(form)
                .is_some_and(|kind| ["string", "integer", "boolean", "array", "object"].contains(&kind));
            assert!(known, "{path} has a type that the walk does not know: {form:#}");
            for unknown in ["$ref", "allOf", "patternProperties", "prefixItems"] {
                assert!(form.get(unknown).is_none(), "{path} has {unknown}, which the walk does not know");
            }
            for (key, schema) in properties(form).into_iter().flatten() {
                look(&format!("{path}.{key}"), schema);
            }
            if let Some(items) = form.get("items") {
                look(&format!("{path}[]"), items);
            }
        }
    }
    look("file", schema::value());
}
