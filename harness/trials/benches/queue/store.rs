//! Where the figures are kept: in `etcd-queue`'s documents.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use trials::comparison::{Comparison, chart, page};

use crate::Outcome;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../etcd-queue/docs").join(name)
}

/// The figures of an earlier run, if there are any.
pub fn kept() -> Outcome<Option<Comparison>> {
    match fs::read_to_string(file("figures.json")) {
        Ok(json) => Ok(Some(Comparison::parse(&json)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes the figures, the page and the chart.
pub fn write(comparison: &Comparison) -> Outcome<()> {
    let files = [
        ("figures.json", comparison.json()?),
        ("figures.md", page(comparison)),
        ("figures.svg", chart(comparison)),
    ];
    for (name, text) in files {
        let path = file(name);
        fs::write(&path, text).map_err(|error| format!("write {}: {error}", path.display()))?;
    }
    Ok(())
}
