//! What a call carries to show who makes it.

use tonic::metadata::MetadataMap;

/// The login that a call shows. It is taken from the call's opening metadata and never changes during the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// No token.
    #[default]
    None,
    /// The text of the header `token`, or of `authorization` if that is not there.
    Token(String),
}

impl Credential {
    /// The credential among a call's metadata. Source: etcd v3.5.5 server/auth/store.go, `AuthInfoFromCtx`, and
    /// api/v3rpc/rpctypes/metadatafields.go.
    pub fn of(metadata: &MetadataMap) -> Self {
        match metadata.get("token").or_else(|| metadata.get("authorization")) {
            // A token that is no text is a token all the same, and one that nobody knows.
            Some(token) => Self::Token(String::from_utf8_lossy(token.as_bytes()).into_owned()),
            None => Self::None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_header_token_goes_before_authorization() {
        let mut metadata = MetadataMap::new();
        assert_eq!(Credential::of(&metadata), Credential::None);
        metadata.insert("authorization", "second".parse().unwrap());
        assert_eq!(Credential::of(&metadata), Credential::Token("second".to_owned()));
        metadata.insert("token", "".parse().unwrap());
        assert_eq!(Credential::of(&metadata), Credential::Token(String::new()));
    }
}
