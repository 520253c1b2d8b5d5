//! The network's faults between a real client and a real etcd.

use std::path::Path;
use std::time::Duration;

use deadwatch::etcd::Address;
use deadwatch::scenario::{BlackHole, Delay, Instead, LoseReplies, Method, Reach};
use deadwatch::wire::{Fault, HARNESS_CLIENT, Seen};
use etcd_client::{Client, Error, Txn, TxnOp};
use libtest_mimic::Failed;
use tokio::time::{Instant, timeout};

use super::{Etcd, Line, PATIENCE, RANGE, WATCH, request, run};

const TXN: &str = "/etcdserverpb.KV/Txn";

/// Long enough for an answer over loopback, many times over, to have come if it comes at all.
const SILENCE: Duration = Duration::from_millis(500);

fn lose_a_txn(instead: Instead) -> Fault {
    Fault::LoseReplies(LoseReplies { reach: Reach::All, method: Method::Txn, count: 1, instead })
}

fn put(key: &str) -> Txn {
    Txn::new().and_then([TxnOp::put(key, "value", None)])
}

fn lost() -> Seen {
    Seen::ReplyLost { method: TXN.to_owned() }
}

/// A client that does not go through the wire.
async fn straight(line: &Line) -> Result<Client, Failed> {
    Ok(Client::connect([line.etcd.address.to_string()], None).await?)
}

pub(super) fn lost_reply(binary: &Path) -> Result<(), Failed> {
    run(async {
        let mut line = Line::open(binary).await?;
        let mut client = line.connect(None).await?;
        line.wire.inflict(lose_a_txn(Instead::Close));

        let error = client.txn(put("a")).await.expect_err("the reply is lost");
        assert!(matches!(error, Error::GRpcStatus(_)), "{error:?}");

        assert_eq!(line.seen(4).await?, [Seen::Connected, request(TXN, None), lost(), Seen::Disconnected]);
        assert_eq!(straight(&line).await?.get("a", None).await?.count(), 1, "the call was executed");
        // Another client: the first may take a moment to see that its connection is gone, and fails until then.
        line.connect(None).await?.txn(put("b")).await?;
        assert_eq!(line.seen(2).await?, [Seen::Connected, request(TXN, None)]);
        Ok(())
    })
}

pub(super) fn lost_reply_in_silence(binary: &Path) -> Result<(), Failed> {
    run(async {
        let mut line = Line::open(binary).await?;
        let mut client = line.connect(None).await?;
        line.wire.inflict(lose_a_txn(Instead::Hang));

        let mut later = client.clone();
        let mut call = tokio::spawn(async move { client.txn(put("a")).await });
        assert_eq!(line.seen(3).await?, [Seen::Connected, request(TXN, None), lost()]);
        assert_eq!(straight(&line).await?.get("a", None).await?.count(), 1, "the call was executed");
        assert!(timeout(SILENCE, &mut call).await.is_err(), "something came instead of the reply");
        assert!(timeout(SILENCE, later.get("a", None)).await.is_err(), "the connection carries another call");

        line.connect(None).await?.txn(put("b")).await?;
        assert_eq!(line.seen(2).await?, [Seen::Connected, request(TXN, None)]);
        call.abort();
        Ok(())
    })
}

pub(super) fn dropped_connection(binary: &Path) -> Result<(), Failed> {
    run(async {
        let mut line = Line::open(binary).await?;
        let mut client = line.connect(None).await?;
        let mut watches = client.watch("key", None).await?;
        watches.message().await?.ok_or("the stream ended")?;

        line.wire.inflict(Fault::DropConnections(Reach::Client("shared".to_owned())));

        let error = timeout(PATIENCE, watches.message()).await?.expect_err("the connection is gone");
        assert!(matches!(error, Error::GRpcStatus(_)), "{error:?}");
        assert_eq!(line.seen(3).await?, [Seen::Connected, request(WATCH, None), Seen::Disconnected]);
        line.connect(None).await?.get("key", None).await?;
        assert_eq!(line.seen(2).await?, [Seen::Connected, request(RANGE, None)]);
        Ok(())
    })
}

pub(super) fn black_hole(binary: &Path) -> Result<(), Failed> {
    run(async {
        let mut line = Line::open(binary).await?;
        let mut client = line.connect(None).await?;
        let mut watches = client.watch("key", None).await?;
        watches.message().await?.ok_or("the stream ended")?;

        let begin = Instant::now();
        let length = Duration::from_secs(1);
        line.wire.inflict(Fault::BlackHole(BlackHole { reach: Reach::All, length }));
        straight(&line).await?.put("key", "value", None).await?;
        let mut swallowed = line.connect(None).await?;
        let mut unanswered = tokio::spawn(async move { swallowed.get("key", None).await.map(|_| ()) });
        assert_eq!(line.seen(3).await?, [Seen::Connected, request(WATCH, None), Seen::Connected]);

        tokio::time::sleep_until(begin + length).await;
        line.connect(None).await?.get("key", None).await?;
        // The third client is served, and gone at the end of its statement.
        assert_eq!(line.seen(3).await?, [Seen::Connected, request(RANGE, None), Seen::Disconnected]);
        assert!(timeout(SILENCE, watches.message()).await.is_err(), "the event came out of the hole");
        assert!(!unanswered.is_finished(), "a connection opened in the hole stays in it");

        drop((client, watches));
        assert_eq!(line.seen(1).await?, [Seen::Disconnected]);
        unanswered.abort();
        assert!((&mut unanswered).await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(line.seen(1).await?, [Seen::Disconnected]);
        Ok(())
    })
}

pub(super) fn delay(binary: &Path) -> Result<(), Failed> {
    run(async {
        let line = Line::open(binary).await?;
        let mut client = line.connect(None).await?;
        client.get("key", None).await?;
        let by = Duration::from_millis(200);

        let begin = Instant::now();
        line.wire.inflict(Fault::Delay(Delay { reach: Reach::All, by, length: PATIENCE }));
        for _ in 0..3 {
            client.get("key", None).await?;
        }

        assert!(begin.elapsed() >= by * 3, "{:?} expected at least, found {:?}", by * 3, begin.elapsed());
        Ok(())
    })
}

pub(super) fn harness(binary: &Path) -> Result<(), Failed> {
    run(async {
        let mut line = Line::open(binary).await?;
        let Address::Tcp(port) = line.wire.route(HARNESS_CLIENT).await? else { return Err("no port".into()) };
        line.wire.inflict(Fault::BlackHole(BlackHole { reach: Reach::All, length: PATIENCE }));
        let connect = || Client::connect([port.to_string()], None);

        connect().await?.put("key", "value", None).await?;
        drop(std::mem::replace(&mut line.etcd, Etcd::start(binary)?));
        line.wire.redirect(Address::Tcp(line.etcd.address));
        assert_eq!(connect().await?.get("key", None).await?.count(), 0, "the new etcd has no data yet");

        assert!(line.sightings.try_recv().is_err());
        Ok(())
    })
}
