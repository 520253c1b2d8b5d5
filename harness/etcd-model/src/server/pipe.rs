//! Serving over pipes in memory, in whatever time the runtime keeps.
