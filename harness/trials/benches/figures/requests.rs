//! One request after another: to a real etcd on loopback, to the same through the wire, and to the embedded one.

use std::{sync::Arc, time::Duration};

use criterion::Criterion;
use deadwatch::{
    etcd::{self, Backend, Choice, Embedding, Etcd, EtcdError, On, Pull, Search, Source, Time},
    scenario::{EtcdSpec, Version},
    wire::{Sighting, Wire},
};
use etcd_client::{Channel, Client};
use tokio::{runtime::Runtime, sync::mpsc};
use trials::{Clock, Figure, Quantity, Stopwatch};

/// The etcd of the story, without authentication: what is compared is the way there and back.
const SPEC: EtcdSpec = EtcdSpec::of(Version::new(3, 5, 5));

/// What the real one is called in the table.
const REAL: &str = "real etcd 3.5.5 on loopback";

const EMBEDDED: Choice = Choice { source: Source::Embedded, reasons: Vec::new() };

/// Both kinds of request.
const REQUESTS: [Request; 2] = [Request::Get, Request::Put];

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Request {
    Get,
    Put,
}

/// Measures them all; what needs a real etcd only where there is one.
pub fn measure(criterion: &mut Criterion) -> Vec<Figure> {
    let real = real();
    if let Err(missing) = &real {
        println!("no figure beside a real etcd: could not {missing}");
    }
    let mut real = real.ok().map(|choice| Place::new(choice, Time::Real));
    let mut on_port = Place::new(EMBEDDED, Time::Real);
    let mut in_pipes = Place::new(EMBEDDED, Time::Virtual);
    let mut figures = Vec::new();
    for request in REQUESTS {
        let port = on_port.timed(criterion, request, "embedded, on a port", Way::Straight);
        let pipes = in_pipes.timed(criterion, request, "embedded, virtual time", Way::Straight);
        let watched = in_pipes.timed(criterion, request, "embedded, virtual time, wire", Way::ThroughWire);
        figures.extend(line(request, "virtual time, through the wire", watched, "straight", pipes));
        let Some(real) = &mut real else { continue };
        let straight = real.timed(criterion, request, "real etcd", Way::Straight);
        let relayed = real.timed(criterion, request, "real etcd, wire", Way::ThroughWire);
        figures.extend(line(request, "embedded on a port", port, REAL, straight));
        figures.extend(line(request, "embedded in virtual time", pipes, REAL, straight));
        figures.extend(line(request, "real etcd through the wire", relayed, "straight", straight));
    }
    figures
}

/// The real etcd, if it is here.
fn real() -> Result<Choice, EtcdError> {
    let search = Search::here(None, Pull::Never);
    runtime(Time::Real).block_on(etcd::choose(On::Only(Backend::Process), SPEC.version, &search))
}

fn runtime(time: Time) -> Runtime {
    let paused = time == Time::Virtual;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(paused)
        .build()
        .expect("a runtime")
}

/// Which way requests take.
#[derive(Clone, Copy, Debug)]
enum Way {
    Straight,
    ThroughWire,
}

/// An etcd on a runtime of its own, started when it is first needed.
struct Place {
    choice: Choice,
    time: Time,
    runtime: Runtime,
    etcd: Option<Arc<dyn Etcd>>,
}

impl Place {
    fn new(choice: Choice, time: Time) -> Self {
        Self { choice, time, runtime: runtime(time), etcd: None }
    }

    /// The median time of one request; none if a filter left it out.
    fn timed(
        &mut self,
        criterion: &mut Criterion,
        request: Request,
        name: &str,
        way: Way,
    ) -> Option<Duration> {
        let mut stopwatch = Stopwatch::new(match self.time {
            Time::Real => Clock::Wall,
            Time::Virtual => Clock::Core,
        });
        let mut caller = None;
        let mut group = criterion.benchmark_group("requests");
        group.bench_function(format!("{request:?}/{name}"), |bencher| {
            let caller = caller.get_or_insert_with(|| self.caller(way));
            bencher.iter_custom(|iterations| {
                let took =
                    stopwatch.time(iterations, || self.runtime.block_on(ask(&mut caller.client, request)));
                while caller.seen.try_recv().is_ok() {}
                took
            });
        });
        group.finish();
        stopwatch.median()
    }

    /// A client that has been answered once.
    fn caller(&mut self, way: Way) -> Caller {
        let embedding = Embedding { time: self.time, seed: 0 };
        let etcd = self.etcd.get_or_insert_with(|| {
            self.runtime.block_on(etcd::start(&self.choice, &SPEC, embedding)).expect("the etcd starts")
        });
        let (sightings, seen) = mpsc::unbounded_channel();
        let wire = Wire::new(etcd.address(), sightings);
        let client = self.runtime.block_on(async {
            let address = match way {
                Way::Straight => etcd.address(),
                Way::ThroughWire => wire.route("caller").await.expect("a route"),
            };
            let mut client =
                Client::from_channel(Channel::Tonic(address.channel()), None).await.expect("a client");
            client.put("key", "value", None).await.expect("the etcd answers");
            client
        });
        Caller { client, seen, _wire: wire }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(etcd) = self.etcd.take() {
            self.runtime.block_on(async { etcd.stop().await });
        }
    }
}

/// A client, and what the wire sees of it.
struct Caller {
    client: Client,
    seen: mpsc::UnboundedReceiver<Sighting>,
    _wire: Wire,
}

async fn ask(client: &mut Client, request: Request) {
    match request {
        Request::Get => {
            let answer = client.get("key", None).await.expect("the etcd answers");
            assert_eq!(answer.count(), 1);
        }
        Request::Put => {
            client.put("key", "value", None).await.expect("the etcd answers");
        }
    }
}

fn line(
    request: Request,
    what: &str,
    value: Option<Duration>,
    beside: &str,
    other: Option<Duration>,
) -> Option<Figure> {
    let what = format!("a {request:?}, {what}").to_lowercase();
    Some(Figure {
        what,
        value: Quantity::Time(value?),
        beside: beside.to_owned(),
        other: Quantity::Time(other?),
    })
}
