//! How clientv3 classes an error, and how it prints it.

use std::{error::Error as _, fmt};

use tonic::{Code, ConnectError, Status};

/// An error as clientv3 hands it to its caller; displays as Go prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A gRPC status, the server's or the transport's.
    Status {
        /// Its code.
        code: Code,
        /// Its message.
        message: String,
    },
    /// An error that is nothing but its text.
    Text(String),
}

/// Messages that begin as etcd's do but are in no table of the client's, so that they are printed with their
/// code (api v3.5.11 v3rpc/rpctypes/error.go, errStringToError).
const UNLISTED: [&str; 6] = [
    "etcdserver: watch canceled",
    "etcdserver: permission not given",
    "etcdserver: request timed out, waiting for the applied index took too long",
    "etcdserver: cluster version not found during downgrade",
    "etcdserver: request canceled",
    "etcdserver: context deadline exceeded",
];

impl Error {
    /// What a call on a closed client fails with (grpc-go clientconn.go, ErrClientConnClosing).
    pub(super) fn client_closing() -> Self {
        Self::status(Code::Cancelled, "grpc: the client connection is closing")
    }

    /// What a call fails with whose connection broke before it was answered, and what the client read then (grpc-go
    /// v1.59.0 internal/transport/http2_client.go, reader).
    pub(super) fn connection_lost(read: &str) -> Self {
        Self::status(Code::Unavailable, &format!("error reading from server: {read}"))
    }

    /// What ends a watch whose start revision is compacted (rpctypes, ErrCompacted).
    pub(super) fn compacted() -> Self {
        Self::status(Code::OutOfRange, "etcdserver: mvcc: required revision has been compacted")
    }

    /// What clientv3 makes of a watch that is cancelled without a reason (rpctypes, ErrFutureRev).
    pub(super) fn future_revision() -> Self {
        Self::status(Code::OutOfRange, "etcdserver: mvcc: required revision is a future revision")
    }

    pub(super) fn status(code: Code, message: &str) -> Self {
        Self::Status { code, message: message.to_owned() }
    }

    /// Whether the server sent this very message.
    pub(super) fn says(&self, text: &str) -> bool {
        matches!(self, Self::Status { message, .. } if message == text)
    }

    /// Its gRPC code; an error that is only text has none and counts as unknown (grpc-go status.Code).
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Status { code, .. } => *code,
            Self::Text(_) => Code::Unknown,
        }
    }

    /// Whether it is one of etcd's own, which clientv3 hands on without its code (rpctypes, Error).
    pub(super) fn is_etcds(&self) -> bool {
        matches!(self, Self::Status { message, .. }
            if message.starts_with("etcdserver: ") && !UNLISTED.contains(&message.as_str()))
    }

    /// Whether a call that fails so is repeated as if its own context had ended, whatever it changes
    /// (clientv3 v3.5.11 retry_interceptor.go, isContextError).
    pub(super) fn is_context_error(&self) -> bool {
        matches!(self.code(), Code::Cancelled | Code::DeadlineExceeded)
    }

    /// Whether a watch stream that fails so ends for good (clientv3 v3.5.11 watch.go, run: isHaltErr, or no leader).
    pub(super) fn ends_stream(&self) -> bool {
        !matches!(self.code(), Code::Unavailable | Code::Internal) || self.says("etcdserver: no leader")
    }

    /// Whether a stream is given up when its login fails so. One of etcd's own has lost its code by then, so that
    /// even a passing one such as `request timed out` is final (clientv3 v3.5.11 watch.go, openWatchClient).
    pub(super) fn ends_login(&self) -> bool {
        self.is_etcds() || self.ends_stream()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { message, .. } if self.is_etcds() => f.write_str(message),
            Self::Status { code, message } => {
                write!(f, "rpc error: code = {} desc = {message}", name(*code))
            }
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// A code's name in Go (grpc-go codes/code_string.go), which has one `l` in `Canceled`.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "Canceled",
        Code::Unknown => "Unknown",
        Code::InvalidArgument => "InvalidArgument",
        Code::DeadlineExceeded => "DeadlineExceeded",
        Code::NotFound => "NotFound",
        Code::AlreadyExists => "AlreadyExists",
        Code::PermissionDenied => "PermissionDenied",
        Code::ResourceExhausted => "ResourceExhausted",
        Code::FailedPrecondition => "FailedPrecondition",
        Code::Aborted => "Aborted",
        Code::OutOfRange => "OutOfRange",
        Code::Unimplemented => "Unimplemented",
        Code::Internal => "Internal",
        Code::Unavailable => "Unavailable",
        Code::DataLoss => "DataLoss",
        Code::Unauthenticated => "Unauthenticated",
    }
}

/// What hyper says of a request that still waited for its turn when the connection closed (hyper
/// src/client/dispatch.rs, Envelope).
const NEVER_DISPATCHED: &str = "operation was canceled";

/// Why an attempt at a call failed, as far as `etcd-client` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no connection, and none could be made.
    NotConnected,
    /// The connection went while the call was still on its way out.
    NotSent,
    /// The connection went before an answer was in.
    Lost,
    /// The call was made and failed.
    Failed(Error),
}

impl From<etcd_client::Error> for Failure {
    fn from(error: etcd_client::Error) -> Self {
        match error {
            etcd_client::Error::GRpcStatus(status) => status.into(),
            other => Self::Failed(Error::Text(other.to_string())),
        }
    }
}

impl From<Status> for Failure {
    /// A status with a source was made on this side of the wire: the server's come without. Which of them the
    /// transport makes of a broken connection is a matter of luck, so nothing is read from its code.
    fn from(status: Status) -> Self {
        let mut source = status.source();
        if source.is_none() {
            return Self::Failed(Error::status(status.code(), status.message()));
        }
        while let Some(error) = source {
            if error.is::<ConnectError>() {
                return Self::NotConnected;
            }
            source = error.source();
        }
        match status.message() {
            NEVER_DISPATCHED => Self::NotSent,
            _ => Self::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etcd_s_own_errors_are_printed_without_their_code() {
        let error = Error::status(Code::Unauthenticated, "etcdserver: invalid auth token");
        assert_eq!(error.to_string(), "etcdserver: invalid auth token");
    }

    #[test]
    fn other_statuses_are_printed_with_go_s_name_of_the_code() {
        assert_eq!(
            Error::client_closing().to_string(),
            "rpc error: code = Canceled desc = grpc: the client connection is closing"
        );
        assert_eq!(
            Error::status(Code::Cancelled, "etcdserver: watch canceled").to_string(),
            "rpc error: code = Canceled desc = etcdserver: watch canceled"
        );
    }

    #[test]
    fn a_stream_outlives_only_what_is_unavailable_or_internal() {
        assert!(!Error::connection_lost("EOF").ends_stream());
        assert!(!Error::status(Code::Internal, "stream terminated by RST_STREAM").ends_stream());
        assert!(
            Error::status(Code::ResourceExhausted, "grpc: received message larger than max").ends_stream()
        );
        assert!(Error::status(Code::Unavailable, "etcdserver: no leader").ends_stream());
        assert!(Error::Text("EOF".to_owned()).ends_stream());
    }

    #[test]
    fn a_login_that_etcd_answers_with_an_error_ends_the_stream_even_if_it_would_pass() {
        assert!(Error::status(Code::Unavailable, "etcdserver: request timed out").ends_login());
        assert!(!Error::connection_lost("EOF").ends_login());
    }

    #[test]
    fn a_status_of_the_server_s_is_told_from_one_of_the_transport_s() {
        let servers = Status::unavailable("etcdserver: leader changed");
        assert_eq!(
            Failure::from(servers),
            Failure::Failed(Error::status(Code::Unavailable, "etcdserver: leader changed"))
        );
        let refused = ConnectError(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into());
        assert_eq!(Failure::from(Status::from_error(refused.into())), Failure::NotConnected);
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from(Status::from_error(broken.into())), Failure::Lost);
    }
}
