//! The lines of a transcript, as they are written.

use etcd_model::proto::WatchResponse;
use tonic::Status;

use super::{Tree, redact::Redact, show};

/// What was said, line by line.
#[derive(Debug)]
pub struct Transcript {
    lines: Vec<String>,
    redact: Redact,
}

impl Transcript {
    /// An empty one, of a server of `release`.
    pub fn new(release: &str) -> Self {
        Self { lines: Vec::new(), redact: Redact { release: release.to_owned(), chosen: Vec::new() } }
    }

    /// A lease that the server chose: it is told by its number from here on.
    pub fn chosen(&mut self, id: i64) {
        self.redact.chosen.push(id);
    }

    /// A request, on a stream or (`""`) on none.
    pub fn ask(&mut self, stream: &str, request: &str) {
        let before = if stream.is_empty() { "> ".to_owned() } else { format!("{stream} > ") };
        self.message(&before, request);
    }

    /// An answer that is no stream's.
    pub fn answer(&mut self, answer: &str) {
        self.message("< ", answer);
    }

    /// No answer, but a status.
    pub fn refusal(&mut self, status: &Status) {
        self.note(&format!("< {:?}: {}", status.code(), status.message()));
    }

    /// Responses on a stream. In which order different watches are told is chance, in etcd too, so they are put in
    /// the order of their ids; what one watch is told stays in its order.
    pub fn responses(&mut self, stream: &str, mut responses: Vec<WatchResponse>) {
        responses.sort_by_key(|response| response.watch_id);
        for response in responses {
            self.message(&format!("{stream} < "), &format!("{response:?}"));
        }
    }

    /// The end of a stream.
    pub fn end(&mut self, stream: &str, end: &Result<(), Status>) {
        match end {
            Ok(()) => self.note(&format!("{stream} < end")),
            Err(status) => self.note(&format!("{stream} < {:?}: {}", status.code(), status.message())),
        }
    }

    /// A line that is no message.
    pub fn note(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    /// The whole as text.
    pub fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }

    fn message(&mut self, before: &str, debug: &str) {
        let mut tree = Tree::parse(debug);
        self.redact.tree(&mut tree);
        self.lines.push(show::message(before, &tree));
    }
}
