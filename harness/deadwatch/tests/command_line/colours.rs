//! Colours only where a terminal shows them, and logs only where `RUST_LOG` asks for them.

use crate::{desk::Desk, scenario};

/// Invocations that say something that would be coloured on a terminal.
const COLOURFUL: [&[&str]; 3] = [&["doctor"], &["run", "--on", "podman"], &["run", "nothing"]];

#[test]
fn what_is_not_on_a_terminal_has_no_colours() {
    let desk = Desk::empty();
    for arguments in COLOURFUL {
        assert!(!desk.deadwatch(arguments).is_coloured(), "{arguments:?}");
    }
}

#[test]
fn no_color_is_heeded_even_where_colours_are_forced() {
    let desk = Desk::empty();
    for arguments in [&["doctor"][..], &["run", "--on", "podman"]] {
        let forced = desk.ask(desk.command(arguments).env("CLICOLOR_FORCE", "1"));
        assert!(forced.is_coloured(), "{arguments:?}: nothing to be seen\n{forced}");
        let refused = desk.ask(desk.command(arguments).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"));
        assert!(!refused.is_coloured(), "{arguments:?}\n{refused}");
    }
}

#[test]
fn logs_are_on_stderr_and_only_where_they_are_asked_for() {
    let desk = Desk::empty();
    desk.write("scenarios/one.toml", &scenario("One", "3.5.5"));
    let quiet = desk.deadwatch(["doctor"]).expect(0);
    assert_eq!(quiet.err, "");
    let loud = desk.ask(desk.command(["doctor"]).env("RUST_LOG", "trace")).expect(0);
    assert_eq!(loud.out, quiet.out);
    assert!(loud.err.contains("TRACE") || loud.err.contains("DEBUG"), "{loud}");
    assert!(!loud.is_coloured());
}
