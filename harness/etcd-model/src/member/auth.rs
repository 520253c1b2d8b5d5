//! The calls that log in, and that change users and roles.
