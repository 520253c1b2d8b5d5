//! `etcdserverpb.Watch`.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::{FutureExt, Stream, StreamExt};
use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
};
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};

use super::limit::{self, Requests};
use crate::{
    auth::Credential,
    member::Handle,
    proto::{
        WatchRequest, WatchResponse,
        watch_request::RequestUnion,
        watch_server::{Watch, WatchServer},
    },
    watch::StreamId,
};

/// The watch service of `member`.
pub fn watch(member: Handle) -> WatchServer<impl Watch> {
    let most = limit::max_message_bytes(&member);
    WatchServer::new(WatchService { member }).max_decoding_message_size(most)
}

/// Streams of watches.
struct WatchService {
    member: Handle,
}

#[tonic::async_trait]
impl Watch for WatchService {
    async fn watch(
        &self,
        request: Request<Streaming<WatchRequest>>,
    ) -> Result<Response<BoxStream<WatchResponse>>, Status> {
        let credential = Credential::of(request.metadata());
        let (outbox, answers) = mpsc::unbounded_channel();
        let stream = self.member.with(|member, now| member.open_watches(outbox, now));
        let (failed, failure) = oneshot::channel();
        let listen = listen(self.member.clone(), stream, credential, request.into_inner(), failed);
        let listening = tokio::spawn(self.member.standstill().clone().over(listen));
        let mut answers = Answers {
            answers,
            failure: Some(failure),
            member: self.member.clone(),
            stream,
            listening: listening.abort_handle(),
        };
        // Go's gRPC sends the headers of an answer with its first message: who waits for them before asking for
        // anything waits for ever.
        let first = answers.next().await;
        Ok(Response::new(Box::pin(tokio_stream::iter(first).chain(answers))))
    }
}

/// Hands on what a client asks on its stream. A client that has nothing more to ask goes on being told; one whose
/// message cannot be taken in ends its stream.
async fn listen(
    member: Handle,
    stream: StreamId,
    credential: Credential,
    mut requests: Streaming<WatchRequest>,
    failed: oneshot::Sender<Status>,
) {
    let pace = member.with(|member, _| member.settings.pace);
    while let Some(request) = requests.next().await {
        match request {
            Ok(request) => {
                pace.request().await;
                if let Some(RequestUnion::CreateRequest(_)) = request.request_union {
                    // Asked for at each watch, with the login of the stream.
                    member.settled(&credential).await;
                }
                member.with(|member, now| member.watch_request(stream, &credential, request, now));
            }
            Err(status) => {
                // Nobody is left to be told if the whole stream is gone.
                let _ = failed.send(limit::in_gos_words(&status, Requests::Stream).unwrap_or(status));
                return;
            }
        }
    }
}

/// What a stream is told. Dropping it, which is how a stream's end shows here, takes the stream from the member.
struct Answers {
    answers: mpsc::UnboundedReceiver<WatchResponse>,
    /// Gone once the client has nothing more to ask.
    failure: Option<oneshot::Receiver<Status>>,
    member: Handle,
    stream: StreamId,
    listening: AbortHandle,
}

impl Stream for Answers {
    type Item = Result<WatchResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(answer) = self.answers.poll_recv(context) {
            return Poll::Ready(answer.map(Ok));
        }
        let Some(failure) = &mut self.failure else { return Poll::Pending };
        let Poll::Ready(failed) = failure.poll_unpin(context) else { return Poll::Pending };
        self.failure = None;
        match failed {
            Ok(status) => Poll::Ready(Some(Err(status))),
            Err(_) => Poll::Pending,
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.listening.abort();
        self.member.with(|member, _| member.close_watches(self.stream));
    }
}
