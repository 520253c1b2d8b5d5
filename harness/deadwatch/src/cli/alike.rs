//! What is said of several releases in the same words, said once.

use crate::scenario::Version;

/// Stands for the release in a text about several.
const ANY: &str = "VERSION";

/// A text, and all that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alike<T> {
    /// What it is about, in the order in which it was said.
    pub(super) of: Vec<T>,
    /// Its releases, each once.
    pub(super) releases: Vec<Version>,
    /// The text; with `VERSION` in place of the release where there are several.
    pub(super) text: String,
}

/// Puts together the texts that differ in nothing but the release that each is about.
pub(super) fn alike<T>(said: impl IntoIterator<Item = (T, Version, String)>) -> Vec<Alike<T>> {
    let mut groups: Vec<(String, Alike<T>)> = Vec::new();
    for (of, release, text) in said {
        let general = text.replace(&release.to_string(), ANY);
        match groups.iter_mut().find(|(known, _)| *known == general) {
            Some((_, group)) => {
                group.of.push(of);
                if !group.releases.contains(&release) {
                    group.releases.push(release);
                    group.text = general;
                }
            }
            None => groups.push((general, Alike { of: vec![of], releases: vec![release], text })),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

impl<T> Alike<T> {
    /// `3.5.5, 3.5.16`.
    pub(super) fn of_releases(&self) -> String {
        listed(&self.releases)
    }
}

/// Releases joined by commas.
pub(super) fn listed(releases: &[Version]) -> String {
    releases.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Version = Version::new(3, 5, 5);
    const B: Version = Version::new(3, 7, 3);

    #[test]
    fn texts_that_differ_in_their_release_alone_are_said_once() {
        let said = [("a", A, "no etcd 3.5.5".to_owned()), ("b", B, "no etcd 3.7.3".to_owned())];
        let groups = alike(said);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].text, "no etcd VERSION");
        assert_eq!((groups[0].of_releases().as_str(), &groups[0].of), ("3.5.5, 3.7.3", &vec!["a", "b"]));
    }

    #[test]
    fn a_text_about_one_release_names_it() {
        let said =
            [("a", A, "no 3.5.5".to_owned()), ("b", A, "no 3.5.5".to_owned()), ("c", B, "else".to_owned())];
        let groups = alike(said);
        let texts: Vec<_> = groups.iter().map(|group| group.text.as_str()).collect();
        assert_eq!(texts, ["no 3.5.5", "else"]);
        assert_eq!(groups[0].releases, [A]);
    }
}
