//! Reports besides stdout's: `--junit`, `--html` and `--annotate`.

use std::{fs, process::Command};

use crate::desk::{Desk, PROGRAM, Said};

/// Fails in the naive recipe, and has no snapshot.
const UNSAFE: &str = r#"title = "Quick"
[etcd]
version = "3.5.5"
token-ttl = "1s"
[[consumer]]
[[consumer]]
start = "4s"
[run]
length = "5s"
"#;

fn run(desk: &Desk, more: &[&str]) -> Said {
    desk.write("scenarios/auth/new.toml", UNSAFE);
    let arguments = ["run", "auth/new", "--on", "embedded"];
    desk.deadwatch(arguments.iter().chain(more))
}

#[test]
fn a_junit_report_holds_every_run_that_was_asked_for() {
    let desk = Desk::empty();
    let said = run(&desk, &["--junit", "out/junit.xml"]).expect(1);
    let xml = fs::read_to_string(desk.path("out/junit.xml")).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let names: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .map(|case| (case.attribute("name").unwrap(), case.first_element_child().unwrap().tag_name().name()))
        .collect();
    assert_eq!(
        names,
        [
            ("auth/new::embedded::naive", "failure"),
            ("auth/new::embedded::checked", "failure"),
            ("auth/new::embedded::resilient", "system-out"),
            ("auth/new::embedded::original", "skipped"),
        ],
        "{said}"
    );
}

#[test]
fn a_junit_report_is_written_where_nothing_ran() {
    let desk = Desk::empty();
    desk.write("scenarios/auth/new.toml", UNSAFE);
    let arguments = ["run", "--on", "process", "--subject", "naive", "--junit", "junit.xml"];
    desk.deadwatch(arguments).expect(4);
    let xml = fs::read_to_string(desk.path("junit.xml")).unwrap();
    assert!(xml.contains("auth/new::process::naive") && xml.contains("`just etcd 3.5.5`"), "{xml}");
}

#[test]
fn a_page_of_html_shows_the_runs_beside_the_scenarios_file() {
    let desk = Desk::empty();
    run(&desk, &["--html", "out/runs.html"]).expect(1);
    let page = fs::read_to_string(desk.path("out/runs.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
    assert!(page.contains("<p>4 runs: 2 unsafe, without a snapshot, 1 without a snapshot, 1 ignored</p>"));
    assert!(page.contains("scenarios/auth/new.toml") && page.contains("token-ttl = &quot;1s&quot;"));
}

#[test]
fn annotations_follow_the_report_for_people_and_name_the_scenarios_file() {
    let said = run(&Desk::empty(), &["--annotate", "github", "--subject", "naive,resilient"]).expect(1);
    let last = said.out.lines().last().unwrap();
    assert!(
        last.starts_with("::error file=scenarios/auth/new.toml,title=auth/new%3A%3Aembedded%3A%3Anaive::no snapshot: crash, unsafe. "),
        "{said}"
    );
    assert_eq!(said.out.matches("\n::").count(), 1, "{said}");
}

#[test]
fn annotations_beside_lines_for_programs_go_to_stderr() {
    let arguments = ["--annotate", "github", "--subject", "naive", "--format", "json"];
    let said = run(&Desk::empty(), &arguments).expect(1);
    assert!(said.out.starts_with('{') && said.out.lines().count() == 1, "{said}");
    assert!(said.err.contains("\n::error file=scenarios/auth/new.toml,"), "{said}");
}

#[test]
fn a_scenario_that_is_built_in_is_annotated_without_a_file() {
    let arguments = ["run", "auth/quick", "--on", "embedded", "--annotate", "github", "--subject"];
    let desk = Desk::empty();
    let said = desk.deadwatch(arguments.into_iter().chain([desk.consumer("garbage").as_str()])).expect(2);
    assert!(said.out.contains("\n::warning title=auth/quick%3A%3Aembedded%3A%3A/bin/sh "), "{said}");
}

#[test]
fn one_file_cannot_be_two_reports() {
    let desk = Desk::empty();
    let said = run(&desk, &["--junit", "out/report", "--html", "./out/../out/report"]).expect(64);
    assert!(said.err.contains("--junit and --html name the same file"), "{said}");
    assert_eq!(desk.files("out"), [""; 0]);
}

/// The disk has room for the program's own folders, and not for a page. It is in a namespace that ends with the test.
#[test]
fn a_full_disk_leaves_no_half_report() {
    let desk = Desk::empty();
    desk.write("scenarios/auth/new.toml", UNSAFE);
    fs::create_dir(desk.path("disk")).unwrap();
    let script = "mount -t tmpfs -o size=16k none disk 2>/dev/null || exit 99; \"$0\" \"$@\" >&2; code=$?; \
                  ls -A disk disk/histories; test ! -e disk/junit.xml || tail -n 1 disk/junit.xml; exit $code";
    let mut full = Command::new("unshare");
    full.args(["--mount", "/bin/sh", "-c", script, PROGRAM, "run", "auth/new", "--on", "embedded"]);
    full.args(["--html", "disk/page.html", "--junit", "disk/junit.xml", "--record", "disk/histories"]);
    full.env_clear()
        .envs(desk.variables())
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .current_dir(desk.path(""));
    let said = match full.output() {
        Ok(output) if output.status.code() == Some(70) => output,
        Ok(output) if output.status.code() != Some(99) && rustix::process::geteuid().is_root() => {
            panic!("{output:?}")
        }
        // Only root may mount, and not everywhere.
        other => return eprintln!("ignored: no small disk can be had here: {other:?}"),
    };
    let (out, err) = (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    assert!(!out.contains("page.html") && !out.contains(".part"), "{out}");
    assert!(!out.contains("junit.xml") || out.ends_with("</testsuites>\n"), "{out}");
    assert!(err.contains("could not write the report disk/page.html: No space left on device"), "{err}");
}
