//! What every call passes on its way in and out.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{Request, Response, body::Incoming, http::HeaderValue};
use tonic::{Code, Status, body::Body, service::Routes};
use tower::Service;

use crate::{
    service::{Requests, in_gos_words},
    time::Pace,
};

/// All services of one member, behind a door at which each call takes its time and unknown calls are named.
#[derive(Clone, Debug)]
pub(super) struct Door {
    routes: Routes,
    pace: Pace,
}

impl Door {
    pub(super) const fn new(routes: Routes, pace: Pace) -> Self {
        Self { routes, pace }
    }
}

impl Service<Request<Incoming>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Incoming>>::poll_ready(&mut self.routes, context)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let call = Call::of(request.uri().path());
        let pace = match call.kind() {
            Kind::Single => self.pace,
            Kind::Stream => Pace::Real,
        };
        let mut routes = self.routes.clone();
        Box::pin(async move {
            pace.request().await;
            let mut response = routes.call(request).await?;
            call.name_if_unknown(&mut response);
            call.speak_as_go(&mut response);
            Ok(response)
        })
    }
}

/// A call, as its path names it.
struct Call {
    service: String,
    method: String,
}

/// How many requests a call carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One.
    Single,
    /// As many as the client likes: its service gives each of them its time.
    Stream,
}

impl Call {
    fn of(path: &str) -> Self {
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
        Self { service: service.to_owned(), method: method.to_owned() }
    }

    fn kind(&self) -> Kind {
        match (self.service.as_str(), self.method.as_str()) {
            ("etcdserverpb.Watch", "Watch") | ("etcdserverpb.Lease", "LeaseKeepAlive") => Kind::Stream,
            _ => Kind::Single,
        }
    }

    /// Puts a call's name into the answer that nobody knows it: as Go's gRPC does for calls that no etcd has, and
    /// saying so for those that only the model lacks. tonic leaves that text empty, or to its code generator.
    fn name_if_unknown(&self, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        if headers.get(Status::GRPC_STATUS).is_none_or(|code| code != status_header(Code::Unimplemented)) {
            return;
        }
        let Self { service, method } = self;
        let text = match headers.get(Status::GRPC_MESSAGE).map(HeaderValue::as_bytes) {
            None if SERVICES.contains(&service.as_str()) => {
                format!("unknown method {method} for service {service}")
            }
            None => format!("unknown service {service}"),
            Some(GENERATED_TEXT) => format!("the model has no {method} of {service}"),
            Some(_) => return,
        };
        if let Ok(text) = HeaderValue::from_str(&text.replace(' ', "%20")) {
            headers.insert(Status::GRPC_MESSAGE, text);
        }
    }

    /// Refuses a request that cannot be taken in with the words of Go's gRPC.
    fn speak_as_go(&self, response: &mut Response<Body>) {
        let requests = match self.kind() {
            Kind::Single => Requests::Single,
            Kind::Stream => Requests::Stream,
        };
        let Some(status) = Status::from_header_map(response.headers()) else { return };
        if let Some(status) = in_gos_words(&status, requests) {
            // It cannot fail: a status's text goes out with everything escaped.
            let _ = status.add_header(response.headers_mut());
        }
    }
}

/// The services that are served.
const SERVICES: [&str; 6] = [
    "etcdserverpb.KV",
    "etcdserverpb.Watch",
    "etcdserverpb.Lease",
    "etcdserverpb.Auth",
    "etcdserverpb.Cluster",
    "etcdserverpb.Maintenance",
];

/// What tonic's generated services say to a call that has no code, as it stands in the header.
const GENERATED_TEXT: &[u8] = b"Not%20yet%20implemented";

fn status_header(code: Code) -> HeaderValue {
    HeaderValue::from(i32::from(code))
}
