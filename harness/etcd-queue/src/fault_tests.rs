//! The words and codes are what real servers of 3.4 to 3.7 answered.

use super::*;

fn of(code: Code, message: &str) -> Fault {
    Fault::of(&etcd_client::Error::GRpcStatus(Status::new(code, message)))
}

fn of_login(code: Code, message: &str) -> LoginFault {
    LoginFault::of(&etcd_client::Error::GRpcStatus(Status::new(code, message)))
}

#[test]
fn a_stale_login_is_known_by_its_words_whatever_its_code() {
    for (code, message) in [
        (Code::Unauthenticated, "etcdserver: invalid auth token"),
        (Code::InvalidArgument, "etcdserver: revision of auth store is old"),
        (Code::Unknown, "auth: revision in header is old"),
        (Code::InvalidArgument, "etcdserver: user name is empty"),
    ] {
        assert_eq!(of(code, message), Fault::Stale(message.to_owned()));
    }
}

#[test]
fn a_denial_and_a_definite_refusal_are_no_stale_login() {
    assert!(matches!(of(Code::PermissionDenied, "etcdserver: permission denied"), Fault::Denied(_)));
    assert!(matches!(of(Code::InvalidArgument, "etcdserver: key is not provided"), Fault::Refused(_)));
    assert!(matches!(of(Code::Unimplemented, "unknown service etcdserverpb.KV"), Fault::Refused(_)));
}

#[test]
fn a_full_database_a_large_request_and_a_busy_server_are_told_apart() {
    let full = "etcdserver: mvcc: database space exceeded";
    assert!(matches!(of(Code::ResourceExhausted, full), Fault::Full(_)));
    let large = "grpc: received message larger than max (3000000 vs. 2097152)";
    assert!(matches!(of(Code::ResourceExhausted, large), Fault::TooLarge(_)));
    assert!(matches!(of(Code::InvalidArgument, "etcdserver: request is too large"), Fault::TooLarge(_)));
    assert!(matches!(of(Code::ResourceExhausted, "etcdserver: too many requests"), Fault::Unsent(_)));
    let reply = "grpc: trying to send message larger than max (3000000 vs. 2097152)";
    assert!(matches!(of(Code::ResourceExhausted, reply), Fault::Oversized(_)));
    let reset =
        "h2 protocol error: http2 error: stream error received: detected excessive load generating behavior";
    assert!(matches!(of(Code::ResourceExhausted, reset), Fault::Lost(_)));
}

#[test]
fn whatever_may_have_been_carried_out_counts_as_lost() {
    for (code, message) in [
        (Code::Unavailable, "etcdserver: request timed out"),
        (Code::Unavailable, "etcdserver: leader changed"),
        (Code::Unknown, "h2 protocol error: error reading a body from connection"),
        (Code::Cancelled, "operation was canceled"),
        (Code::DeadlineExceeded, ""),
        (Code::Internal, "stream terminated"),
    ] {
        assert!(matches!(of(code, message), Fault::Lost(_)), "{code:?} {message}");
    }
}

#[test]
fn only_a_refused_connection_proves_that_nothing_was_sent() {
    let status = |kind| {
        let source = std::io::Error::new(kind, "os");
        let mut status = Status::unavailable("tcp connect error");
        status.set_source(std::sync::Arc::new(source));
        Fault::of(&etcd_client::Error::GRpcStatus(status))
    };
    assert!(matches!(status(std::io::ErrorKind::ConnectionRefused), Fault::Unsent(_)));
    assert!(matches!(status(std::io::ErrorKind::BrokenPipe), Fault::Lost(_)));
}

#[test]
fn both_generations_of_a_refused_watch_are_about_the_login() {
    assert!(is_about_login("rpc error: code = PermissionDenied desc = etcdserver: permission denied"));
    assert!(is_about_login("rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"));
    assert!(!is_about_login("mvcc: watcher range is empty"));
    assert!(!is_about_login(""));
}

#[test]
fn a_login_fails_for_good_over_its_credentials_only() {
    let wrong = "etcdserver: authentication failed, invalid user ID or password";
    assert_eq!(of_login(Code::InvalidArgument, wrong), LoginFault::Refused(wrong.to_owned()));
    let unknown = "etcdserver: user name not found";
    assert_eq!(of_login(Code::FailedPrecondition, unknown), LoginFault::Refused(unknown.to_owned()));
    let off = "etcdserver: authentication is not enabled";
    assert_eq!(of_login(Code::FailedPrecondition, off), LoginFault::SwitchedOff(off.to_owned()));
    let late = "etcdserver: request timed out";
    assert_eq!(of_login(Code::Unavailable, late), LoginFault::Passing(late.to_owned()));
}

#[test]
fn an_answer_that_this_client_does_not_take_is_no_refusal() {
    let words = "Error, decoded message length too large: found 100046 bytes, the limit is: 65536 bytes";
    assert_eq!(of(Code::OutOfRange, words), Fault::Oversized(words.to_owned()));
    let compacted = "etcdserver: mvcc: required revision has been compacted";
    assert!(matches!(of(Code::OutOfRange, compacted), Fault::Lost(_)));
}
