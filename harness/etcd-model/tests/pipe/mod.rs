//! An unmodified client on a model, through memory.

mod tap;

use std::time::Duration;

use etcd_client::{Channel, Client, ConnectOptions};
use etcd_model::{member::Settings, release::Release, server::Model, time::Pace};
use hyper_util::rt::TokioIo;
pub use tap::{Tap, Transcript};
use tonic::transport::Endpoint;
use tower::service_fn;

/// A model of `release` in virtual time.
pub fn model(release: &str) -> Model {
    Model::start(settings(release))
}

/// How such a model is started: tokens live for 5 s.
pub fn settings(release: &str) -> Settings {
    Settings {
        token_ttl: Duration::from_secs(5),
        pace: Pace::VIRTUAL,
        ..Settings::of(release.parse::<Release>().unwrap())
    }
}

/// A connection that is made when it is needed, and made again when it is lost.
pub fn channel(model: &Model) -> tonic::transport::Channel {
    let model = model.clone();
    let connector = service_fn(move |_| {
        let pipe = model.connect();
        async move { pipe.map(TokioIo::new) }
    });
    Endpoint::from_static("http://model").connect_with_connector_lazy(connector)
}

/// The same, with a transcript of it.
pub fn tapped(model: &Model, transcript: &Transcript) -> tonic::transport::Channel {
    let (model, transcript) = (model.clone(), transcript.clone());
    let connector = service_fn(move |_| {
        let pipe = model.connect();
        let transcript = transcript.clone();
        async move { pipe.map(|pipe| TokioIo::new(Tap { pipe, transcript })) }
    });
    Endpoint::from_static("http://model").connect_with_connector_lazy(connector)
}

/// A client that nobody has to log in.
pub async fn client(model: &Model) -> Client {
    Client::from_channel(Channel::Tonic(channel(model)), None).await.unwrap()
}

/// Switches authentication on, with a user `root` whose password is `root`.
pub async fn switch_authentication_on(model: &Model) {
    let mut client = client(model).await;
    client.user_add("root", "root", None).await.unwrap();
    client.user_grant_role("root", "root").await.unwrap();
    client.auth_enable().await.unwrap();
}

/// A client that is logged in as root, and logs in again when a call says that its token is bad.
pub async fn root(channel: tonic::transport::Channel) -> Client {
    let options = ConnectOptions::new().with_user("root", "root").with_auto_token_refresh(true);
    Client::from_channel(Channel::Tonic(channel), Some(options)).await.unwrap()
}
