//! The lease calls, and what happens when a lease ends.
