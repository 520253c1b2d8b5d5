//! The file of a snapshot: insta's format, which reviewers and editors know.
//!
//! A header between two `---` lines, then the text. (insta 1.49 `src/snapshot.rs`, `Snapshot::from_file`.)

use super::Owner;

/// The file's content.
pub(super) fn written(owner: &Owner, text: &str) -> String {
    let Owner { scenario, subject } = owner;
    format!("---\nsource: scenarios/{scenario}.toml\nexpression: {subject}\n---\n{}\n", text.trim_end())
}

/// The text in a file's content; the whole content if there is no header.
pub(super) fn text(content: &str) -> String {
    let content = content.replace("\r\n", "\n");
    let body = content
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .map_or(content.as_str(), |(_, body)| body);
    format!("{}\n", body.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_whatever_the_line_ends_are() {
        let owner = Owner { scenario: "auth/story".to_owned(), subject: "naive".to_owned() };
        let written = written(&owner, "consumer 1: crash\nverdict: unsafe\n");
        assert_eq!(text(&written), "consumer 1: crash\nverdict: unsafe\n");
        assert_eq!(text(&written.replace('\n', "\r\n")), "consumer 1: crash\nverdict: unsafe\n");
    }

    #[test]
    fn only_the_header_is_taken_off() {
        assert_eq!(text("---\nsource: x\n---\na\n---\nb\n"), "a\n---\nb\n");
        assert_eq!(text("a\n---\nb"), "a\n---\nb\n");
    }
}
