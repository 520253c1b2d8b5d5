//! Wrong usage ends with 64 and says what was expected; asking for help ends with 0.

use crate::{desk::Desk, scenario};

#[test]
fn help_and_version_go_to_stdout_and_end_with_0() {
    let desk = Desk::empty();
    for arguments in [vec!["--help"], vec!["-h"], vec!["help"], vec!["run", "--help"], vec!["help", "run"]] {
        let said = desk.deadwatch(arguments).expect(0);
        assert!(said.out.contains("Usage: deadwatch") && said.err.is_empty(), "{said}");
    }
    let version = desk.deadwatch(["--version"]).expect(0);
    assert_eq!(version.out, format!("deadwatch {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_help_names_every_command_and_exit_code() {
    insta::assert_snapshot!(Desk::empty().deadwatch(["--help"]).expect(0).out);
}

#[test]
fn every_kind_of_wrong_usage_ends_with_64_and_says_so_on_stderr() {
    let desk = Desk::empty();
    desk.write("scenarios/auth/quick.toml", &scenario("Quick", "3.5.5"));
    desk.write("scenarios/auth/story.toml", &scenario("Story", "3.5.5"));
    desk.write("file", "");
    let wrong: [&[&str]; 27] = [
        &[],
        &["rum"],
        &["run", "--sbject", "naive"],
        &["run", "--on", "Docker"],
        &["run", "--on", "podman"],
        &["run", "--format", "xml"],
        &["run", "--seed", "soon"],
        &["run", "--repeat", "0"],
        &["run", "auth/quik"],
        &["run", "compaction"],
        &["run", "auth/quik", "stroy"],
        &["run", "--subject", "./consumer 'two words"],
        &["run", "--subject", " "],
        &["run", "--subject"],
        &["run", "--record", "file/below"],
        &["run", "--junit", "file/below.xml"],
        &["run", "--annotate", "gitlab"],
        &["repro", "auth/story"],
        &["matrix"],
        &["matrix", "auth/quik"],
        &["matrix", "auth/story", "--servers", "3.5.5,3.5"],
        &["matrix", "auth/story", "--on", "podman"],
        &["list", "--etcds", "--clients"],
        &["serve"],
        &["serve", "--as", "3.5"],
        &["serve", "--as", "3.5.5", "--listen", "nowhere"],
        &["serve", "--as", "3.5.5", "--root-password", "root", "--token-ttl", "500ms"],
    ];
    let told: String = wrong
        .iter()
        .map(|arguments| {
            let said = desk.deadwatch(*arguments).expect(64);
            assert_eq!(said.out, "", "{arguments:?}");
            format!("$ deadwatch {}\n{}\n", arguments.join(" "), said.err)
        })
        .collect();
    insta::assert_snapshot!(told);
}

#[test]
fn a_value_of_insta_update_that_means_nothing_is_wrong_usage() {
    let desk = Desk::empty();
    let mut command = desk.command(["run", "--on", "process"]);
    insta::assert_snapshot!(desk.ask(command.env("INSTA_UPDATE", "yes")).expect(64).err);
}

#[test]
fn a_misspelt_built_in_subject_is_noticed_before_it_is_run_as_a_command() {
    let desk = Desk::empty();
    let said = desk.deadwatch(["run", "--on", "process", "--subject", "naive,orignal"]).expect(4);
    assert!(said.err.contains("did you mean original?"), "{said}");
}

#[test]
fn a_bad_scenario_file_comes_before_all_that_is_missing() {
    let desk = Desk::empty();
    desk.write("bad.toml", "title = 3");
    let said = desk.deadwatch(["run", "bad.toml", "--on", "process"]).expect(64);
    assert!(said.err.contains("bad.toml:1:"), "{said}");
}
