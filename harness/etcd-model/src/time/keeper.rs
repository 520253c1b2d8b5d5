//! The task that waits until the member has something to do, and tells it.
