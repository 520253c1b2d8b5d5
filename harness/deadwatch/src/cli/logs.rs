//! The program's own log: to stderr, and only what `RUST_LOG` asks for.

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Begins to log. Without `RUST_LOG` nothing is logged, errors included: what matters is told in other ways.
pub(super) fn begin() {
    let asked = EnvFilter::builder().with_default_directive(LevelFilter::OFF.into()).from_env_lossy();
    let begun = tracing_subscriber::fmt()
        .with_env_filter(asked)
        .with_ansi(AutoStream::choice(&std::io::stderr()) != ColorChoice::Never)
        .with_writer(std::io::stderr)
        .try_init();
    // Somebody who calls the program as a function may log in another way.
    drop(begun);
}
