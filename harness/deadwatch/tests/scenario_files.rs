//! Every scenario file of the library is right; every bad one beside these tests is told what is wrong with it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use deadwatch::scenario::{self, Library, Scenario};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

/// Relative, as the tests run in the crate's folder: the diagnostics show it.
const BAD: &str = "tests/bad-scenarios";
const LIBRARY: &str = "../../scenarios";

/// As on a terminal 100 columns wide, without colours.
fn render(diagnostic: &dyn Diagnostic) -> String {
    let mut shown = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut shown, diagnostic)
        .expect("a string takes any text");
    shown.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The stems of the bad scenarios' files with this ending.
fn stems(ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(BAD).expect("the folder is there");
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

#[test]
fn a_bad_file_is_told_what_is_wrong_where_and_what_was_expected() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("bad-scenarios");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for name in stems(".toml") {
        let path = PathBuf::from(BAD).join(format!("{name}.toml"));
        let shown = match scenario::load_file(&path) {
            Err(error) => render(&error),
            Ok(parsed) => parsed.warnings.iter().map(|warning| render(warning)).collect(),
        };
        assert!(!shown.is_empty(), "{name} was meant to be bad, and nothing was said about it");
        settings.set_input_file(&path);
        settings.bind(|| insta::assert_snapshot!(name.as_str(), shown));
    }
}

#[test]
fn each_snapshot_of_a_bad_file_has_its_file() {
    assert_eq!(stems(".snap"), stems(".toml"));
}

#[test]
fn a_problem_says_its_line_and_column() {
    for name in stems(".toml") {
        let path = PathBuf::from(BAD).join(format!("{name}.toml"));
        let shown = match scenario::load_file(&path) {
            Err(error) => render(&error),
            Ok(parsed) => parsed.warnings.iter().map(|warning| render(warning)).collect(),
        };
        let place = format!("[{BAD}/{name}.toml:");
        assert!(shown.contains(&place), "{name}: no line and column in\n{shown}");
        assert!(
            shown.contains("expected")
                || shown.contains("did you mean")
                || shown.contains("that is a key of")
                || shown.contains("Start at"),
            "{name}: nothing expected in\n{shown}"
        );
    }
}

#[test]
fn every_scenario_of_the_library_is_right_and_none_has_a_warning() {
    let library = Library::compiled_in();
    assert!(library.names().len() >= 45, "{:?}", library.names());
    for name in library.names() {
        let parsed = library.load(&name).unwrap_or_else(|error| panic!("{name}:\n{}", render(&error)));
        assert_eq!(parsed.scenario.name, name);
        // Programs meet the embedded etcd in scenarios of up to 20 s; what waits for much work may take twice as long,
        // and so may what fills a database: in real time it is chance which request crosses the quota.
        let is_long = ["load/", "races/", "limits/quota-"].iter().any(|long| name.starts_with(long));
        let most_s = if is_long { 40 } else { 20 };
        assert!(parsed.scenario.length.as_secs() <= most_s, "{name} takes {:?}", parsed.scenario.length);
        // None of these is about the second in which a token dies.
        assert!(parsed.warnings.is_empty(), "{name}:\n{}", render(&parsed.warnings[0]));
    }
}

#[test]
fn rights_on_records_are_those_that_the_queue_says_it_needs() {
    let (library, mut found) = (Library::compiled_in(), 0);
    for name in library.names() {
        let scenario = library.load(&name).unwrap().scenario;
        let range = etcd_queue::records_range(&scenario.queue.prefix).unwrap();
        let rights = scenario.etcd.users.iter().flat_map(|user| &user.prefixes);
        for records in rights.filter(|prefix| prefix.starts_with("__rq")) {
            assert_eq!(*records, range.start, "{name}");
            found += 1;
        }
    }
    assert!(found > 0, "no scenario grants any");
}

#[test]
fn what_is_compiled_in_is_what_lies_in_the_folder() {
    let (compiled_in, folder) = (Library::compiled_in(), Library::at(Path::new(LIBRARY)).unwrap());
    assert_eq!(compiled_in.names(), folder.names());
    for name in folder.names() {
        assert_eq!(compiled_in.load(&name).unwrap().scenario, folder.load(&name).unwrap().scenario, "{name}");
    }
}

#[test]
fn every_scenario_file_names_the_schema_on_its_first_line() {
    for name in Library::compiled_in().names() {
        let text = fs::read_to_string(format!("{LIBRARY}/{name}.toml")).unwrap();
        let up = "../".repeat(name.matches('/').count());
        assert_eq!(text.lines().next(), Some(format!("#:schema {up}schema.json").as_str()), "{name}");
    }
}

#[test]
fn a_scenario_survives_being_recorded_and_read_back() {
    let library = Library::compiled_in();
    for name in library.names() {
        let scenario = library.load(&name).unwrap().scenario;
        let recorded = serde_json::to_string(&scenario).unwrap();
        assert_eq!(serde_json::from_str::<Scenario>(&recorded).unwrap(), scenario);
    }
}

#[test]
fn the_committed_schema_is_current() {
    let committed = fs::read_to_string(format!("{LIBRARY}/schema.json")).unwrap_or_default();
    assert!(
        committed == scenario::schema(),
        "scenarios/schema.json is not what the types say: deadwatch schema > scenarios/schema.json"
    );
}

#[test]
fn the_readme_names_every_key_and_every_word_it_takes() {
    fn names(schema: &serde_json::Value, found: &mut BTreeSet<String>) {
        for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
            found.insert(key.clone());
            names(schema, found);
        }
        names_of_list(&schema["anyOf"], found);
        names_of_list(&schema["oneOf"], found);
        found.extend(schema["const"].as_str().map(str::to_owned));
        if let Some(items) = schema.get("items") {
            names(items, found);
        }
    }
    fn names_of_list(list: &serde_json::Value, found: &mut BTreeSet<String>) {
        list.as_array().into_iter().flatten().for_each(|schema| names(schema, found));
    }
    let mut found = BTreeSet::new();
    names(&serde_json::from_str(&scenario::schema()).unwrap(), &mut found);
    assert!(found.contains("lose-replies") && found.contains("lease-grant"), "{found:?}");
    let readme = fs::read_to_string(format!("{LIBRARY}/README.md")).unwrap();
    // A name on its own, not a part of another.
    let written = |name: &String| {
        readme.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == *name)
    };
    let missing: Vec<&String> = found.iter().filter(|name| !written(name)).collect();
    assert!(missing.is_empty(), "scenarios/README.md does not name {missing:?}");
}
