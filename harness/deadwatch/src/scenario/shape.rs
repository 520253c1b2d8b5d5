//! A file against the schema: unknown and missing keys, wrong types, unknown values; all of them at once.
//!
//! serde stops at the first error. This walk goes on, and reads the very schema that editors are given, so
//! that the two cannot disagree, and a new key needs no word here.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Problem, ProblemKind, nearest::nearest};

/// How the schema's root is called in a message.
const ROOT: &str = "the file";

/// Everything in which a file differs from the schema.
pub(super) fn compare(text: &str, file: &DeTable<'_>, schema: &Value) -> Vec<Problem> {
    let mut walk = Walk { schema, text, problems: Vec::new() };
    walk.table(ROOT, None, file, schema);
    walk.problems
}

struct Walk<'s> {
    schema: &'s Value,
    text: &'s str,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    /// A table's keys, then what they hold. `header` is where it begins; the root begins nowhere.
    fn table(&mut self, name: &str, header: Option<Range<usize>>, table: &DeTable<'_>, schema: &Value) {
        let Some(keys) = properties(schema) else { return };
        let mut meant: Vec<&str> = Vec::new();
        for (key, value) in table {
            match keys.get(key.get_ref().as_ref()) {
                Some(schema) => self.value(name, key.get_ref(), value, schema),
                None => {
                    let near = nearest(key.get_ref(), keys.keys().map(String::as_str));
                    meant.extend(near);
                    self.unknown_key(name, key, schema, near);
                }
            }
        }
        // A misspelt key is one problem, not two.
        let has = |key: &str| table.keys().any(|there| there.get_ref() == key) || meant.contains(&key);
        for key in strings(schema.get("required")).filter(|key| !has(key)) {
            let Some(schema) = keys.get(key) else { continue };
            let span = header.clone().unwrap_or_else(|| self.place_in_root(table, schema));
            let (key, table) = (key.to_owned(), name.to_owned());
            let example = example(&key, schema);
            self.problems.push(Problem { span, kind: ProblemKind::MissingKey { key, table, example } });
        }
        let actions = alternatives(schema);
        if !actions.is_empty() && !actions.iter().any(|action| has(action)) {
            let known = actions.iter().map(|action| (*action).to_owned()).collect();
            let span = header.unwrap_or_default();
            self.problems.push(Problem { span, kind: ProblemKind::NoAction { known } });
        }
        let mut written: Vec<Range<usize>> =
            table.keys().filter(|key| actions.contains(&key.get_ref().as_ref())).map(Spanned::span).collect();
        written.sort_by_key(|span| span.start);
        if let [first, others @ ..] = written.as_slice() {
            for other in others {
                let kind = ProblemKind::TwoActions { first: first.clone() };
                self.problems.push(Problem { span: other.clone(), kind });
            }
        }
    }

    fn unknown_key(
        &mut self,
        table: &str,
        key: &Spanned<impl AsRef<str>>,
        schema: &Value,
        near: Option<&str>,
    ) {
        let text = key.get_ref().as_ref();
        self.problems.push(Problem {
            span: key.span(),
            kind: ProblemKind::UnknownKey {
                key: text.to_owned(),
                table: table.to_owned(),
                known: properties(schema).into_iter().flat_map(Map::keys).cloned().collect(),
                nearest: near.map(str::to_owned),
                elsewhere: table_with(text, schema, self.schema),
            },
        });
    }

    /// A value: of the right type, and what it holds. `within` is the table that has the key.
    fn value(&mut self, within: &str, key: &str, value: &Spanned<DeValue<'_>>, schema: &Value) {
        let span = value.span();
        let Some(schema) = fitting(value.get_ref(), schema) else {
            let kind = ProblemKind::WrongType {
                key: key.to_owned(),
                found: describe(value.get_ref()),
                expected: expected(key, schema),
            };
            self.problems.push(Problem { span, kind });
            return;
        };
        match value.get_ref() {
            DeValue::Table(table) => {
                let inline = self.text.get(span.clone()).is_some_and(|text| text.starts_with('{'));
                let name = if inline { format!("`{key}`") } else { format!("[{}]", path(within, key)) };
                self.table(&name, Some(span), table, schema);
            }
            DeValue::Array(array) => {
                let Some(items) = schema.get("items") else { return };
                for item in array {
                    match (item.get_ref(), properties(items)) {
                        (DeValue::Table(table), Some(_)) => {
                            let name = format!("[[{}]]", path(within, key));
                            self.table(&name, Some(item.span()), table, items);
                        }
                        _ => self.value(within, key, item, items),
                    }
                }
            }
            DeValue::String(text) => {
                let known = choices(schema);
                if !known.is_empty() && !known.contains(&text.as_ref()) {
                    let kind = ProblemKind::UnknownValue {
                        key: key.to_owned(),
                        value: text.to_string(),
                        nearest: nearest(text, known.iter().copied()).map(str::to_owned),
                        known: known.into_iter().map(str::to_owned).collect(),
                    };
                    self.problems.push(Problem { span, kind });
                }
            }
            DeValue::Integer(number) => {
                let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
                let (least, most) =
                    (bound("minimum").unwrap_or(i64::MIN), bound("maximum").unwrap_or(i64::MAX));
                // One that does not fit is as good as one beyond the most.
                let number = i64::from_str_radix(number.as_str(), number.radix());
                if !number.is_ok_and(|number| (least..=most).contains(&number)) {
                    let kind = ProblemKind::OutOfRange { key: key.to_owned(), least, most };
                    self.problems.push(Problem { span, kind });
                }
            }
            DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
        }
    }

    /// Where a key that the root lacks belongs: a table at the file's end, anything else before the first table.
    fn place_in_root(&self, root: &DeTable<'_>, schema: &Value) -> Range<usize> {
        let at = if properties(schema).or_else(|| properties(schema.get("items")?)).is_some() {
            self.text.trim_end().len()
        } else {
            root.iter().map(|(key, value)| key.span().start.min(value.span().start)).min().unwrap_or(0)
        };
        at..at
    }
}

/// What a header names: the key, below that of the table which has it.
fn path(within: &str, key: &str) -> String {
    match within.trim_matches(['[', ']']) {
        above if above.len() < within.len() => format!("{above}.{key}"),
        _ => key.to_owned(),
    }
}

/// The keys of a table.
fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

/// The strings of a list.
fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The keys of which a table has exactly one: a step's actions.
fn alternatives(schema: &Value) -> Vec<&str> {
    let each = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    each.flat_map(|one| strings(one.get("required"))).collect()
}

/// The forms a value may take: one, or those of a choice between types.
fn forms(schema: &Value) -> Vec<&Value> {
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(forms) => forms.iter().collect(),
        None => vec![schema],
    }
}

/// The form that a value has the type of.
fn fitting<'s>(value: &DeValue<'_>, schema: &'s Value) -> Option<&'s Value> {
    let name = match value {
        DeValue::String(_) | DeValue::Datetime(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    };
    let quoted = !matches!(value, DeValue::Datetime(_));
    forms(schema).into_iter().find(|form| quoted && kind(form) == Some(name))
}

/// The name of a form's type; a choice between words is a string.
fn kind(form: &Value) -> Option<&str> {
    match form.get("type").and_then(Value::as_str) {
        None if !choices(form).is_empty() => Some("string"),
        kind => kind,
    }
}

/// The words a value may be, where it may not be any.
fn choices(schema: &Value) -> Vec<&str> {
    let described = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    strings(schema.get("enum")).chain(described.filter_map(|word| word.get("const")?.as_str())).collect()
}

/// What a value should be, such as `a string such as "5s"`.
fn expected(key: &str, schema: &Value) -> String {
    if schema.get("items").and_then(properties).is_some() {
        return format!("an array of tables, `{}`", example(key, schema));
    }
    let each: Vec<String> = forms(schema)
        .into_iter()
        .map(|form| {
            let article = match kind(form) {
                Some("string") => "a string",
                Some("integer") => "an integer",
                Some("number") => "a float",
                Some("boolean") => "a boolean",
                Some("array") => "an array",
                Some("object") => "a table",
                _ => "something else",
            };
            match sample(form) {
                Some(sample) => format!("{article} such as {sample}"),
                None => article.to_owned(),
            }
        })
        .collect();
    each.join(" or ")
}

/// A value to show, as TOML writes it.
fn sample(schema: &Value) -> Option<String> {
    let sample =
        schema.get("examples").and_then(|examples| examples.get(0)).or_else(|| schema.get("default"));
    sample.map(Value::to_string).or_else(|| choices(schema).first().map(|word| format!("\"{word}\"")))
}

/// What a missing key looks like.
fn example(key: &str, schema: &Value) -> String {
    match schema.get("items") {
        Some(items) if properties(items).is_some() => format!("[[{key}]]"),
        _ if properties(schema).is_some() => format!("[{key}]"),
        _ => format!("{key} = {}", sample(schema).unwrap_or_else(|| "\"…\"".to_owned())),
    }
}

/// The table, if any, that has this very key: one inside `table`, or else anywhere in the file.
fn table_with(key: &str, table: &Value, root: &Value) -> Option<String> {
    let within = || inner_table_with(key, table, |name, _| format!("`{name}`"));
    let anywhere = || inner_table_with(key, root, example);
    let in_root = || properties(root)?.contains_key(key).then(|| ROOT.to_owned());
    if std::ptr::eq(table, root) { anywhere() } else { within().or_else(in_root).or_else(anywhere) }
}

fn inner_table_with(key: &str, table: &Value, name: impl Fn(&str, &Value) -> String) -> Option<String> {
    properties(table)?.iter().find_map(|(inner, schema)| {
        let forms = forms(schema.get("items").unwrap_or(schema));
        let has = forms.into_iter().filter_map(properties).any(|keys| keys.contains_key(key));
        has.then(|| name(inner, schema))
    })
}

fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time of day",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests;
