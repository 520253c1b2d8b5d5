//! A run in which everything is done to a queue that can be done to it, for what a picture of that shows.

use std::time::Duration;

use deadwatch::{
    history::{Happening, History, ServerState},
    scenario::{
        Action, BlackHole, Data, Delay, Ending, Instead, LoseReplies, Method, Put, Reach, Restart, Step,
    },
};

use crate::sample::Sample;

struct Play(Sample);

impl Play {
    /// A step is written into the file and done a millisecond after its time.
    fn step(self, at: f64, action: Action) -> Self {
        let step = self.0.clone().history().scenario.steps.len();
        let written = Step::new(Duration::from_secs_f64(at), action);
        let sample = self.0.scenario(|scenario| scenario.steps.push(written));
        Self(sample.at(at + 0.001, Happening::Acted { step }))
    }

    fn at(self, at: f64, what: Happening) -> Self {
        Self(self.0.at(at, what))
    }

    fn server(self, at: f64, state: ServerState) -> Self {
        self.at(at, Happening::Server { state })
    }
}

/// Every fault, one after the other.
pub fn every_fault() -> History {
    let shared = || Reach::Client("shared".to_owned());
    let cut = || Happening::Disconnected { client: "shared".to_owned() };
    let key = || "/barrier".to_owned();
    let sample = Sample::with(&[0.0, 0.0]).subject("resilient").scenario(|scenario| {
        scenario.name = "network/everything".to_owned();
        scenario.title = "Everything that can be done to a queue".to_owned();
        scenario.etcd.token_ttl = None;
    });
    let put = Put { key: "/other/a".to_owned(), value: "1".to_owned(), bytes: 0, count: 3 };
    let lose = LoseReplies { reach: shared(), method: Method::Txn, count: 1, instead: Instead::Close };
    let kill = Restart { ending: Ending::Kill, down: Duration::from_secs(1), data: Data::Kept };
    let play = Play(sample.calls(0.0, "1"))
        .step(0.0, Action::HoldBarrier(key()))
        .at(0.002, Happening::Held { key: key() });
    let play = Play(play.0.calls(0.003, "2"))
        .step(1.0, Action::BlackHole(BlackHole { reach: Reach::All, length: Duration::from_secs(3) }))
        .step(5.0, Action::LoseReplies(lose))
        .at(
            5.5,
            Happening::ReplyLost { client: "shared".to_owned(), method: "/etcdserverpb.KV/Txn".to_owned() },
        )
        .at(5.51, cut())
        .step(6.0, Action::DropConnections(Reach::All))
        .at(6.01, cut())
        .step(7.0, Action::Put(put))
        .step(7.5, Action::Compact)
        .step(8.0, Action::Restart(kill))
        .server(8.0, ServerState::Down)
        .at(8.01, cut())
        .server(9.2, ServerState::Up)
        .step(10.0, Action::Pause)
        .server(10.0, ServerState::Paused)
        .step(11.0, Action::Resume)
        .server(11.0, ServerState::Resumed)
        .step(11.5, Action::Isolate)
        .server(11.5, ServerState::Isolated)
        .step(12.5, Action::Rejoin)
        .server(12.5, ServerState::Rejoined)
        .step(
            13.0,
            Action::Delay(Delay {
                reach: shared(),
                by: Duration::from_millis(200),
                length: Duration::from_secs(1),
            }),
        )
        .step(14.0, Action::ReleaseBarrier(key()))
        .at(14.0, Happening::Released { key: key() });
    let play = play
        .step(14.5, Action::CancelCall("1".to_owned()))
        .at(14.5, Happening::Cancelled { consumer: "1".to_owned(), call: 1 })
        .step(15.0, Action::CloseClient("shared".to_owned()))
        .at(15.0, Happening::Closed { client: "shared".to_owned() });
    play.0.aftermath(16.0, &["2"]).probe_taken(16.03, "2", 1).ends(16.1, &[])
}
