//! The scenario files below a folder on disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The scenarios below a folder: name and path, sorted by name.
///
/// A scenario is a file whose name ends in `.toml` and, like the folders it lies in, does not begin with a
/// dot; links to folders are not followed. A name is the path below the folder, with `/`, without `.toml`.
pub(super) fn scenarios_below(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    look(folder, "", &mut found)?;
    found.sort();
    Ok(found)
}

fn look(folder: &Path, above: &str, found: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let file_name = entry.file_name();
        // A name that is not Unicode could not be typed as a scenario's.
        let Some(file_name) = file_name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        if entry.file_type()?.is_dir() {
            look(&path, &format!("{above}{file_name}/"), found)?;
        } else if let Some(stem) = scenario_stem(file_name)
            && path.is_file()
        {
            found.push((format!("{above}{stem}"), path));
        }
    }
    Ok(())
}

/// A scenario file's name without its ending; none if it is no scenario's.
pub(super) fn scenario_stem(file_name: &str) -> Option<&str> {
    file_name.strip_suffix(".toml").filter(|stem| !stem.is_empty() && !stem.starts_with('.'))
}
