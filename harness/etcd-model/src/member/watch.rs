//! The watch calls: creating, cancelling, asking for progress.
