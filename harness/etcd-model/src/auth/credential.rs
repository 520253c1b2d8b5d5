//! What a call carries to show who makes it.

use tonic::metadata::MetadataMap;

/// The login that a call shows. It is taken from the call's opening metadata and never changes during the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// No token.
    #[default]
    None,
    /// The text of the header `token`.
    Token(String),
}

impl Credential {
    /// The credential among a call's metadata.
    pub fn of(metadata: &MetadataMap) -> Self {
        match metadata.get("token").and_then(|token| token.to_str().ok()) {
            Some(token) => Self::Token(token.to_owned()),
            None => Self::None,
        }
    }
}
