//! A connection to the server that a case is played to.

use etcd_model::proto::{
    LeaseKeepAliveRequest, RangeRequest, RangeResponse, kv_client::KvClient, lease_client::LeaseClient,
};
use tonic::{Request, Status, codegen::http::uri::PathAndQuery, transport::Channel};
use tonic_prost::ProstCodec;

/// A connection.
#[derive(Clone, Debug)]
pub struct Line {
    /// The channel that all calls go through.
    pub channel: Channel,
}

impl Line {
    /// A request that carries a token, if there is one.
    pub fn request<T>(&self, message: T, token: Option<&str>) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        if let Some(token) = token {
            let value =
                token.parse().map_err(|_| Status::internal("expected a token that a header can hold"))?;
            request.metadata_mut().insert("token", value);
        }
        Ok(request)
    }

    /// `RangeStream`: all its messages, as their derived `Debug` shows them.
    pub async fn range_stream(
        &self,
        range: RangeRequest,
        token: Option<&str>,
    ) -> Result<Vec<String>, Status> {
        let mut client = KvClient::new(self.channel.clone());
        let mut stream = client.range_stream(self.request(range, token)?).await?.into_inner();
        let mut messages = Vec::new();
        while let Some(message) = stream.message().await? {
            messages.push(format!("{message:?}"));
        }
        Ok(messages)
    }

    /// Keep-alives on one stream: all answers, and how the stream ended.
    pub async fn keep_alive(
        &self,
        requests: Vec<LeaseKeepAliveRequest>,
        token: Option<&str>,
    ) -> (Vec<String>, Result<(), Status>) {
        let mut answers = Vec::new();
        let end = async {
            let mut client = LeaseClient::new(self.channel.clone());
            let requests = self.request(tokio_stream::iter(requests), token)?;
            let mut stream = client.lease_keep_alive(requests).await?.into_inner();
            while let Some(answer) = stream.message().await? {
                answers.push(format!("{answer:?}"));
            }
            Ok(())
        };
        let end = end.await;
        (answers, end)
    }

    /// A call that no etcd has.
    pub async fn unknown(&self, path: &'static str) -> Result<String, Status> {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<RangeRequest, RangeResponse>::default();
        let request = Request::new(RangeRequest::default());
        let response = client.unary(request, PathAndQuery::from_static(path), codec).await?;
        Ok(format!("{:?}", response.into_inner()))
    }
}
