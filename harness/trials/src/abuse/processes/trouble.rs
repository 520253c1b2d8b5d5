//! What goes wrong with the cluster: one thing after the other, until it shall be calm.

use std::time::Duration;

use fastrand::Rng;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    cluster::{Cluster, ClusterError},
    plan::{Menu, Plan},
    settings::Kind,
    stint::drawn,
    suffered::Counters,
    witness::Witness,
};

/// How much of the quota is filled before the workers' own writes cross it, and with how much at a time.
const FILLED: f64 = 0.85;
const FILLER_BYTES: usize = 400_000;
/// How long the workers have to cross it.
const CROSSED: Duration = Duration::from_secs(8);
const LOOK: Duration = Duration::from_millis(150);
/// Members that are asked at a bad moment are asked again.
const ASKED_AGAIN: Duration = Duration::from_secs(60);

/// Whoever does it.
pub struct Troubles<'a> {
    /// To whom.
    pub cluster: &'a mut Cluster,
    /// What the run is to be.
    pub plan: &'a Plan,
    /// What the run goes through.
    pub counters: &'a Counters,
    /// Told when all members are away, and back.
    pub outage: &'a watch::Sender<bool>,
    /// What is stored.
    pub witness: &'a Witness,
}

impl Troubles<'_> {
    /// Lets things go wrong until `calm` is true, and leaves all members up and ready.
    ///
    /// # Errors
    /// A member does not do what is asked of it.
    pub async fn go_on(mut self, mut calm: watch::Receiver<bool>) -> Result<(), ClusterError> {
        let mut rng = Rng::with_seed(self.plan.seed ^ 0x7_7007);
        let Menu { pause, kill_member, outage, crossing, compact, cluster_rest_ms, .. } =
            self.plan.menu.clone();
        loop {
            let rest = ms(&mut rng, cluster_rest_ms.clone());
            tokio::select! {
                biased;
                _ = calm.wait_for(|calm| *calm) => break,
                () = sleep(rest) => {}
            }
            match drawn(&[pause, kill_member, outage, crossing, compact], &mut rng) {
                Some(0) => self.pause(&mut rng).await?,
                Some(1) => self.kill(&mut rng).await?,
                Some(2) => self.outage(&mut rng).await?,
                Some(3) => self.cross(&mut rng).await?,
                Some(_) => self.compact().await?,
                None => {}
            }
        }
        self.cluster.ready().await
    }

    /// The leader, every second time, or any member.
    async fn draw_member(&self, rng: &mut Rng) -> usize {
        let any = rng.usize(..self.cluster.len());
        let leader = if rng.bool() { self.cluster.leader().await } else { None };
        if leader.is_some() {
            self.counters.leaders.add(1);
        }
        leader.unwrap_or(any)
    }

    async fn pause(&mut self, rng: &mut Rng) -> Result<(), ClusterError> {
        let number = self.draw_member(rng).await;
        self.cluster.member(number).pause()?;
        self.counters.pauses.add(1);
        // As long as an election takes, or until everybody has noticed.
        sleep(ms(rng, 200..9_000)).await;
        self.cluster.member(number).resume()?;
        Ok(())
    }

    async fn kill(&mut self, rng: &mut Rng) -> Result<(), ClusterError> {
        let number = self.draw_member(rng).await;
        self.cluster.member(number).kill().await?;
        self.counters.member_kills.add(1);
        sleep(ms(rng, 0..3_000)).await;
        self.cluster.member(number).start_again()?;
        self.cluster.ready().await
    }

    /// All members stand still, or are dead.
    async fn outage(&mut self, rng: &mut Rng) -> Result<(), ClusterError> {
        let (length, is_dead) = (ms(rng, 500..9_000), rng.bool());
        let members = 0..self.cluster.len();
        for number in members.clone() {
            let member = self.cluster.member(number);
            if is_dead { member.kill().await? } else { member.pause()? }
        }
        self.counters.outages.add(1);
        self.outage.send_replace(true);
        sleep(length).await;
        for number in members {
            let member = self.cluster.member(number);
            if is_dead { member.start_again()? } else { member.resume()? }
        }
        let ready = self.cluster.ready().await;
        self.outage.send_replace(false);
        ready
    }

    /// The quota is nearly filled, and crossed by the workers; the full etcd is drained for a while; then it is
    /// compacted, defragmented and disarmed.
    async fn cross(&mut self, rng: &mut Rng) -> Result<(), ClusterError> {
        let Some(quota) = self.plan.quota_bytes else { return Ok(()) };
        #[allow(clippy::cast_precision_loss)]
        let is_near = |bytes: u64| bytes as f64 >= quota as f64 * FILLED;
        let mut is_full = false;
        while !is_full && !is_near(persist(|| self.cluster.database_bytes()).await?) {
            is_full = persist(|| self.cluster.fills("filler", FILLER_BYTES)).await?;
        }
        let crossed = Instant::now() + CROSSED;
        while !persist(|| self.cluster.is_full()).await? {
            // Workers that have nothing to write get help in the end.
            let bytes = if Instant::now() < crossed { 10_000 } else { FILLER_BYTES };
            persist(|| self.cluster.fills("filler", bytes)).await?;
            sleep(LOOK / 10).await;
        }
        self.counters.crossings.add(1);
        let (before, _) = self.witness.standing(Kind::Taken);
        sleep(ms(rng, 300..4_000)).await;
        let (after, _) = self.witness.standing(Kind::Taken);
        self.counters.drained.add(before.saturating_sub(after) as u64);
        let revision = self.witness.revision();
        persist(|| self.cluster.make_room(revision)).await?;
        Ok(())
    }

    async fn compact(&mut self) -> Result<(), ClusterError> {
        let revision = self.witness.revision();
        persist(|| self.cluster.compact(revision)).await?;
        self.counters.compactions.add(1);
        Ok(())
    }
}

/// Sees to it that a cluster that is full again when it shall be calm does not stay so. Ends with an error
/// only.
pub async fn keep_room(cluster: &Cluster, plan: &Plan, witness: &Witness) -> ClusterError {
    loop {
        let looked = async {
            if plan.quota_bytes.is_some() && persist(|| cluster.is_full()).await? {
                let revision = witness.revision();
                persist(|| cluster.make_room(revision)).await?;
            }
            Ok(())
        };
        if let Err(error) = looked.await {
            return error;
        }
        sleep(LOOK).await;
    }
}

/// Asks again for a while, where a member is just electing or busy.
async fn persist<T, F: Future<Output = Result<T, ClusterError>>>(
    mut ask: impl FnMut() -> F,
) -> Result<T, ClusterError> {
    let give_up = Instant::now() + ASKED_AGAIN;
    loop {
        match ask().await {
            Err(_) if Instant::now() < give_up => sleep(LOOK).await,
            answer => return answer,
        }
    }
}

fn ms(rng: &mut Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(rng.u64(range))
}
