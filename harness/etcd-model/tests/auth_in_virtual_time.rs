//! Users, tokens and leases over the wire, in virtual time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod pipe;

use std::time::Duration;

use etcd_model::{proto::*, server::Model};
use tokio::time::{Instant, timeout};
use tonic::{Code, Request, Status, transport::Channel};

type Auth = auth_client::AuthClient<Channel>;
type Lease = lease_client::LeaseClient<Channel>;

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("token", token.parse().unwrap());
    request
}

async fn log_in(auth: &mut Auth) -> String {
    let request = AuthenticateRequest { name: "root".to_owned(), password: "root".to_owned() };
    auth.authenticate(request).await.unwrap().into_inner().token
}

async fn keep_alive(lease: &mut Lease, ids: Vec<i64>) -> Result<Vec<(i64, i64)>, Status> {
    let requests = tokio_stream::iter(ids.into_iter().map(|id| LeaseKeepAliveRequest { id }));
    let mut stream = lease.lease_keep_alive(requests).await?.into_inner();
    let mut answers = Vec::new();
    while let Some(answer) = stream.message().await? {
        answers.push((answer.id, answer.ttl));
    }
    Ok(answers)
}

async fn model_with_lease(release: &str) -> (Model, Lease) {
    let model = pipe::model(release);
    let mut lease = Lease::new(pipe::channel(&model));
    lease.lease_grant(LeaseGrantRequest { id: 1, ttl: 2 }).await.unwrap();
    (model, lease)
}

#[tokio::test(start_paused = true)]
async fn a_release_before_3_5_does_not_know_the_status_of_authentication() {
    let model = pipe::model("3.4.45");
    let status = Auth::new(pipe::channel(&model)).auth_status(AuthStatusRequest {}).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(status.message(), "unknown method AuthStatus for service etcdserverpb.Auth");
    let model = pipe::model("3.5.0");
    let status = Auth::new(pipe::channel(&model)).auth_status(AuthStatusRequest {}).await.unwrap();
    assert_eq!(status.into_inner().auth_revision, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_with_a_token_from_the_future_waits_for_it() {
    let model = pipe::model("3.5.5");
    pipe::switch_authentication_on(&model).await;
    let mut auth = Auth::new(pipe::channel(&model));
    let root = log_in(&mut auth).await;
    let index: u64 = root.split_once('.').unwrap().1.parse().unwrap();
    let future = format!("abcdefghijklmnop.{}", index + 1);
    let mut asking = auth.clone();
    let mut list = Box::pin(asking.user_list(with_token(AuthUserListRequest {}, &future)));
    assert!(timeout(Duration::from_secs(2), &mut list).await.is_err());
    auth.role_add(with_token(AuthRoleAddRequest { name: "r".to_owned() }, &root)).await.unwrap();
    assert_eq!(list.await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test(start_paused = true)]
async fn keep_alives_are_answered_in_order_and_the_stream_ends_with_its_client() {
    let (_model, mut lease) = model_with_lease("3.5.5").await;
    assert_eq!(keep_alive(&mut lease, vec![1, 7, 1]).await.unwrap(), [(1, 2), (7, 0), (1, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_kept_too_late_is_answered_as_it_ends() {
    let (_model, mut lease) = model_with_lease("3.5.5").await;
    let start = Instant::now();
    // Requests take a millisecond each: this one comes after the lease's time and before the round that ends it.
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    assert_eq!(keep_alive(&mut lease, vec![1]).await.unwrap(), [(1, 0)]);
    let ended = start.elapsed();
    assert!(ended > Duration::from_millis(2_002) && ended < Duration::from_millis(2_500), "{ended:?}");
    let left = lease.lease_leases(LeaseLeasesRequest {}).await.unwrap().into_inner().leases;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_keep_alive_ends_its_stream() {
    let model = pipe::model("3.5.28");
    pipe::switch_authentication_on(&model).await;
    let mut lease = Lease::new(pipe::channel(&model));
    let refused = keep_alive(&mut lease, vec![1]).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::InvalidArgument, "etcdserver: user name is empty")
    );
}
