//! Reports in files: a file is there whole or not at all.

use std::{
    env,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::reaper::{self, Kept, Leftover};

/// Writes a file beside its place, and puts it there when it is whole: a full disk or a signal leaves what was there
/// before, and no half file. What is no file, such as `/dev/stdout`, is written to as it is.
///
/// # Errors
/// The system refuses.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let place = place_of(path)?;
    if !is_for_a_file(&place) {
        return File::options().write(true).open(&place)?.write_all(text.as_bytes());
    }
    let (path, mut file, kept) = beside(&place)?;
    file.write_all(text.as_bytes())?;
    fs::rename(path, place)?;
    kept.forget();
    Ok(())
}

/// Makes sure, as far as can be told before, that a file can be written there later, and removes the one that is there:
/// it is of an earlier run.
///
/// # Errors
/// It can't.
pub(crate) fn prepare(path: &Path) -> io::Result<()> {
    make_folder(path);
    let place = place_of(path)?;
    if !is_for_a_file(&place) {
        return File::options().write(true).open(&place).map(drop);
    }
    drop(beside(&place)?);
    match fs::remove_file(&place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes the folder that a file is to be in.
pub(crate) fn make_folder(path: &Path) {
    if let Some(folder) = path.parent() {
        // What stands in its way, the file will say in words that are about the file.
        let _ = fs::create_dir_all(folder);
    }
}

/// Whether two paths lead to one place. Their folders must be there.
pub(crate) fn same_place(one: &Path, other: &Path) -> bool {
    match (place_of(one), place_of(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// Where a path leads: links are followed as far as there is something.
fn place_of(path: &Path) -> io::Result<PathBuf> {
    if let Ok(place) = path.canonicalize() {
        return Ok(place);
    }
    let path = env::current_dir()?.join(path);
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    Ok(folder.map_or_else(|| path.clone(), |folder| folder.join(name)))
}

/// Whether a file is there, or may be made.
fn is_for_a_file(place: &Path) -> bool {
    fs::metadata(place).map_or(true, |found| found.is_file() || found.is_dir())
}

/// An empty file beside a place, hidden. It is removed when what keeps it is dropped.
fn beside(place: &Path) -> io::Result<(PathBuf, File, Kept)> {
    if place.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let chance: String = std::iter::repeat_with(fastrand::alphanumeric).take(10).collect();
    let path = place.with_file_name(format!(".deadwatch-{chance}.part"));
    let (file, kept) = reaper::keep_made(|| {
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok::<_, io::Error>((file, Leftover::File(path.clone())))
    })?;
    Ok((path, file, kept))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("report");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(files(place.path()), ["report"]);
    }

    #[test]
    fn a_link_stays_one_and_the_file_that_it_leads_to_is_written() {
        let place = tempfile::tempdir().unwrap();
        let (file, link) = (place.path().join("file"), place.path().join("link"));
        fs::write(&file, "before").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, "after").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "after");
        assert!(same_place(&file, &link));
    }

    #[test]
    fn what_is_no_file_is_written_to_as_it_is() {
        prepare(Path::new("/dev/null")).unwrap();
        write(Path::new("/dev/null"), "text").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        #[cfg(target_os = "linux")]
        assert!(write(Path::new("/dev/full"), "text").is_err());
    }

    #[test]
    fn two_ways_to_write_a_path_lead_to_one_place_though_nothing_is_there_yet() {
        let place = tempfile::tempdir().unwrap();
        let one = place.path().join("report");
        assert!(same_place(&one, &place.path().join("./report")));
        assert!(!same_place(&one, &place.path().join("other")));
    }

    #[test]
    fn preparing_removes_the_report_of_an_earlier_run_and_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("inner/report");
        prepare(&path).unwrap();
        write(&path, "one").unwrap();
        prepare(&path).unwrap();
        assert_eq!(files(&place.path().join("inner")), [""; 0]);
        assert!(prepare(&place.path().join("inner")).is_err(), "a folder");
    }
}
