//! Puts the queue through random faults, and counts what it loses: see [`trials::abuse`].

fn main() -> std::process::ExitCode {
    trials::abuse::command::main()
}
