//! A watch stream as a client holds it: requests in, responses out, in the background.

use std::time::Duration;

use etcd_model::proto::{WatchRequest, WatchResponse, watch_client::WatchClient};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Status;

use super::Line;

/// What comes on a stream.
#[derive(Debug)]
pub enum Heard {
    Response(Box<WatchResponse>),
    /// The stream has ended: well, or with a status.
    End(Result<(), Status>),
}

/// An open watch stream.
#[derive(Debug)]
pub struct WatchStream {
    requests: Option<UnboundedSender<WatchRequest>>,
    heard: UnboundedReceiver<Heard>,
    reader: JoinHandle<()>,
}

impl WatchStream {
    /// Opens a stream. etcd sends nothing back before the first request, so this waits for nothing.
    pub fn open(line: &Line, token: Option<&str>) -> Result<Self, Status> {
        let (requests, outgoing) = unbounded_channel();
        let (tell, heard) = unbounded_channel();
        let request = line.request(UnboundedReceiverStream::new(outgoing), token)?;
        let mut client = WatchClient::new(line.channel.clone()).max_decoding_message_size(usize::MAX);
        let reader = tokio::spawn(async move {
            let read = async {
                let mut stream = client.watch(request).await?.into_inner();
                while let Some(response) = stream.message().await? {
                    let _ = tell.send(Heard::Response(Box::new(response)));
                }
                Ok(())
            };
            let end = read.await;
            let _ = tell.send(Heard::End(end));
        });
        Ok(Self { requests: Some(requests), heard, reader })
    }

    /// Sends a request; on a stream that has ended it goes nowhere, as with any client.
    pub fn ask(&self, request: WatchRequest) {
        if let Some(requests) = &self.requests {
            let _ = requests.send(request);
        }
    }

    /// Ends the requests.
    pub fn finish(&mut self) {
        self.requests = None;
    }

    /// The next that comes within `patience`.
    pub async fn hear(&mut self, patience: Duration) -> Option<Heard> {
        timeout(patience, self.heard.recv()).await.ok().flatten()
    }
}

impl Drop for WatchStream {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
