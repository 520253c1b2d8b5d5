//! The three pipes of a program, each served by a task of its own: lines in, lines out, and the log.

use std::{io, process::Command};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::unix::pipe::{Receiver, Sender},
    sync::mpsc,
};

use super::{Log, line::quote};
use crate::reaper::Keeper;

/// The longest line a program may write, in bytes without its end. An item of etcd's is at most 1.5 MiB, and JSON
/// writes one byte of it as six at most.
pub(super) const LINE_BYTES: usize = 10 * 1024 * 1024;

/// What came out of a program's standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A whole line, without its end.
    Line(String),
    /// Something that is no line of text, in words; nothing follows.
    Noise(String),
}

/// The harness's ends of a program's pipes.
#[derive(Debug)]
pub(super) struct Pipes {
    pub(super) input: Sender,
    pub(super) output: Receiver,
    pub(super) errors: Receiver,
}

impl Pipes {
    /// Starts a program at the other ends.
    pub(super) fn start(keeper: &mut Keeper, command: &mut Command) -> io::Result<Self> {
        let (their_input, input) = io::pipe()?;
        let (output, their_output) = io::pipe()?;
        let (errors, their_errors) = io::pipe()?;
        keeper.start(command, [their_input.into(), their_output.into(), their_errors.into()])?;
        Ok(Self {
            input: Sender::from_owned_fd(input.into())?,
            output: Receiver::from_owned_fd(output.into())?,
            errors: Receiver::from_owned_fd(errors.into())?,
        })
    }
}

/// Hands on the lines of a program's output until it ends. What stands after the last line's end is left out: it
/// was cut short by the end of the program.
pub(super) async fn read_lines(output: impl AsyncRead + Unpin, to: mpsc::Sender<Heard>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut output).take(LINE_BYTES as u64 + 1);
        // An error is the end as well: a pipe has none that would pass.
        if bounded.read_until(b'\n', &mut line).await.is_err() {
            return;
        }
        let heard = match line.pop() {
            Some(b'\n') => match String::from_utf8(line) {
                Ok(line) => Heard::Line(line),
                Err(error) => {
                    let line = String::from_utf8_lossy(error.as_bytes()).into_owned();
                    Heard::Noise(format!("the line {} is no UTF-8", quote(&line)))
                }
            },
            Some(_) if line.len() == LINE_BYTES => {
                let line = String::from_utf8_lossy(&line).into_owned();
                Heard::Noise(format!("the line {} is longer than {LINE_BYTES} bytes", quote(&line)))
            }
            Some(_) | None => return,
        };
        let over = matches!(heard, Heard::Noise(_));
        if to.send(heard).await.is_err() || over {
            return;
        }
    }
}

/// Writes lines to a program's input until there are no more, or until it takes none; then the input is closed.
pub(super) async fn write_lines(
    mut input: impl AsyncWrite + Unpin,
    mut from: mpsc::UnboundedReceiver<String>,
) {
    while let Some(mut line) = from.recv().await {
        line.push('\n');
        if input.write_all(line.as_bytes()).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

/// Keeps what a program logs, until it ends.
pub(super) async fn keep_log(mut output: impl AsyncRead + Unpin, log: Log) {
    let mut bytes = vec![0; 8 * 1024];
    while let Ok(count @ 1..) = output.read(&mut bytes).await {
        log.append(&bytes[..count]);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    async fn heard(output: Vec<u8>) -> Vec<Heard> {
        let (to, mut from) = mpsc::channel(16);
        tokio::join!(read_lines(output.as_slice(), to), async {
            let mut all = Vec::new();
            while let Some(heard) = from.recv().await {
                all.push(heard);
            }
            all
        })
        .1
    }

    fn line(bytes: usize) -> Vec<u8> {
        let mut line = vec![b'x'; bytes];
        line.push(b'\n');
        line
    }

    #[tokio::test]
    async fn a_line_that_was_cut_short_is_left_out() {
        assert_eq!(
            heard(b"a\n\n{\"id\":1,".to_vec()).await,
            ["a", ""].map(|line| Heard::Line(line.to_owned()))
        );
    }

    #[tokio::test]
    async fn a_line_may_be_a_mebibyte_long_and_no_longer() {
        let longest = heard([line(LINE_BYTES), line(1)].concat()).await;
        assert_eq!(longest, ["x".repeat(LINE_BYTES), "x".to_owned()].map(Heard::Line));
        let too_long = heard([line(LINE_BYTES + 1), line(1)].concat()).await;
        let [Heard::Noise(words)] = too_long.as_slice() else { panic!("{} heard", too_long.len()) };
        assert!(words.ends_with("…` is longer than 10485760 bytes"), "{words}");
    }

    #[tokio::test]
    async fn a_line_that_is_no_text_is_noise() {
        let noise = heard(b"{\"id\":1,\"item\":\"\xff\"}\n{}\n".to_vec()).await;
        let words = "the line `{\"id\":1,\"item\":\"\u{fffd}\"}` is no UTF-8".to_owned();
        assert_eq!(noise, [Heard::Noise(words)]);
    }
}
