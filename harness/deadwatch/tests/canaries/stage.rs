//! The scenarios in which canaries show their flaws.

/// A scenario for these consumers and steps, without authentication: 4 s, and then the aftermath.
pub fn scenario(title: &str, consumers_and_steps: &str) -> String {
    format!(
        "title = \"{title}\"\n[etcd]\nversion = \"3.5.16\"\n{consumers_and_steps}\n[run]\nlength = \"4s\"\n"
    )
}

/// A lone consumer loses its connection while it waits.
pub const CUT_OFF: &str = r#"
    [[consumer]]
    [[step]]
    at = "3s"
    drop-connections = "all"
"#;

/// One of two consumers, each on a client of its own, loses its connection while it waits.
pub const ONE_OF_TWO_CUT_OFF: &str = r#"
    [[consumer]]
    client = "own"
    [[consumer]]
    [[step]]
    at = "3s"
    drop-connections = "own"
"#;

/// Both consumers lose their connection while they wait.
pub const BOTH_CUT_OFF: &str = r#"
    [[consumer]]
    [[consumer]]
    [[step]]
    at = "3s"
    drop-connections = "all"
"#;

/// A consumer that calls again after every error loses its connection while it waits.
pub const RETRYING_CUT_OFF: &str = r#"
    [[consumer]]
    on-error = "retry"
    [[step]]
    at = "3s"
    drop-connections = "all"
"#;

/// Two items are there before the lone consumer.
pub const BACKLOG: &str = r#"
    [[consumer]]
    start = "3s"
    [[step]]
    at = "1s"
    enqueue = { value = "a", count = 2 }
"#;

/// Eight items, 2,000 bytes each, of four producers are there before the lone consumer.
pub const FILLED_BY_FOUR: &str = r#"
    [[consumer]]
    start = "3s"
    [[step]]
    at = "1s"
    enqueue = { value = "a", count = 8, bytes = 2000, producers = 4 }
"#;

/// Two consumers wait for one item.
pub const RACE: &str = r#"
    [[consumer]]
    [[consumer]]
    [[step]]
    at = "3s"
    enqueue = "a"
"#;

/// The same, of a queue that hands an item out again unless it is acknowledged.
pub const LEASED_RACE: &str = r#"
    [queue]
    delivery = "at-least-once"
    [[consumer]]
    [[consumer]]
    [[step]]
    at = "3s"
    enqueue = "a"
"#;

/// Two consumers wait, and nothing comes before the aftermath.
pub const IDLE: &str = r#"
    [[consumer]]
    [[consumer]]
"#;

/// A lone consumer waits, and nothing comes before the aftermath.
pub const ALONE: &str = r#"
    [[consumer]]
"#;

/// An item for a queue whose name begins as the consumer's does.
pub const NEIGHBOUR: &str = r#"
    [[consumer]]
    [[step]]
    at = "3s"
    enqueue = { value = "theirs", prefix = "/test2" }
"#;

/// A consumer waits at a barrier that the harness holds.
pub const BARRIER: &str = r#"
    [[consumer]]
    start  = "2s"
    call   = "barrier-wait"
    prefix = "/gate"
    [[step]]
    at = "1s"
    hold-barrier = "/gate"
"#;

/// A consumer wants the lock that the harness has.
pub const LOCK: &str = r#"
    [[consumer]]
    start  = "2s"
    call   = "lock"
    prefix = "/gate"
    [[step]]
    at = "1s"
    hold-lock = "/gate"
"#;

/// A consumer enters a barrier of two, alone.
pub const ALONE_AT_A_BARRIER_OF_TWO: &str = r#"
    [[consumer]]
    start  = "2s"
    call   = "double-barrier-enter"
    prefix = "/gate"
"#;
