//! One request, and what etcd says to it.

use etcd_model::proto::WatchResponse;
use prost::Message as _;
use tonic::Code;

use crate::raw::{Answered, Message};

/// What etcd says.
pub enum Expected {
    /// It sees nothing wrong, and says that.
    Given(fn(&[u8]) -> bool),
    /// It refuses the call.
    Refused(Code, &'static str),
    /// The same, and how the text ends is a matter of who reads protobuf.
    RefusedWith(Code, &'static str),
    /// It says nothing.
    Silence,
    /// It refuses a watch, on its stream.
    Canceled(&'static str),
}

/// A request that makes no sense.
pub struct Case {
    pub title: &'static str,
    pub message: Message,
    pub expected: Expected,
}

use Expected::{Canceled, Given, Refused, RefusedWith, Silence};

impl Expected {
    /// Whether that is what was answered.
    pub fn is(&self, answered: &Answered) -> bool {
        match (self, answered) {
            (Given(holds), Answered::Given(Some(message))) => holds(message),
            (Refused(code, text), Answered::Refused(found, words)) => code == found && text == words,
            (RefusedWith(code, text), Answered::Refused(found, words)) => {
                code == found && words.starts_with(text)
            }
            (Silence, Answered::Silence) => true,
            (Canceled(reason), Answered::Given(Some(message))) => {
                let response = WatchResponse::decode(message.clone()).unwrap();
                response.canceled && response.cancel_reason == *reason
            }
            _ => false,
        }
    }
}

/// A message that protobuf understands.
pub fn case(
    title: &'static str,
    path: &'static str,
    message: impl prost::Message,
    expected: Expected,
) -> Case {
    Case { title, message: Message { path, body: message.encode_to_vec(), metadata: None }, expected }
}

/// Anything.
pub fn bytes(title: &'static str, path: &'static str, body: &[u8], expected: Expected) -> Case {
    Case { title, message: Message { path, body: body.to_vec(), metadata: None }, expected }
}
