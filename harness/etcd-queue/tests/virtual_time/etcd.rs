//! One in-memory etcd, and clients of it.

use std::time::Duration;

use etcd_client::{Channel, Client, CompactionOptions, ConnectOptions, GetOptions};
use etcd_model::member::{Ending, Settings};
use etcd_model::release::Release;
use etcd_model::server::Model;
use etcd_model::time::Pace;
use etcd_queue::{Cluster, ClusterOptions, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT};
use hyper_util::rt::TokioIo;
use tonic::transport::Endpoint;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

use crate::wire::{Meddled, Wire};

pub const TOKEN_TTL: Duration = Duration::from_secs(5);
/// etcd looks for dead tokens once a second; by then one that nobody used is certainly gone.
pub const TOKEN_IS_DEAD: Duration = Duration::from_millis(6_100);

pub struct Etcd {
    pub model: Model,
}

impl Etcd {
    pub fn start(release: &str) -> Self {
        Self::start_with(settings(release))
    }

    pub fn start_with(settings: Settings) -> Self {
        Self { model: Model::start(settings) }
    }

    /// With a user `root`; passwords are the users' names.
    pub async fn start_with_auth(release: &str) -> Self {
        let etcd = Self::start(release);
        let mut client = etcd.client().await;
        client.user_add("root", "root", None).await.unwrap();
        client.user_grant_role("root", "root").await.unwrap();
        client.auth_enable().await.unwrap();
        etcd
    }

    pub async fn client(&self) -> Client {
        self.wired(None).await.0
    }

    pub async fn client_of(&self, user: &str) -> Client {
        self.wired(Some(user)).await.0
    }

    /// A client, and the wire it is on.
    pub async fn wired(&self, user: Option<&str>) -> (Client, Wire) {
        let (channel, wire) = self.channel();
        let options = user.map(|user| ConnectOptions::new().with_user(user, user));
        (Client::from_channel(channel, options).await.unwrap(), wire)
    }

    /// A channel, and the wire it is on, with the keep-alive that is recommended.
    pub fn channel(&self) -> (Channel, Wire) {
        let (model, wire) = (self.model.clone(), Wire::default());
        let for_connector = wire.clone();
        let connector = service_fn(move |_| {
            let wire = for_connector.clone();
            let pipe = wire.knock().and_then(|()| Ok(TokioIo::new(wire.connect(model.connect()?))));
            async move { pipe }
        });
        let inner = Endpoint::from_static("http://etcd")
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .connect_with_connector_lazy(connector);
        let meddled = Meddled { inner, wire: wire.clone() };
        (Channel::Custom(BoxCloneSyncService::new(meddled)), wire)
    }

    /// A cluster of three members, of which the first is asked first, and the wire of each. They are one etcd, as
    /// members are to those who ask them.
    pub fn cluster(&self, user: Option<&str>) -> (Cluster, [Wire; 3]) {
        let members = [self.channel(), self.channel(), self.channel()];
        let wires = [&members[0].1, &members[1].1, &members[2].1].map(Wire::clone);
        let mut options = ClusterOptions::new().seed(0);
        if let Some(user) = user {
            options = options.user(user, user);
        }
        (Cluster::from_channels(members.map(|(channel, _)| channel), options).unwrap(), wires)
    }

    /// A user that may read and write these ranges and nothing else.
    pub async fn add_user(&self, name: &str, ranges: &[(&str, &str)]) {
        let mut root = self.client_of("root").await;
        root.role_add(name).await.unwrap();
        for (from, to) in ranges {
            let range = etcd_client::Permission::read_write(*from).with_range_end(*to);
            root.role_grant_permission(name, range).await.unwrap();
        }
        root.user_add(name, name, None).await.unwrap();
        root.user_grant_role(name, name).await.unwrap();
    }

    /// Compacts everything that is past, after some writes elsewhere.
    pub async fn compact(&self, client: &mut Client) {
        for _ in 0..5 {
            client.put("foreign", "", None).await.unwrap();
        }
        let now = client.put("foreign", "", None).await.unwrap().header().unwrap().revision();
        client.compact(now, Some(CompactionOptions::new().with_physical())).await.unwrap();
    }

    pub async fn kill(&self) {
        self.model.stop(Ending::Killed).await;
    }

    pub async fn start_again(&self) {
        self.model.start_again().await.unwrap();
    }
}

/// How a model is started that runs in paused time.
pub fn settings(release: &str) -> Settings {
    let release = release.parse::<Release>().unwrap();
    Settings { token_ttl: TOKEN_TTL, pace: Pace::VIRTUAL, ..Settings::of(release) }
}

/// How many keys begin so.
pub async fn stored(client: &mut Client, prefix: &str) -> i64 {
    let all = GetOptions::new().with_prefix().with_count_only();
    client.get(prefix, Some(all)).await.unwrap().count()
}
