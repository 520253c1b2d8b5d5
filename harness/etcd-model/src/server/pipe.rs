//! Connections through memory, in whatever time the runtime keeps.

use tokio::io::{DuplexStream, duplex};

/// How much one end can be ahead of the other, bytes: a few of HTTP/2's windows, so that a pipe never slows down what
/// HTTP/2 would let pass.
const BUFFER_BYTES: usize = 256 * 1024;

/// The two ends of a connection.
pub(super) fn pair() -> (DuplexStream, DuplexStream) {
    duplex(BUFFER_BYTES)
}
