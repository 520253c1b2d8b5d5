//! Connections as grpc-go makes them: there is one only when the server's first frame is in (grpc-go v1.59.0
//! internal/transport/http2_client.go, newHTTP2Client), and what broke it last is told to the calls that it takes
//! along.
//!
//! `tonic` would send a call as soon as somebody has accepted the connection: a proxy whose server is down, or a
//! network that swallows everything. Here such an attempt fails as one that was refused does, and the call waits for
//! the next.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::etcd::Address;

/// How long an attempt may take (grpc-go v1.59.0 dialoptions.go, defaultDialOptions: minConnectTimeout).
const MIN_CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// What a client says first (RFC 9113, 3.4). etcd 3.5 tells by it that gRPC is spoken, and says nothing before.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// More than the server's first frame has, bytes: what is read beyond it is kept.
const FIRST_READ_BYTES: usize = 4096;

/// What broke the latest connection that broke, in Go's words; its clones are one and the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Breakage(Arc<Mutex<Option<String>>>);

impl Breakage {
    /// Why reading from the server failed.
    pub(super) fn text(&self) -> String {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone().unwrap_or_else(|| "EOF".to_owned())
    }

    fn is(&self, text: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }
}

/// A channel to an etcd, and what broke its latest connection. It connects when it is first used, and again whenever
/// it has to.
pub(super) fn channel(address: &Address) -> (Channel, Breakage) {
    let breakage = Breakage::default();
    let uri = match address {
        Address::Tcp(address) => format!("http://{address}"),
        Address::Pipe(_) => "http://in-memory".to_owned(),
    };
    // A socket's address is a URI's authority in every case.
    let endpoint = Endpoint::try_from(uri).unwrap_or_else(|_| Endpoint::from_static("http://in-memory"));
    let (address, broken) = (address.clone(), breakage.clone());
    let connect = move |_| {
        let (address, broken) = (address.clone(), broken.clone());
        async move { connect(&address, broken).await.map(TokioIo::new) }
    };
    (endpoint.connect_with_connector_lazy(service_fn(connect)), breakage)
}

async fn connect(address: &Address, broken: Breakage) -> io::Result<Connected> {
    let attempt = timeout(MIN_CONNECT_TIMEOUT, attempt(address, broken)).await;
    attempt.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn attempt(address: &Address, broken: Breakage) -> io::Result<Connected> {
    let (mut stream, ends): (Box<dyn Stream>, _) = match address {
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let ends = format!("{}->{address}", stream.local_addr()?);
            (Box::new(stream), ends)
        }
        Address::Pipe(dial) => (Box::new(dial.connect()?), "client->server".to_owned()),
    };
    stream.write_all(PREFACE).await?;
    let mut heard = vec![0; FIRST_READ_BYTES];
    let length = stream.read(&mut heard).await?;
    if length == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    heard.truncate(length);
    Ok(Connected { stream, heard: heard.into(), said: PREFACE.len(), ends, broken })
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection on which the preface was sent and the server was heard already.
struct Connected {
    stream: Box<dyn Stream>,
    /// What the server said, still to be read.
    heard: Bytes,
    /// How much of what is written next has been sent already.
    said: usize,
    /// From where to where it leads.
    ends: String,
    broken: Breakage,
}

impl AsyncRead for Connected {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.heard.is_empty() {
            let length = self.heard.len().min(buffer.remaining());
            buffer.put_slice(&self.heard[..length]);
            self.heard.advance(length);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        match &read {
            Ok(()) if buffer.filled().len() == before && buffer.remaining() > 0 => {
                self.broken.is("EOF".to_owned());
            }
            // Go names what the system said of it, in the system's words (net.OpError).
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                self.broken.is(format!("read tcp {}: read: connection reset by peer", self.ends));
            }
            Ok(()) | Err(_) => {}
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Connected {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.said > 0 {
            let length = self.said.min(bytes.len());
            self.said -= length;
            return Poll::Ready(Ok(length));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::{
        io::{DuplexStream, duplex},
        sync::mpsc,
        time::Instant,
    };

    use super::*;
    use crate::etcd::Dial;

    /// An address in memory, and the server's ends of the connections to it.
    fn listener() -> (Address, mpsc::UnboundedReceiver<DuplexStream>) {
        let (accepted, accepting) = mpsc::unbounded_channel();
        let dial = Dial::new(move || {
            let (client, server) = duplex(1024);
            accepted.send(server).map_err(|_| io::ErrorKind::ConnectionRefused)?;
            Ok(client)
        });
        (Address::Pipe(dial), accepting)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_one_when_the_server_was_heard_and_the_preface_is_sent_once() {
        let (address, mut accepting) = listener();
        let server = async {
            let mut server = accepting.recv().await.unwrap();
            let mut preface = vec![0; PREFACE.len()];
            server.read_exact(&mut preface).await.unwrap();
            assert_eq!(preface, PREFACE);
            server.write_all(b"settings").await.unwrap();
            server
        };
        let (mut server, connected) = tokio::join!(server, connect(&address, Breakage::default()));
        let mut connected = connected.unwrap();
        let mut heard = [0; 8];
        connected.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"settings");
        connected.write_all(&[PREFACE, b"call"].concat()).await.unwrap();
        let mut said = [0; 4];
        server.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"call");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_is_given_up_after_twenty_seconds() {
        let (address, _accepting) = listener();
        let began = Instant::now();
        let kind = connect(&address, Breakage::default()).await.err().map(|error| error.kind());
        assert_eq!((kind, began.elapsed().as_secs()), (Some(io::ErrorKind::TimedOut), 20));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_hangs_up_before_it_says_anything_was_not_reached() {
        let (address, mut accepting) = listener();
        let (server, connected) =
            tokio::join!(async { drop(accepting.recv().await) }, connect(&address, Breakage::default()));
        let () = server;
        assert!(connected.is_err());
    }
}
