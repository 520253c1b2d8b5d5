//! One scenario on several servers with several clients, as a table.

use deadwatch::{
    history::{History, Inconclusive},
    report::{
        json,
        matrix::{CameTo, Cell, matrix},
        terminal::{Paint, WIDTH},
    },
    scenario::Version,
    verdict::{Judgement, judge},
};

use crate::sample;

const SERVERS: [Version; 2] = [Version::new(3, 5, 5), Version::new(3, 5, 16)];
const CLIENTS: [Version; 2] = [Version::new(3, 5, 6), Version::new(3, 5, 11)];

fn late() -> History {
    let why = Inconclusive::Late("step 2 was issued 312 ms late; at most 250 ms are allowed".to_owned());
    sample::story_begins("original").inconclusive(7.3, why).history()
}

fn table(paint: Paint) -> String {
    let story = sample::story_naive();
    let [crash, deaf, error, spin, survives, late] = [
        story.clone(),
        sample::story_checked_on_3_5_5(),
        sample::story_checked_on_3_5_16(),
        sample::story_retry(),
        sample::story_resilient(),
        late(),
    ]
    .map(|history| judge(&history));
    let missing = "no original built against clientv3 3.5.6: run `just original 3.5.6`";
    let judged = |judgement| CameTo::Judged(judgement);
    let of = |server: usize, client: usize, subject, backend, came_to| Cell {
        server: SERVERS[server],
        client: Some(CLIENTS[client]),
        subject,
        backend,
        came_to,
    };
    let once = |server: usize, came_to| Cell {
        server: SERVERS[server],
        client: None,
        subject: "resilient",
        backend: "embedded",
        came_to,
    };
    let cells = [
        of(0, 0, "naive", "embedded", judged(&crash)),
        of(0, 0, "checked", "embedded", judged(&deaf)),
        once(0, judged(&survives)),
        of(0, 0, "original", "auto", CameTo::Unmade(missing)),
        of(0, 1, "naive", "embedded", judged(&crash)),
        of(0, 1, "checked", "embedded", judged(&spin)),
        of(0, 1, "original", "process", judged(&crash)),
        of(1, 0, "naive", "embedded", judged(&survives)),
        of(1, 0, "checked", "embedded", judged(&survives)),
        once(1, judged(&survives)),
        of(1, 0, "original", "auto", CameTo::Unmade(missing)),
        of(1, 1, "naive", "embedded", judged(&crash)),
        of(1, 1, "checked", "embedded", judged(&error)),
        of(1, 1, "original", "process", judged(&late)),
    ];
    matrix(&story.scenario, &cells, paint)
}

#[test]
fn a_row_is_a_server_with_a_client_and_a_column_a_subject() {
    insta::assert_snapshot!(table(Paint::Plain));
}

#[test]
fn colours_change_nothing_but_the_colours() {
    let coloured = table(Paint::Coloured);
    assert!(coloured.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), table(Paint::Plain));
}

#[test]
fn subjects_that_bring_a_client_of_their_own_have_a_row_for_each_server_and_long_commands_are_cut() {
    let survives: Judgement = judge(&sample::story_resilient());
    let commands: Vec<_> =
        (0..6).map(|number| format!("./a-consumer-{number} with a long command line")).collect();
    let cells: Vec<_> = commands
        .iter()
        .map(|subject| Cell {
            server: SERVERS[0],
            client: None,
            subject,
            backend: "process",
            came_to: CameTo::Judged(&survives),
        })
        .collect();
    let table = matrix(&sample::story_naive().scenario, &cells, Paint::Plain);
    assert!(table.contains(" 3.5.5   any     survives  "), "{table}");
    for line in table.lines() {
        let width = unicode_width::UnicodeWidthStr::width(line);
        assert!(width <= WIDTH, "{width} columns: {line}");
    }
}

#[test]
fn a_line_for_programs_ends_with_the_client() {
    let naive = sample::story_naive();
    let line = |client| json::line_with_client(&naive, &judge(&naive), client).unwrap();
    assert!(line(Some(CLIENTS[0])).ends_with(r#""verdict":"unsafe","snapshot":"none","client":"3.5.6"}"#));
    assert!(line(None).ends_with(r#""snapshot":"none","client":null}"#));
}
