//! The line protocol's lines: requests to text, text to answers. Pure; the process is `program`'s, and what may
//! be answered when is the `ledger`'s.

use serde::{Deserialize, Serialize};

use super::{Call, Opening, Request};
use crate::etcd::{Address, Credentials};

/// The version of the protocol, as `hello` tells it.
const PROTOCOL: u32 = 1;

/// How much of a line is quoted, in characters.
const QUOTED_CHARS: usize = 200;

#[derive(Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Line<'a> {
    Hello {
        protocol: u32,
    },
    Open {
        client: &'a str,
        endpoints: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        receive_limit_bytes: Option<usize>,
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        login: Option<Login<'a>>,
    },
    Call {
        id: u64,
        client: &'a str,
        #[serde(flatten)]
        method: Method<'a>,
    },
    Cancel {
        id: u64,
    },
    Close {
        client: &'a str,
    },
}

#[derive(Serialize)]
struct Login<'a> {
    user: &'a str,
    password: &'a str,
}

/// A call: its method's name, and what it takes.
#[derive(Serialize)]
#[serde(untagged)]
enum Method<'a> {
    Consume { method: &'static str, consumer: &'a str, prefix: &'a str },
    Enqueue { method: &'static str, prefix: &'a str, value: &'a str },
    Ack { method: &'static str, token: &'a str },
}

/// The first line to a program, without its end.
pub(super) fn hello() -> String {
    write(&Line::Hello { protocol: PROTOCOL })
}

/// The line that asks this of a program, without its end.
pub(super) fn encode(request: &Request) -> String {
    match request {
        Request::Open { client, opening } => {
            let Opening { address, others, credentials, receive_limit_bytes, clock: _ } = opening;
            write(&Line::Open {
                client,
                endpoints: std::iter::once(address).chain(others).map(Address::endpoint).collect(),
                receive_limit_bytes: *receive_limit_bytes,
                login: credentials.as_ref().map(|Credentials { user, password }| Login { user, password }),
            })
        }
        Request::Call { id, client, call } => write(&Line::Call {
            id: *id,
            client,
            method: match call {
                Call::Consume { call, consumer, prefix } => {
                    Method::Consume { method: call.name(), consumer, prefix }
                }
                Call::Enqueue { prefix, value } => Method::Enqueue { method: "enqueue", prefix, value },
                Call::Ack { token } => Method::Ack { method: "ack", token },
            },
        }),
        Request::Cancel { id } => write(&Line::Cancel { id: *id }),
        Request::Close { client } => write(&Line::Close { client }),
    }
}

fn write(line: &Line<'_>) -> String {
    // Strings and numbers only: nothing in these types can fail to become JSON.
    serde_json::to_string(line).unwrap_or_default()
}

/// A line from a program, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// To an open.
    Opened { client: String, error: Option<String> },
    /// To a close.
    Closed { client: String },
    /// To a call or its cancel.
    Call { id: u64, said: Said },
}

/// What a line says of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Item { item: String, ack: Option<String> },
    Done,
    Error(String),
    Unsupported,
    Cancelled,
}

/// Why a line cannot be understood; reads well after the line itself.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("is no JSON (one object a line was expected; logs belong on stderr): {0}")]
    NoJson(serde_json::Error),
    #[error("is not a JSON object")]
    NoObject,
    #[error("does not have the fields of an answer: {0}")]
    WrongFields(serde_json::Error),
    #[error(r#"answers nothing: expected an "id", or "op":"open" or "op":"close" with a "client""#)]
    NoAddressee,
    #[error(r#"says nothing about its call: expected "item", "ok", "error", "unsupported" or "cancelled""#)]
    SaysNothing,
    #[error(r#"says more than one of "item", "ok", "error", "unsupported" and "cancelled""#)]
    SaysTooMuch,
}

/// Every field an answer may have. An absent one, `null` and a `false` are the same.
#[derive(Deserialize)]
struct Fields {
    op: Option<String>,
    client: Option<String>,
    id: Option<u64>,
    item: Option<String>,
    ack: Option<String>,
    ok: Option<bool>,
    error: Option<String>,
    unsupported: Option<bool>,
    cancelled: Option<bool>,
}

/// Understands a line from a program. Fields it does not know are ignored.
pub(super) fn decode(line: &str) -> Result<Answer, LineError> {
    // In two steps: an array would do for the fields of a struct too, but is not what the protocol says.
    let value: serde_json::Value = serde_json::from_str(line).map_err(LineError::NoJson)?;
    if !value.is_object() {
        return Err(LineError::NoObject);
    }
    let fields: Fields = serde_json::from_value(value).map_err(LineError::WrongFields)?;
    match (fields.op.as_deref(), fields.client, fields.id) {
        (Some("open"), Some(client), _) => Ok(Answer::Opened { client, error: fields.error }),
        (Some("close"), Some(client), _) => Ok(Answer::Closed { client }),
        (None, _, Some(id)) => {
            let mut said = [
                fields.item.map(|item| Said::Item { item, ack: fields.ack }),
                fields.ok.filter(|&ok| ok).map(|_| Said::Done),
                fields.error.map(Said::Error),
                fields.unsupported.filter(|&unsupported| unsupported).map(|_| Said::Unsupported),
                fields.cancelled.filter(|&cancelled| cancelled).map(|_| Said::Cancelled),
            ]
            .into_iter()
            .flatten();
            match (said.next(), said.next()) {
                (Some(said), None) => Ok(Answer::Call { id, said }),
                (Some(_), Some(_)) => Err(LineError::SaysTooMuch),
                (None, _) => Err(LineError::SaysNothing),
            }
        }
        _ => Err(LineError::NoAddressee),
    }
}

/// The line as it is quoted to people: its control characters visible, its end cut off where it is long.
pub(super) fn quote(line: &str) -> String {
    let mut quoted: String = line.chars().take(QUOTED_CHARS).flat_map(shown).collect();
    if line.chars().nth(QUOTED_CHARS).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

fn shown(char: char) -> impl Iterator<Item = char> {
    // Escapes must not reach a terminal by way of a report.
    let escaped = char.is_control().then(|| char.escape_default());
    let plain = (!char.is_control()).then_some(char);
    escaped.into_iter().flatten().chain(plain)
}

#[cfg(test)]
mod tests;
