//! The page of promises names tests that exist, and ranges that are the crate's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// The names behind "Held by" in a promise's section.
fn tests_of(section: &str) -> BTreeSet<&str> {
    let held_by = section.split_once("**Held by**").map_or("", |(_, names)| names);
    held_by.split('`').skip(1).step_by(2).collect()
}

#[test]
fn each_promise_has_tests_and_each_test_that_it_names_exists() {
    let (mut source, mut named) = (String::new(), BTreeSet::new());
    sources(Path::new("tests"), &mut source);
    sources(Path::new("src"), &mut source);
    let page = fs::read_to_string("docs/promises.md").unwrap();
    for section in page.split("\n## ").skip(1) {
        let tests = tests_of(section);
        assert!(!tests.is_empty(), "no test holds {section:.60}");
        named.extend(tests);
    }
    let missing: Vec<_> = named.iter().filter(|name| !source.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_rights_that_the_pages_name_are_those_that_the_crate_says_it_needs() {
    let range = etcd_queue::records_range("/jobs").unwrap();
    for page in ["docs/promises.md", "README.md"] {
        let text = fs::read_to_string(page).unwrap();
        assert!(text.contains(&format!("[{}, {})", range.start, range.end)), "{page}");
        assert!(!text.contains("__rq/"), "{page} tells of a layout that is no more");
    }
    let readme = fs::read_to_string("README.md").unwrap();
    assert!(readme.contains(&format!("readwrite {} {}", range.start, range.end)));
}
