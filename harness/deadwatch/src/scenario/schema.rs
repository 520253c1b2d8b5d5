//! The JSON schema of a scenario file, generated from the types in `file`: for editors, and for `shape`.

use std::sync::OnceLock;

use schemars::{
    Schema,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};
use serde_json::{Value, json};

use super::file::ScenarioFile;

/// The JSON schema of a scenario file, as `scenarios/schema.json` holds it: indented, with a newline at its end.
pub fn schema() -> String {
    let mut schema = value().clone();
    // The order must not depend on how another crate has configured the JSON library.
    schema.sort_all_objects();
    // The alternate form is the indented one.
    format!("{schema:#}\n")
}

/// The JSON schema of a scenario file, every type written out where it is used: no references, so that each
/// key keeps its own description, and `shape` has none to follow. Built once: every file is compared with it.
pub(super) fn value() -> &'static Value {
    static VALUE: OnceLock<Value> = OnceLock::new();
    VALUE.get_or_init(build)
}

fn build() -> Value {
    let mut settings = SchemaSettings::draft07().with_transform(WithoutNull);
    settings.inline_subschemas = true;
    settings.into_generator().into_root_schema_for::<ScenarioFile>().to_value()
}

/// The keys of a step that are no action.
const BESIDE_THE_ACTION: [&str; 3] = ["at", "member", "refused"];

/// Says in the schema that a step has one action: exactly one of its keys other than those beside it.
pub(super) fn demand_one_action(schema: &mut Schema) {
    let actions: Vec<Value> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|properties| properties.keys())
        .filter(|key| !BESIDE_THE_ACTION.contains(&key.as_str()))
        .map(|action| json!({ "required": [action] }))
        .collect();
    schema.insert("oneOf".to_owned(), Value::Array(actions));
}

/// Takes `null` out of optional keys: TOML has none, a key is left out instead.
#[derive(Clone, Debug)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        let null = json!({ "type": "null" });
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(branches)) = schema.get_mut("anyOf") {
            branches.retain(|branch| *branch != null);
            if let [only] = branches.as_mut_slice() {
                let only = only.take();
                schema.remove("anyOf");
                // Its own description says more than that of the type it refers to.
                for (key, value) in only.as_object().into_iter().flatten() {
                    if schema.get(key).is_none() {
                        schema.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        transform_subschemas(self, schema);
    }
}
