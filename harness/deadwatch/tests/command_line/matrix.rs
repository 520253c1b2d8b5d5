//! `matrix`: one scenario on several servers with several clients.

use crate::desk::Desk;

#[test]
fn a_scenario_is_run_with_every_server_and_client_and_what_can_not_run_is_told() {
    let said = Desk::empty().deadwatch(["matrix", "auth/quick"]).expect(0);
    insta::assert_snapshot!(said.out);
}

#[test]
fn programs_get_a_line_for_each_run_with_its_client() {
    let arguments = ["--servers", "3.5.16", "--clients", "3.5.6,3.5.11", "--subject", "naive,resilient"];
    let arguments = ["matrix", "auth/quick", "--format", "json"].iter().chain(&arguments);
    let said = Desk::empty().deadwatch(arguments).expect(0);
    let told: Vec<_> = said
        .out
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            ["etcd", "client", "subject", "outcome", "snapshot"]
                .map(|field| line[field].to_string())
                .join(" ")
        })
        .collect();
    assert_eq!(
        told,
        [
            r#""3.5.16" "3.5.6" "naive" "healthy" "none""#,
            r#""3.5.16" "3.5.11" "naive" "crash" "none""#,
            r#""3.5.16" null "resilient" "healthy" "none""#,
        ]
    );
}

#[test]
fn a_program_is_not_run_on_a_model_unless_that_is_asked_for() {
    let desk = Desk::empty();
    let consumer = desk.consumer("waits");
    let ask = |more: &[&str]| {
        let arguments = ["matrix", "auth/quick", "--servers", "3.5.5", "--subject", consumer.as_str()];
        desk.deadwatch(arguments.iter().chain(more))
    };
    let said = ask(&[]).expect(4);
    let words = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("waits: no real etcd is here (--on embedded takes the model): not docker: "),
        "{said}"
    );
    assert_eq!(said.err, "nothing ran\n");
    let said = ask(&["--on", "embedded"]).expect(0);
    assert!(said.out.contains(" 3.5.5   any     deaf (2)\n"), "{said}");
}

#[test]
fn what_proves_nothing_ends_with_2() {
    let desk = Desk::empty();
    let consumer = desk.consumer("garbage");
    let arguments = ["matrix", "auth/quick", "--on", "embedded", "--servers", "3.5.5", "--subject"];
    let said = desk.deadwatch(arguments.into_iter().chain([consumer.as_str()])).expect(2);
    assert!(
        said.out.contains(" 3.5.5   any     ?\n") && said.out.contains("Segmentation fault, perhaps"),
        "{said}"
    );
}
