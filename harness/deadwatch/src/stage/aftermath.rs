//! The aftermath: who still takes an item when all is over?

use std::time::Duration;

use tokio::time::Instant;

use super::{
    cast::Standing,
    harness_client::HarnessClient,
    play::{Life, Stage},
};
use crate::{
    history::{Happening, Inconclusive},
    scenario::{Action, PROBE_PREFIX},
};

/// How long after the control was served a consumer may take to get its probe.
const BOUND: Duration = Duration::from_secs(3);

/// The control's key: under no prefix that a scenario may use.
const CONTROL_KEY: &str = "deadwatch/control/1";

/// Writes one probe for each consumer that has not stopped, proves by a consumer of the harness's own that the etcd
/// serves watches, and waits until everybody has taken a probe, has stopped, or the bound is reached.
pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Inconclusive> {
    let harness =
        HarnessClient::open(&stage.set.etcd, stage.set.credentials.as_ref(), stage.set.clock.clone())
            .await
            .map_err(Inconclusive::Backend)?;
    if stage.subject_life == Life::Alive {
        probe(stage, &harness).await?;
    }
    harness.prove_served(CONTROL_KEY).await.map_err(Inconclusive::Control)?;
    stage.record.write(Happening::ControlServed);
    let bound = Instant::now() + BOUND;
    while stage.subject_life == Life::Alive && stage.cast.iter().any(|actor| actor.is_playing()) {
        if Instant::now() >= bound {
            stage.record.write(Happening::BoundReached);
            break;
        }
        stage.await_something(bound).await?;
    }
    stage.write_omissions();
    let mut stored = still_stored(stage, &harness).await?;
    let probes = stored.extract_if(.., |item| item.starts_with(PROBE_PREFIX)).collect();
    stage.record.write(Happening::ProbesStored { probes });
    stage.record.write(Happening::Stored { items: stored });
    Ok(())
}

async fn probe(stage: &mut Stage<'_>, harness: &HarnessClient) -> Result<(), Inconclusive> {
    let playing = stage.cast.iter().filter(|actor| actor.is_playing() && actor.standing != Standing::Served);
    let consumers: Vec<_> = playing.map(|actor| actor.consumer.name.clone()).collect();
    if consumers.is_empty() {
        return Ok(());
    }
    let probes: Vec<_> = (1..=consumers.len()).map(|number| format!("{PROBE_PREFIX}{number}")).collect();
    harness.enqueue(&stage.set.scenario.queue.prefix, &probes).await.map_err(Inconclusive::Backend)?;
    stage.record.write(Happening::Probed { consumers });
    Ok(())
}

/// The items left in every queue that the scenario names, probes among them.
async fn still_stored(stage: &Stage<'_>, harness: &HarnessClient) -> Result<Vec<String>, Inconclusive> {
    let scenario = &stage.set.scenario;
    let mut prefixes = vec![scenario.queue.prefix.clone()];
    for step in &scenario.steps {
        match &step.action {
            Action::Enqueue(enqueue) if !prefixes.contains(&enqueue.prefix) => {
                prefixes.push(enqueue.prefix.clone());
            }
            _ => {}
        }
    }
    let mut items = Vec::new();
    for prefix in prefixes {
        items.extend(harness.stored(&prefix).await.map_err(Inconclusive::Backend)?);
    }
    Ok(items)
}
