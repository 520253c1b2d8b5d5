//! The library of reviewed snapshots, in a folder.

use deadwatch::report::snapshot::{SnapshotError, SnapshotState, Snapshots, WriteAs};

const TEXT: &str = "consumer 1: crash\nverdict: unsafe\n";

#[test]
fn what_is_accepted_matches_and_anything_else_differs() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::at(folder.path());
    let compare = |text: &str| snapshots.compare("auth/story", "naive", text).unwrap();
    assert_eq!(compare(TEXT), SnapshotState::None);
    let path = snapshots.write("auth/story", "naive", TEXT, WriteAs::Accepted).unwrap();
    assert_eq!(path, folder.path().join("auth/story/naive.snap"));
    assert_eq!(compare(TEXT), SnapshotState::Match);
    let expected = TEXT.to_owned();
    assert_eq!(compare("consumer 1: healthy\nverdict: unsafe\n"), SnapshotState::Differs { expected });
}

#[test]
fn a_proposal_lies_beside_the_snapshot_and_expects_nothing_until_it_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::at(folder.path());
    let proposed = snapshots.write("auth/story", "naive", TEXT, WriteAs::Proposed).unwrap();
    assert_eq!(proposed, folder.path().join("auth/story/naive.snap.new"));
    assert_eq!(snapshots.compare("auth/story", "naive", TEXT).unwrap(), SnapshotState::None);
    assert!(snapshots.owners().unwrap().is_empty());
    snapshots.write("auth/story", "naive", TEXT, WriteAs::Accepted).unwrap();
    assert!(!proposed.exists());
}

#[test]
fn every_snapshot_has_an_owner_and_other_files_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::at(folder.path());
    std::fs::write(folder.path().join("README.md"), "What this is.").unwrap();
    for (scenario, subject) in [("auth/story", "naive"), ("auth/story", "checked"), ("control/idle", "naive")]
    {
        snapshots.write(scenario, subject, TEXT, WriteAs::Accepted).unwrap();
    }
    let owners: Vec<_> = snapshots.owners().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(owners, ["auth/story/checked.snap", "auth/story/naive.snap", "control/idle/naive.snap"]);
}

#[test]
fn a_folder_that_is_not_there_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::at(folder.path().join("missing"));
    assert_eq!(snapshots.compare("auth/story", "naive", TEXT).unwrap(), SnapshotState::None);
    assert!(snapshots.owners().unwrap().is_empty());
}

#[test]
fn a_subject_that_is_a_command_has_no_snapshot_and_no_path_leads_out_of_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::at(folder.path().join("snapshots"));
    for (scenario, subject) in
        [("auth/story", "./my-consumer --fast"), ("../outside", "naive"), ("auth/story", "..")]
    {
        assert_eq!(snapshots.compare(scenario, subject, TEXT).unwrap(), SnapshotState::None);
        let written = snapshots.write(scenario, subject, TEXT, WriteAs::Accepted);
        assert!(matches!(written, Err(SnapshotError::Unnamed(_))), "{scenario} {subject}");
    }
}

#[test]
fn the_library_that_is_compiled_in_can_be_read_and_not_written() {
    let snapshots = Snapshots::compiled_in();
    let on_disk = Snapshots::at(concat!(env!("CARGO_MANIFEST_DIR"), "/../../snapshots"));
    assert_eq!(snapshots.owners().unwrap(), on_disk.owners().unwrap());
    let written = snapshots.write("auth/story", "naive", TEXT, WriteAs::Accepted);
    assert!(matches!(written, Err(SnapshotError::CompiledIn(_))));
}
