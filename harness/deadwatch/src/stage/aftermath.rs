//! The aftermath: who still takes an item when all is over?

use std::{collections::BTreeMap, time::Duration};

use tokio::time::{Instant, timeout};

use super::{
    account,
    act::{change, layout},
    cast::Standing,
    gate,
    harness_client::HarnessClient,
    timeline::{Life, Stage},
};
use crate::{
    history::{Happening, Inconclusive},
    scenario::PROBE_PREFIX,
};

/// How long after the control was served a consumer may take to get its probe.
const BOUND: Duration = Duration::from_secs(3);

/// How long the harness waits for its own work to be done.
const SETTLING: Duration = Duration::from_secs(20);

/// How long a claim that was carried out before all was over may take to reach its consumer.
const ON_THE_WAY: Duration = Duration::from_secs(2);

/// The control's key: under no prefix that a scenario may use.
const CONTROL_KEY: &str = "deadwatch/control/1";

/// Makes true what each consumer waits for that has not stopped: a probe for each that takes items. Proves by a consumer
/// of the harness's own that the etcd serves watches, and waits until everybody has what he waited for, has stopped, or
/// the bound is reached.
pub(super) async fn play(stage: &mut Stage<'_>) -> Result<(), Inconclusive> {
    settle(stage).await?;
    let credentials = stage.harness.credentials().await;
    let harness = stage.set.harness(credentials.as_ref()).await?;
    let probes = match stage.subject_life {
        Life::Alive => probe(stage, &harness).await?,
        Life::Dead => Vec::new(),
    };
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
    let mut stored = still_stored(stage, &harness).await?;
    // Whoever is handed something only now comes too late for the bound, but the item is not lost.
    let give_up = Instant::now() + ON_THE_WAY;
    while stage.subject_life == Life::Alive
        && Instant::now() < give_up
        && account::is_open(stage.record.happened(), &probes, &stored)
    {
        stage.await_something(give_up).await?;
    }
    stage.write_omissions();
    let probes = stored.extract_if(.., |item| item.starts_with(PROBE_PREFIX)).collect();
    stage.record.write(Happening::ProbesStored { probes });
    stage.record.write(Happening::Stored { items: stored });
    Ok(())
}

/// Waits until the harness has done all that steps have told it to.
async fn settle(stage: &mut Stage<'_>) -> Result<(), Inconclusive> {
    let (admin, machinist) = (stage.admin.caught_up(), stage.machinist.caught_up());
    let done = async {
        // An error means that the task is gone, and then nothing is left to wait for.
        let _ = admin.await;
        let _ = machinist.await;
    };
    tokio::pin!(done);
    let give_up = Instant::now() + SETTLING;
    while Instant::now() < give_up {
        if stage.subject_life == Life::Dead {
            let _ = timeout(SETTLING, &mut done).await;
            return stage.hear_all();
        }
        tokio::select! {
            biased;
            () = &mut done => return stage.hear_all(),
            something = stage.await_something(give_up) => something?,
        }
    }
    Err(Inconclusive::Step(format!(
        "the steps were not done {} s after the timeline's end",
        SETTLING.as_secs()
    )))
}

/// Stores the probes, and says which.
async fn probe(stage: &mut Stage<'_>, harness: &HarnessClient) -> Result<Vec<String>, Inconclusive> {
    let playing: Vec<_> = stage
        .cast
        .iter()
        .filter(|actor| actor.is_playing() && actor.standing != Standing::Served)
        .map(|actor| actor.consumer.clone())
        .collect();
    let mut written = Vec::new();
    if playing.is_empty() {
        return Ok(written);
    }
    let mut takers: BTreeMap<&str, usize> = BTreeMap::new();
    for consumer in &playing {
        if consumer.call.takes_items() {
            *takers.entry(&consumer.prefix).or_default() += 1;
        }
    }
    let mut number = 0;
    for (prefix, takers) in takers {
        let probes: Vec<_> = (0..takers)
            .map(|_| {
                number += 1;
                format!("{PROBE_PREFIX}{number}")
            })
            .collect();
        let layout = layout(&stage.set.scenario, prefix);
        harness.enqueue(layout, prefix, &probes).await.map_err(Inconclusive::Backend)?;
        written.extend(probes);
    }
    let mut released: Vec<&str> = Vec::new();
    for consumer in playing.iter().filter(|consumer| !consumer.call.takes_items()) {
        if !released.contains(&consumer.prefix.as_str()) {
            released.push(&consumer.prefix);
            stage.record.write(Happening::Released { key: consumer.prefix.clone() });
            let changes = gate::release(consumer.call, &consumer.prefix);
            change(harness, &changes).await.map_err(|why| Inconclusive::Backend(why.into()))?;
        }
    }
    let consumers = playing.iter().map(|consumer| consumer.name.clone()).collect();
    stage.record.write(Happening::Probed { consumers });
    Ok(written)
}

/// The items left in every queue that the scenario names, probes among them.
async fn still_stored(stage: &Stage<'_>, harness: &HarnessClient) -> Result<Vec<String>, Inconclusive> {
    let mut items = Vec::new();
    for prefix in stage.set.scenario.prefixes() {
        items.extend(harness.stored(prefix).await.map_err(Inconclusive::Backend)?);
    }
    Ok(items)
}
