//! The recorded transcripts: what real etcds said, in files beside the tests.
//!
//! `transcripts/PARAGRAPH/CASE.txt` holds for every release; `CASE@3.7.3.txt`, where there is one, from that release
//! on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use etcd_model::release::Release;

/// The files of one case.
pub struct Shelf {
    folder: PathBuf,
    case: String,
}

impl Shelf {
    /// Where the transcripts of a case lie.
    pub fn of(paragraph: &str, case: &str) -> Self {
        Self { folder: root().join(paragraph), case: case.to_owned() }
    }

    /// All files there are, relative to the shelf's root, without their ending.
    pub fn all() -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for paragraph in fs::read_dir(root())? {
            let paragraph = paragraph?.path();
            for file in fs::read_dir(&paragraph)? {
                let file = file?.path();
                names.push(format!("{}/{}", stem(&paragraph), stem(&file)));
            }
        }
        names.sort();
        Ok(names)
    }

    /// What a release is known to say; none if nothing has been recorded.
    pub fn expected(&self, release: Release) -> Option<String> {
        let newest = self.variants().into_iter().filter(|since| *since <= release).max();
        let path = newest.map_or_else(|| self.path(None), |since| self.path(Some(since)));
        fs::read_to_string(path).ok()
    }

    /// Puts down what each release said, oldest first: one file, and one more for each that differs from the last.
    pub fn record(&self, said: &[(Release, String)]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        for since in self.variants() {
            fs::remove_file(self.path(Some(since)))?;
        }
        let mut last = None;
        for (release, text) in said {
            if last != Some(text) {
                fs::write(self.path(last.map(|_| *release)), text)?;
            }
            last = Some(text);
        }
        Ok(())
    }

    fn path(&self, since: Option<Release>) -> PathBuf {
        match since {
            None => self.folder.join(format!("{}.txt", self.case)),
            Some(since) => self.folder.join(format!("{}@{since}.txt", self.case)),
        }
    }

    /// The releases from which on something else is said.
    fn variants(&self) -> Vec<Release> {
        let Ok(files) = fs::read_dir(&self.folder) else { return Vec::new() };
        files
            .filter_map(|file| {
                let name = stem(&file.ok()?.path());
                name.strip_prefix(&self.case)?.strip_prefix('@')?.parse().ok()
            })
            .collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/transcripts")
}

/// The last part of a path, without `.txt`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.trim_end_matches(".txt").to_owned()
}

/// Where two transcripts part: a few lines before it, and what each says then. None if they are the same.
pub fn first_difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let same = expected.iter().zip(&found).take_while(|(one, other)| one == other).count();
    let mut text = String::new();
    for line in &expected[same.saturating_sub(8)..same] {
        text.push_str(&format!("    {line}\n"));
    }
    for (mark, lines) in [("etcd ", &expected), ("found", &found)] {
        let rest = &lines[same.min(lines.len())..];
        for line in rest.iter().take(6) {
            text.push_str(&format!("{mark} {line}\n"));
        }
        if rest.is_empty() {
            text.push_str(&format!("{mark} (nothing more)\n"));
        }
    }
    Some(text)
}
