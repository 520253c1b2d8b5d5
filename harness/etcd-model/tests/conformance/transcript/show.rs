//! A message as text that people read: on one line where it fits, fields with their default left out.

use etcd_model::member::{CLUSTER_ID, MEMBER_ID};

use super::Tree;

/// As wide as a line may be before its message is broken into lines.
const WIDTH: usize = 110;

/// Texts longer than this are told by their beginning and their length.
const LONGEST: usize = 200;

/// Of lists longer than this only both ends are told, and how much is between.
const MOST_ITEMS: usize = 40;

/// The message, its first line to be preceded by `before`, later ones indented below it.
pub fn message(before: &str, tree: &Tree) -> String {
    let whole = format!("{before}{}", top(tree));
    if whole.chars().count() <= WIDTH {
        return whole;
    }
    broken(before, 4, tree)
}

fn broken(before: &str, indent: usize, tree: &Tree) -> String {
    let (name, fields) = match tree {
        Tree::Record(name, fields) => (short(name), fields),
        other => return format!("{before}{}", line(other)),
    };
    let pad = " ".repeat(indent);
    let mut text = format!("{before}{name}");
    for (field, value) in fields {
        let Some(shown) = shown_field(field, value) else { continue };
        if field == "header" {
            text.push_str(&format!(" {shown}"));
            continue;
        }
        match unwrapped(value) {
            Tree::List(items) if shown.chars().count() + indent > WIDTH => {
                text.push_str(&format!("\n{pad}{}:", renamed(field)));
                for (position, item) in items.iter().enumerate() {
                    if items.len() > MOST_ITEMS && (2..items.len() - 2).contains(&position) {
                        if position == 2 {
                            text.push_str(&format!("\n{pad}  … {} more", items.len() - 4));
                        }
                        continue;
                    }
                    text.push_str(&format!("\n{pad}  "));
                    let one = line(item);
                    if one.chars().count() + indent + 2 <= WIDTH {
                        text.push_str(&one);
                    } else {
                        text.push_str(&broken("", indent + 4, collapsed(item)));
                    }
                }
            }
            _ => text.push_str(&format!("\n{pad}{shown}")),
        }
    }
    text
}

/// A message on one line, without braces around it.
fn top(tree: &Tree) -> String {
    match collapsed(tree) {
        Tree::Record(name, fields) => {
            let fields = shown(fields);
            if fields.is_empty() { short(name).to_owned() } else { format!("{} {fields}", short(name)) }
        }
        other => line(other),
    }
}

fn line(tree: &Tree) -> String {
    match collapsed(tree) {
        // A message without fields shows as its name.
        Tree::Atom(text) => short(text).to_owned(),
        Tree::Text(text) if text.len() > LONGEST => {
            format!("\"{}…\" ({} long)", text.chars().take(16).collect::<String>(), text.len())
        }
        Tree::Text(text) => format!("\"{text}\""),
        Tree::List(items) => format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", ")),
        Tree::Wrapped(name, inner) => format!("{name}({})", line(inner)),
        Tree::Record(name, fields) if matches!(name.as_str(), "KeyValue" | "Event") => {
            format!("{{{}}}", shown(fields))
        }
        Tree::Record(name, fields) => format!("{}{{{}}}", short(name), shown(fields)),
    }
}

fn shown(fields: &[(String, Tree)]) -> String {
    fields.iter().filter_map(|(field, value)| shown_field(field, value)).collect::<Vec<_>>().join(" ")
}

/// A field with its name; none if it has its default.
fn shown_field(field: &str, value: &Tree) -> Option<String> {
    if field == "header" {
        return Some(header(value));
    }
    let text = line(value);
    match text.as_str() {
        "Key" if field == "sort_target" => None,
        "0" | "\"\"" | "false" | "None" | "[]" => None,
        "true" => Some(renamed(field).to_owned()),
        _ if field == "target_union" || field == "request_union" => Some(text),
        _ => Some(format!("{}={text}", renamed(field))),
    }
}

/// Who answers, and at which revision.
fn header(header: &Tree) -> String {
    let Tree::Wrapped(_, header) = header else { return "(no header)".to_owned() };
    let number = |name: &str| match header.field(name) {
        Some(Tree::Atom(number)) => number.parse::<u64>().unwrap_or_default(),
        _ => 0,
    };
    let revision = number("revision");
    match (number("cluster_id"), number("member_id"), number("raft_term")) {
        (CLUSTER_ID, MEMBER_ID, 2) => format!("@{revision}"),
        (0, 0, 0) => format!("@{revision} bare"),
        (cluster, member, term) => {
            format!("@{revision} of cluster {cluster:x}, member {member:x}, term {term}")
        }
    }
}

/// Without the layers that only wrap: `Some`, the arms of a union, the messages that hold nothing but one.
fn collapsed(tree: &Tree) -> &Tree {
    match tree {
        Tree::Wrapped(name, inner) if name == "Some" || matches!(**inner, Tree::Record(..)) => {
            collapsed(inner)
        }
        Tree::Record(name, fields)
            if matches!(name.as_str(), "RequestOp" | "ResponseOp" | "WatchRequest") =>
        {
            fields.first().map_or(tree, |(_, inner)| collapsed(inner))
        }
        other => other,
    }
}

fn unwrapped(tree: &Tree) -> &Tree {
    match tree {
        Tree::Wrapped(name, inner) if name == "Some" => inner,
        other => other,
    }
}

fn short(name: &str) -> &str {
    name.trim_end_matches("Request").trim_end_matches("Response")
}

fn renamed(field: &str) -> &str {
    match field {
        "create_revision" => "create",
        "mod_revision" => "mod",
        other => other,
    }
}
