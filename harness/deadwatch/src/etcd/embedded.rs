//! The etcd that lives in this process: the crate `etcd-model`, behaving as the scenario's release.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use etcd_model::{
    auth::{self, Credential},
    member::{Data, Ending, Saved, Settings},
    proto::{
        AuthEnableRequest, AuthRoleAddRequest, AuthRoleGrantPermissionRequest, AuthUserAddRequest,
        AuthUserGrantRoleRequest, Permission, permission,
    },
    refusal::Refusal,
    release::{Release, ReleaseError},
    server::Model,
    time::{Pace, Seed},
};
use futures::future::BoxFuture;

use super::{Address, Availability, Backend, Credentials, Dial, Etcd, EtcdError, Missing, Source};
use crate::scenario::{self, EtcdSpec, Restart, TokenKind, User, Version};

/// A running model.
#[derive(Debug)]
pub(super) struct Embedded {
    model: Model,
    address: Address,
    credentials: Option<Credentials>,
    story: String,
    /// What was saved last.
    saved: Mutex<Option<Box<Saved>>>,
}

/// Starts a model of the release, with authentication on if the scenario has a token TTL.
pub(super) async fn start(embedding: Embedding, spec: &EtcdSpec) -> Result<Embedded, EtcdError> {
    let door = match embedding.time {
        Time::Virtual => Door::Pipes,
        Time::Real => Door::Port((Ipv4Addr::LOCALHOST, 0).into()),
    };
    let credentials = spec.token_ttl.map(|_| Credentials::root());
    open(door, spec, credentials, Chance::of(embedding.seed)).await
}

/// Serves a model of the release on this address, for any client: with authentication on, and a user `root` of that
/// password, if there is one. Without a seed the tokens are nobody's to guess. It grows up to etcd's own quota of 2 GiB,
/// and raises etcd's alarm then.
///
/// # Errors
/// The address can't be had.
pub async fn serve(
    listen: SocketAddr,
    spec: &EtcdSpec,
    root_password: Option<String>,
    seed: Option<u64>,
) -> Result<Arc<dyn Etcd>, EtcdError> {
    let credentials = root_password.map(|password| Credentials { password, ..Credentials::root() });
    let secret = || RandomState::new().build_hasher().finish();
    let chance = match seed {
        Some(seed) => Chance::of(seed),
        None => Chance { seed: Seed(secret()), token_seed: Seed(secret()) },
    };
    Ok(Arc::new(open(Door::Port(listen), spec, credentials, chance).await?))
}

/// Whether the model can be this release.
pub(super) fn look(version: Version) -> Availability {
    match release(version) {
        Ok(_) => Availability::Available(Source::Embedded),
        Err(missing) => Availability::Missing(missing),
    }
}

fn release(version: Version) -> Result<Release, Missing> {
    version.to_string().parse().map_err(|error: ReleaseError| Missing {
        why: error.to_string(),
        remedy: "take one of those, or a real etcd (`--on process`, `--on docker`)".to_owned(),
    })
}

/// How a model is reached.
enum Door {
    /// In virtual time, over pipes in memory.
    Pipes,
    /// In real time, on a port; port 0 picks one.
    Port(SocketAddr),
}

/// What settles what is left to chance.
#[derive(Clone, Copy)]
struct Chance {
    seed: Seed,
    /// The letters of tokens.
    token_seed: Seed,
}

impl Chance {
    const fn of(seed: u64) -> Self {
        Self { seed: Seed(seed), token_seed: Seed(seed) }
    }
}

async fn open(
    door: Door,
    spec: &EtcdSpec,
    credentials: Option<Credentials>,
    chance: Chance,
) -> Result<Embedded, EtcdError> {
    let failed = |problem: String| EtcdError::Embedded { version: spec.version, problem };
    let release = release(spec.version).map_err(|missing| EtcdError::Missing {
        version: spec.version,
        backend: Backend::Embedded,
        missing,
    })?;
    let mut settings = Settings::of(release).seeded(chance.seed);
    settings.token_seed = chance.token_seed;
    settings.pace = match door {
        Door::Pipes => Pace::VIRTUAL,
        Door::Port(_) => Pace::Real,
    };
    if let Some(ttl) = spec.token_ttl {
        settings.token_ttl = ttl;
    }
    settings.token_kind = match spec.token_kind {
        TokenKind::Simple => auth::TokenKind::Simple,
        TokenKind::Jwt => auth::TokenKind::Signed,
    };
    settings.quota_bytes = spec.quota_bytes.or(settings.quota_bytes);
    for flag in &spec.flags {
        set(&mut settings, flag).map_err(|missing| failed(missing.why))?;
    }
    let story = format!("embedded etcd, as {}, seed {}, {}", spec.version, chance.seed, settings.phases);
    let model = Model::start(settings);
    populate(&model, credentials.as_ref(), &spec.users).map_err(|refusal| failed(refusal.to_string()))?;
    let address = match door {
        Door::Pipes => {
            let served = model.clone();
            Address::Pipe(Dial::new(move || served.connect()))
        }
        Door::Port(listen) => {
            let port = model.listen(listen).await;
            Address::Tcp(port.map_err(|error| failed(format!("listen on {listen}: {error}")))?)
        }
    };
    Ok(Embedded { model, address, credentials, story, saved: Mutex::default() })
}

/// Starts a model with this flag.
fn set(settings: &mut Settings, flag: &str) -> Result<(), Missing> {
    let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
    let unknown = || Missing {
        why: format!(
            "expected an etcd that takes {flag}, but the embedded one takes {}",
            KNOWN_FLAGS.join(", ")
        ),
        remedy: "run it with `--on process`".to_owned(),
    };
    match name {
        MAX_TXN_OPS => settings.max_txn_operations = value.parse().map_err(|_| unknown())?,
        MAX_REQUEST_BYTES => settings.max_request_bytes = value.parse().map_err(|_| unknown())?,
        // As etcd has it: 0 is its default, and a number below is no limit.
        QUOTA_BACKEND_BYTES => match value.parse::<i64>().map_err(|_| unknown())? {
            0 => settings.quota_bytes = Some(Settings::DEFAULT_QUOTA_BYTES),
            bytes => settings.quota_bytes = u64::try_from(bytes).ok(),
        },
        _ => return Err(unknown()),
    }
    Ok(())
}

const MAX_TXN_OPS: &str = "--max-txn-ops";
const MAX_REQUEST_BYTES: &str = "--max-request-bytes";
const QUOTA_BACKEND_BYTES: &str = "--quota-backend-bytes";
const KNOWN_FLAGS: [&str; 3] = [MAX_TXN_OPS, MAX_REQUEST_BYTES, QUOTA_BACKEND_BYTES];

/// Why a model can't be started with what a scenario asks for, if so.
pub(super) fn lacking(spec: &EtcdSpec) -> Option<Missing> {
    let mut settings = Settings::of(release(spec.version).ok()?);
    spec.flags.iter().find_map(|flag| set(&mut settings, flag).err())
}

/// Makes the users, and switches authentication on if there is a root: before anybody can connect, and without a
/// connection, which would take longer than much of a run.
fn populate(model: &Model, root: Option<&Credentials>, users: &[User]) -> Result<(), Refusal> {
    let nobody = Credential::default();
    model.member().with(|member, now| {
        for User { name, password, prefixes } in users {
            member.user_add(&nobody, &user_add(name, password), now)?;
            member.role_add(&nobody, &AuthRoleAddRequest { name: name.clone() }, now)?;
            for prefix in prefixes {
                let permission = permission_on(prefix);
                let grant = AuthRoleGrantPermissionRequest { name: name.clone(), perm: Some(permission) };
                member.role_grant_permission(&nobody, &grant, now)?;
            }
            let grant = AuthUserGrantRoleRequest { user: name.clone(), role: name.clone() };
            member.user_grant_role(&nobody, &grant, now)?;
        }
        if let Some(Credentials { user, password }) = root {
            member.user_add(&nobody, &user_add(user, password), now)?;
            let grant = AuthUserGrantRoleRequest { user: user.clone(), role: "root".to_owned() };
            member.user_grant_role(&nobody, &grant, now)?;
            member.auth_enable(&nobody, &AuthEnableRequest {}, now)?;
        }
        Ok(())
    })
}

fn user_add(name: &str, password: &str) -> AuthUserAddRequest {
    AuthUserAddRequest {
        name: name.to_owned(),
        password: password.to_owned(),
        ..AuthUserAddRequest::default()
    }
}

/// To read and write every key that begins so.
fn permission_on(prefix: &str) -> Permission {
    let mut end = prefix.as_bytes().to_vec();
    while end.pop_if(|last| *last == u8::MAX).is_some() {}
    // Nothing comes after the last prefix: a zero byte is the end of all keys.
    match end.last_mut() {
        Some(last) => *last += 1,
        None => end.push(0),
    }
    let key = if prefix.is_empty() { "\0" } else { prefix };
    Permission {
        perm_type: permission::Type::Readwrite.into(),
        key: key.to_owned().into(),
        range_end: end.into(),
    }
}

/// What an embedded etcd is told beside the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedding {
    /// How time passes in it.
    pub time: Time,
    /// What settles everything a real etcd leaves to chance.
    pub seed: u64,
}

/// How time passes in an embedded etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// As on the wall, on a port: for programs.
    Real,
    /// As the runtime's paused clock has it, over pipes in memory, a millisecond for each request.
    Virtual,
}

impl Embedded {
    async fn start_anew(&self, Restart { ending, down, data }: Restart) -> Result<(), EtcdError> {
        let failed = |problem: String| EtcdError::Control {
            doing: "start the embedded etcd again".to_owned(),
            problem,
        };
        let data = match data {
            scenario::Data::Kept => Data::Kept,
            scenario::Data::Wiped => Data::Wiped,
            scenario::Data::Saved => {
                let saved = self.saved().clone();
                Data::Saved(saved.ok_or_else(|| failed("nothing was saved".to_owned()))?)
            }
        };
        self.model
            .stop(match ending {
                scenario::Ending::Graceful => Ending::Graceful,
                scenario::Ending::Kill => Ending::Killed,
            })
            .await;
        tokio::time::sleep(down).await;
        self.model.start_again_on(data).await.map_err(|error| failed(error.to_string()))
    }

    fn saved(&self) -> MutexGuard<'_, Option<Box<Saved>>> {
        // Each holder changes one value at once: it is whole whatever happened to the holder.
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Etcd for Embedded {
    fn address(&self) -> Address {
        self.address.clone()
    }

    fn credentials(&self) -> Option<Credentials> {
        self.credentials.clone()
    }

    fn log(&self) -> String {
        self.story.clone()
    }

    fn restart(&self, restart: Restart) -> BoxFuture<'_, Result<(), EtcdError>> {
        Box::pin(self.start_anew(restart))
    }

    fn save(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        Box::pin(async {
            *self.saved() = Some(Box::new(self.model.saved()));
            Ok(())
        })
    }

    fn pause(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        Box::pin(async {
            self.model.pause();
            Ok(())
        })
    }

    fn resume(&self) -> BoxFuture<'_, Result<(), EtcdError>> {
        Box::pin(async {
            self.model.resume();
            Ok(())
        })
    }

    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.model.stop(Ending::Graceful).await })
    }
}
