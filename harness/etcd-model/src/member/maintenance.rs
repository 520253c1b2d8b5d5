//! Status, alarms, the list of members, and restarts.
