//! Which files are scenarios, what they are called, and which folder takes the place of what is compiled in.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{Library, LibraryError};
use crate::scenario::LoadError;

const RIGHT: &str = "title = \"t\"\n[etcd]\nversion = \"3.5.5\"\n[[consumer]]\n[run]\nlength = \"1s\"\n";

/// A folder with these files in it, each a right scenario.
fn folder(files: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, RIGHT).unwrap();
    }
    folder
}

fn name_of(library: &Library, path: &Path) -> String {
    library.load(path.to_str().unwrap()).expect("the scenario is right").scenario.name
}

#[test]
fn a_name_is_the_path_below_the_folder_without_its_ending() {
    let folder = folder(&["top.toml", "auth/story.toml", "auth/deep/er.toml"]);
    let library = Library::at(folder.path()).unwrap();
    assert_eq!(library.names(), ["auth/deep/er", "auth/story", "top"]);
    assert_eq!(library.load("auth/story").unwrap().scenario.name, "auth/story");
}

#[test]
fn only_toml_files_that_are_not_hidden_are_scenarios() {
    let folder =
        folder(&["a.toml", "README.md", "schema.json", "a.toml.orig", ".taplo.toml", ".git/b.toml", "toml"]);
    fs::create_dir(folder.path().join("folder.toml")).unwrap();
    assert_eq!(Library::at(folder.path()).unwrap().names(), ["a"]);
}

#[test]
fn a_file_of_the_library_keeps_its_name_however_its_path_is_written() {
    let folder = folder(&["auth/story.toml", "control/calm.toml"]);
    let library = Library::at(folder.path()).unwrap();
    assert_eq!(name_of(&library, &folder.path().join("auth/story.toml")), "auth/story");
    assert_eq!(name_of(&library, &folder.path().join("control/../auth/./story.toml")), "auth/story");
}

#[test]
fn a_file_from_elsewhere_is_named_by_its_stem() {
    let (folder, elsewhere) = (folder(&["auth/story.toml"]), folder(&["mine/own.toml"]));
    let file = elsewhere.path().join("mine/own.toml");
    assert_eq!(name_of(&Library::at(folder.path()).unwrap(), &file), "own");
    assert_eq!(name_of(&Library::compiled_in(), &file), "own");
}

#[test]
fn an_unknown_name_is_told_the_nearest_ones() {
    let error = Library::compiled_in().load("auth/stroy").unwrap_err();
    let LoadError::Unknown { name, nearest } = &error else { panic!("{error:?}") };
    assert_eq!((name.as_str(), nearest[0].as_str()), ("auth/stroy", "auth/story"));
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert!(help.starts_with("did you mean auth/story"), "{help}");
}

#[test]
fn a_file_that_is_no_text_is_unreadable_and_a_wrong_one_is_diagnosed() {
    let folder = folder(&["a.toml"]);
    let library = Library::at(folder.path()).unwrap();
    fs::write(folder.path().join("a.toml"), [0xff, 0xfe]).unwrap();
    assert!(matches!(library.load("a"), Err(LoadError::Unreadable { .. })));
    fs::write(folder.path().join("a.toml"), "title = 1").unwrap();
    assert!(matches!(library.load("a"), Err(LoadError::Wrong(_))));
}

#[test]
fn the_nearest_folder_named_scenarios_takes_the_place_of_what_is_compiled_in() {
    let folder =
        folder(&["scenarios/far.toml", "a/scenarios/near.toml", "a/b/scenarios/notes.txt", "a/b/c/x.toml"]);
    let find = |below: &str, folders| Library::in_or_above(&folder.path().join(below), folders).unwrap();
    assert_eq!(find("", 1).names(), ["far"]);
    assert_eq!(find("a", 2).names(), ["near"]);
    assert_eq!(find("a/b/c", 4).names(), ["near"], "the folder in between holds no scenario");
    let none = find("a/b/c", 2);
    assert_eq!((none.folder(), none.names()), (None, Library::compiled_in().names()));
}

#[test]
fn a_folder_that_was_asked_for_must_hold_scenarios() {
    let folder = folder(&["notes.txt"]);
    assert!(matches!(Library::find(Some(folder.path())), Err(LibraryError::Empty { .. })));
    let missing = folder.path().join("missing");
    assert!(matches!(Library::find(Some(&missing)), Err(LibraryError::Unreadable { .. })));
}

#[test]
fn a_compiled_in_scenario_is_shown_by_its_place_in_the_source_tree() {
    let files: Vec<_> = Library::compiled_in().files.into_values().map(|file| format!("{file:?}")).collect();
    assert!(files.iter().any(|file| file.contains("\"scenarios/auth/story.toml\"")), "{files:#?}");
}
