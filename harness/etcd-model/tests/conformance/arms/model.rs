//! The model: a fresh one over pipes in memory, in tokio's paused time.

use std::time::Duration;

use etcd_model::{auth::TokenKind, member::Settings, release::Release, server, time::Pace};
use hyper_util::rt::TokioIo;
use tonic::transport::Endpoint;
use tower::service_fn;

use crate::case::{Line, Start};

/// A model of one release.
pub struct Model {
    model: server::Model,
}

impl Model {
    /// A fresh one, within a runtime.
    pub fn start(release: Release, start: Start) -> Self {
        let mut settings = Settings { pace: Pace::VIRTUAL, ..Settings::of(release) };
        match start {
            Start::Plain => {}
            Start::TokenTtlS(ttl_s) => settings.token_ttl = Duration::from_secs(ttl_s),
            Start::SignedTokensS(ttl_s) => {
                settings.token_ttl = Duration::from_secs(ttl_s);
                settings.token_kind = TokenKind::Signed;
            }
            Start::QuotaBytes(bytes) => settings.quota_bytes = Some(bytes),
            Start::MaxTxnOps(most) => settings.max_txn_operations = most,
            Start::MaxRequestBytes(bytes) => settings.max_request_bytes = bytes,
        }
        Self { model: server::Model::start(settings) }
    }

    /// A connection to it.
    pub async fn connect(&self) -> Line {
        let model = self.model.clone();
        let connector = service_fn(move |_| {
            let pipe = model.connect().map(TokioIo::new);
            async move { pipe }
        });
        let endpoint = Endpoint::from_static("http://model");
        Line { channel: endpoint.connect_with_connector(connector).await.unwrap() }
    }
}
