//! Before the timeline: the subject takes one item, so that a subject that can't work at all proves nothing.

use std::time::Duration;

use tokio::time::timeout;

use super::{harness_client::HarnessClient, harness_queue::Layout, play::Set};
use crate::{
    etcd::Credentials,
    history::Inconclusive,
    scenario::{ConsumerCall, Endpoints, ROOT},
    subject::{Call, Opening, Reply, Request, Returned},
};

/// The client of the pre-flight; no scenario can name one so.
pub(super) const PREFLIGHT_CLIENT: &str = "deadwatch.preflight";

/// The queue of the pre-flight: under no prefix that a scenario may use.
const PREFLIGHT_PREFIX: &str = "deadwatch/preflight";

/// The id of the pre-flight's call.
pub(super) const PREFLIGHT_CALL: u64 = 1;

/// How long a client may take to open.
pub(super) const OPEN_PATIENCE: Duration = Duration::from_secs(30);

/// How long the one item may take.
const ITEM_PATIENCE: Duration = Duration::from_secs(10);

/// Has the subject take one item with a client of its own.
pub(super) async fn check(set: &mut Set, harness: &HarnessClient) -> Result<(), Inconclusive> {
    let item = "preflight".to_owned();
    harness
        .enqueue(Layout::Queue, PREFLIGHT_PREFIX, std::slice::from_ref(&item))
        .await
        .map_err(Inconclusive::Backend)?;
    open(set, PREFLIGHT_CLIENT).await?;
    set.ask(Request::Call {
        id: PREFLIGHT_CALL,
        client: PREFLIGHT_CLIENT.to_owned(),
        call: Call::Consume {
            call: ConsumerCall::Dequeue,
            consumer: "preflight".to_owned(),
            prefix: PREFLIGHT_PREFIX.to_owned(),
        },
    });
    let reply = timeout(ITEM_PATIENCE, set.subject.replies.recv()).await;
    let quoted = match reply {
        Err(_) => format!("no answer within {} s", ITEM_PATIENCE.as_secs()),
        Ok(Some(Reply::Returned { id: PREFLIGHT_CALL, returned })) => match returned {
            Returned::Item { item: got, ack } if got == item => return finish(set, ack).await,
            Returned::Unsupported => return Err(Inconclusive::Unsupported("dequeue".to_owned())),
            Returned::Item { item: got, .. } => format!("it got {got:?} where {item:?} was stored"),
            Returned::Done => "it returned without an item".to_owned(),
            Returned::Error(error) => error,
        },
        Ok(other) => return Err(unexpected(other)),
    };
    Err(Inconclusive::Preflight(quoted))
}

/// Acknowledges the item where that is asked for, and closes the client.
async fn finish(set: &mut Set, ack: Option<String>) -> Result<(), Inconclusive> {
    if let Some(token) = ack {
        set.ask(Request::Call {
            id: PREFLIGHT_CALL + 1,
            client: PREFLIGHT_CLIENT.to_owned(),
            call: Call::Ack { token },
        });
        match timeout(ITEM_PATIENCE, set.subject.replies.recv()).await {
            Ok(Some(Reply::Returned { returned: Returned::Done, .. })) => {}
            Ok(Some(Reply::Returned { returned, .. })) => {
                return Err(Inconclusive::Preflight(format!("its acknowledgement: {returned:?}")));
            }
            Ok(other) => return Err(unexpected(other)),
            Err(_) => return Err(Inconclusive::Preflight("its acknowledgement was not answered".to_owned())),
        }
    }
    set.ask(Request::Close { client: PREFLIGHT_CLIENT.to_owned() });
    match timeout(OPEN_PATIENCE, set.subject.replies.recv()).await {
        Ok(Some(Reply::Closed { .. })) => Ok(()),
        Ok(other) => Err(unexpected(other)),
        Err(_) => Err(Inconclusive::Protocol("the pre-flight's client was never closed".to_owned())),
    }
}

/// Opens a client of the subject's and waits until it has answered.
pub(super) async fn open(set: &mut Set, client: &str) -> Result<(), Inconclusive> {
    let unreachable = |error: std::io::Error| Inconclusive::Backend(error.to_string());
    let others = match set.scenario.endpoints {
        Endpoints::One => Vec::new(),
        Endpoints::All => set.wire.routes(client).await.map_err(unreachable)?.split_off(1),
    };
    let opening = Opening {
        address: set.wire.route(client).await.map_err(unreachable)?,
        others,
        credentials: credentials(set, client),
        receive_limit_bytes: set.scenario.receive_limit_bytes,
        clock: set.scenario.client_clock(client),
    };
    set.ask(Request::Open { client: client.to_owned(), opening });
    match timeout(OPEN_PATIENCE, set.subject.replies.recv()).await {
        Err(_) => Err(Inconclusive::Open(format!(
            "client {client:?} did not answer within {} s",
            OPEN_PATIENCE.as_secs()
        ))),
        Ok(Some(Reply::Opened { client: opened, error: None })) if opened == client => Ok(()),
        Ok(Some(Reply::Opened { client, error: Some(error) })) => {
            Err(Inconclusive::Open(format!("client {client:?}: {error}")))
        }
        Ok(other) => Err(unexpected(other)),
    }
}

/// As whom a client of the subject's logs in: as the user that its consumers name, else as the harness does.
fn credentials(set: &Set, client: &str) -> Option<Credentials> {
    match set.scenario.client_user(client) {
        None | Some(ROOT) => set.etcd.credentials(),
        Some(name) => {
            let user = set.scenario.etcd.users.iter().find(|user| user.name == name);
            user.map(|user| Credentials { user: user.name.clone(), password: user.password.clone() })
        }
    }
}

/// What an answer means that nobody asked for.
pub(super) fn unexpected(reply: Option<Reply>) -> Inconclusive {
    match reply {
        None => Inconclusive::Protocol("the subject ended before its timeline".to_owned()),
        Some(Reply::Died(death)) => Inconclusive::Preflight(format!("it died: {}", death.cause)),
        Some(Reply::Broke(line)) => Inconclusive::Protocol(line),
        Some(other) => Inconclusive::Protocol(format!("unexpected answer: {other:?}")),
    }
}
