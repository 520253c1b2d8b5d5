//! Calls with exactly the token that a test says, by a client that never logs in by itself.

use deadwatch::etcd::Address;
use etcd_model::proto::{
    AuthenticateRequest, PutRequest, RangeRequest, auth_client::AuthClient, kv_client::KvClient,
};
use tonic::{Request, Status, transport::Channel};

/// A connection to an etcd.
#[derive(Clone)]
pub struct Line(Channel);

impl Line {
    /// One that is open.
    pub async fn to(address: &Address) -> Self {
        let line = Self::lazily_to(address);
        // Any answer will do.
        let _ = line.get("", None).await;
        line
    }

    /// One that opens when it is first used.
    pub fn lazily_to(address: &Address) -> Self {
        Self(address.channel())
    }

    pub async fn login(&self, user: &str, password: &str) -> String {
        self.try_login(user, password).await.unwrap()
    }

    pub async fn try_login(&self, user: &str, password: &str) -> Result<String, Status> {
        let request = AuthenticateRequest { name: user.to_owned(), password: password.to_owned() };
        Ok(AuthClient::new(self.0.clone()).authenticate(request).await?.into_inner().token)
    }

    pub async fn put(&self, key: &str, value: &str, token: Option<&str>) -> Result<(), Status> {
        let request = PutRequest {
            key: key.to_owned().into(),
            value: value.to_owned().into(),
            ..PutRequest::default()
        };
        KvClient::new(self.0.clone()).put(with(request, token)).await.map(|_| ())
    }

    /// The values under a key as this member has them, without asking the others.
    pub async fn get_serializable(&self, key: &str) -> Result<Vec<String>, Status> {
        let key = key.to_owned().into();
        self.range(RangeRequest { key, serializable: true, ..RangeRequest::default() }, None).await
    }

    /// The values under a key: one or none.
    pub async fn get(&self, key: &str, token: Option<&str>) -> Result<Vec<String>, Status> {
        let request = RangeRequest { key: key.to_owned().into(), ..RangeRequest::default() };
        self.range(request, token).await
    }

    async fn range(&self, request: RangeRequest, token: Option<&str>) -> Result<Vec<String>, Status> {
        let answer = KvClient::new(self.0.clone()).range(with(request, token)).await?.into_inner();
        Ok(answer.kvs.iter().map(|kv| String::from_utf8_lossy(&kv.value).into_owned()).collect())
    }
}

fn with<T>(message: T, token: Option<&str>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        request.metadata_mut().insert("token", token.parse().unwrap());
    }
    request
}
