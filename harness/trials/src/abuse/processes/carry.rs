//! One connection through the relay.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, oneshot, watch},
    time::{sleep, timeout},
};

use super::{
    frames::{DATA, Frame, Frames, HEADERS, RST_STREAM, has_succeeded, is_transaction, item_keys, overlap},
    relay::{Fate, Life, Parked, Shared},
};

const READ_BYTES: usize = 65_536;
/// How soon the server's side of a connection ends after the last request that was held back there is answered, where
/// the client is gone.
const LINGER: Duration = Duration::from_secs(2);

/// A request that is let go, and where its answer is awaited: whether its comparisons held.
pub(super) struct Carried {
    stream: u32,
    answer: oneshot::Sender<bool>,
}

impl Carried {
    pub(super) fn new(stream: u32) -> (Self, oneshot::Receiver<bool>) {
        let (answer, awaited) = oneshot::channel();
        (Self { stream, answer }, awaited)
    }
}

/// What both directions of a connection know.
#[derive(Default)]
struct Known {
    /// The frames of each request that is held back.
    held: BTreeMap<u32, Vec<Vec<u8>>>,
    /// Requests that were let go, and who waits for their answers.
    awaited: BTreeMap<u32, oneshot::Sender<bool>>,
    /// Requests whose replies are to be lost.
    doomed: BTreeSet<u32>,
}

/// What happens on the client's side.
enum Event<'a> {
    /// It has sent this.
    Asked(&'a [u8]),
    /// It is gone.
    Left,
    /// A request that was held back shall go on.
    LetGo(Carried),
    /// It is gone for long.
    Lingered,
}

struct Connection<'a> {
    known: Mutex<Known>,
    shared: &'a Shared,
    life: Life,
}

impl Connection<'_> {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_awaited(&self) -> bool {
        let known = self.known();
        !known.held.is_empty() || !known.awaited.is_empty()
    }
}

/// Relays between a client and a member until one of them ends, the connections are reset, or a reply is lost; the
/// member's side goes on as long as something is held back there.
pub(super) async fn carry(
    near: TcpStream,
    far: TcpStream,
    life: Life,
    mut resets: watch::Receiver<u64>,
    shared: &Shared,
) {
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let connection = Connection { known: Mutex::default(), shared, life };
    let (near_reader, near_writer) = near.into_split();
    let (far_reader, mut far_writer) = far.into_split();
    let (go, mut going) = mpsc::unbounded_channel::<Carried>();
    // True once the client's side is gone.
    let (leave, left) = watch::channel(false);

    let out = async {
        let mut asking =
            Asking { frames: Frames::of_client(), seen: BTreeMap::new(), go, connection: &connection };
        let mut reader = Some(near_reader);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let event = tokio::select! {
                biased;
                Some(carried) = going.recv() => Event::LetGo(carried),
                _ = resets.changed(), if reader.is_some() => Event::Left,
                () = lost(&left), if reader.is_some() => Event::Left,
                bytes = read(reader.as_mut(), &mut buffer), if reader.is_some() => match bytes {
                    Some(bytes) => Event::Asked(bytes),
                    None => Event::Left,
                },
                () = sleep(LINGER), if reader.is_none() => Event::Lingered,
            };
            let outgoing = match event {
                Event::LetGo(carried) => connection.release(carried),
                Event::Asked(bytes) => asking.take(bytes),
                Event::Left | Event::Lingered => {
                    reader = None;
                    leave.send_replace(true);
                    if !connection.is_awaited() {
                        return;
                    }
                    continue;
                }
            };
            if !outgoing.is_empty() && far_writer.write_all(&outgoing).await.is_err() {
                return;
            }
        }
    };
    let back = connection.answer(far_reader, near_writer, &leave);
    tokio::select! {
        () = out => {}
        () = back => {}
    }
    // Whoever is parked here finds that this receiver is gone.
}

async fn lost(left: &watch::Receiver<bool>) {
    let _ = left.clone().wait_for(|left| *left).await;
}

async fn read<'a>(reader: Option<&mut OwnedReadHalf>, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    match reader?.read(buffer).await {
        Ok(count @ 1..) => Some(&buffer[..count]),
        Ok(0) | Err(_) => None,
    }
}

/// The direction from the client.
struct Asking<'a> {
    frames: Frames,
    /// The streams that have carried something: the end of what a transaction has carried last, to be looked at again.
    seen: BTreeMap<u32, Option<Vec<u8>>>,
    go: mpsc::UnboundedSender<Carried>,
    connection: &'a Connection<'a>,
}

impl Asking<'_> {
    /// What of it is passed on.
    fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.frames.feed(bytes);
        let mut outgoing = Vec::new();
        while let Some(frame) = self.frames.next() {
            self.look_at(&frame);
            let mut known = self.connection.known();
            match known.held.get_mut(&frame.stream) {
                // The server shall not hear that it was given up.
                Some(_) if frame.kind == Some(RST_STREAM) => {}
                Some(held) => held.push(frame.bytes),
                None => outgoing.extend(frame.bytes),
            }
        }
        outgoing
    }

    fn look_at(&mut self, frame: &Frame) {
        if frame.kind == Some(RST_STREAM) {
            self.seen.remove(&frame.stream);
        }
        if frame.kind != Some(DATA) {
            return;
        }
        let (shared, payload) = (self.connection.shared, frame.payload());
        let is_first = !self.seen.contains_key(&frame.stream);
        if is_first {
            let is_transaction = is_transaction(payload);
            self.seen.insert(frame.stream, is_transaction.then(Vec::new));
            if is_transaction {
                self.decide(frame.stream);
            }
        }
        if let Some(Some(end)) = self.seen.get_mut(&frame.stream) {
            let text = [end.as_slice(), payload].concat();
            shared.name(self.connection.life, item_keys(&shared.prefix, &text).map(<[u8]>::to_vec));
            *end = text[text.len().saturating_sub(overlap(&shared.prefix))..].to_vec();
        }
    }

    fn decide(&mut self, stream: u32) {
        match self.connection.shared.fate() {
            Fate::Passes => {}
            Fate::LosesItsReply => {
                self.connection.known().doomed.insert(stream);
            }
            Fate::IsHeld => {
                self.connection.known().held.insert(stream, Vec::new());
                let parked = Parked { life: self.connection.life, go: self.go.clone(), stream };
                self.connection.shared.park(parked);
            }
        }
    }
}

impl Connection<'_> {
    /// The frames of a request that is let go.
    fn release(&self, Carried { stream, answer }: Carried) -> Vec<u8> {
        let mut known = self.known();
        known.awaited.insert(stream, answer);
        known.held.remove(&stream).unwrap_or_default().concat()
    }

    /// The direction to the client: what comes when it is gone is read all the same.
    async fn answer(&self, mut far: OwnedReadHalf, near: OwnedWriteHalf, leave: &watch::Sender<bool>) {
        let mut near = Some(near);
        let mut frames = Frames::of_server();
        let mut buffer = vec![0; READ_BYTES];
        let mut left = leave.subscribe();
        loop {
            let bytes = tokio::select! {
                biased;
                _ = left.wait_for(|left| *left), if near.is_some() => {
                    near = None;
                    continue;
                }
                read = far.read(&mut buffer) => match read {
                    Ok(count @ 1..) => &buffer[..count],
                    Ok(0) | Err(_) => return,
                },
            };
            frames.feed(bytes);
            let mut outgoing = Vec::new();
            let mut is_lost = false;
            for frame in frames.by_ref() {
                is_lost |= self.hear(&frame);
                if !is_lost {
                    outgoing.extend(frame.bytes);
                }
            }
            if let Some(writer) = &mut near {
                let written = timeout(LINGER, writer.write_all(&outgoing)).await;
                if is_lost || !matches!(written, Ok(Ok(()))) {
                    near = None;
                    leave.send_replace(true);
                }
            }
        }
    }

    /// Whether this frame, and all that follows, is not to arrive.
    fn hear(&self, frame: &Frame) -> bool {
        let mut known = self.known();
        if frame.kind == Some(DATA)
            && let Some(answer) = known.awaited.remove(&frame.stream)
        {
            // Nobody waits for it any more, perhaps.
            let _ = answer.send(has_succeeded(frame.payload()));
        }
        let is_lost = frame.kind == Some(HEADERS) && known.doomed.remove(&frame.stream);
        if is_lost {
            self.shared.lost_a_reply();
        }
        is_lost
    }
}
