//! One program's conversation, from hello to its end: what `program` starts as a task of its own.
//!
//! `line` knows the lines, `ledger` what may be answered, `pipes` the bytes, `obituary` what a dead process died
//! of; this file knows the order in which it all happens.

use std::{convert::Infallible, os::unix::process::ExitStatusExt};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    Death, Log, Patience, Reply, Request,
    ledger::{Fate, Ledger},
    line::{self, quote},
    obituary::{End, obituary},
    pipes::{Heard, Pipes, keep_log, read_lines, write_lines},
};
use crate::reaper::Keeper;

/// Lines that wait to be understood; a program that writes more of them waits.
const LINES_WAITING: usize = 64;

/// How a program ended; what it has started is no more then.
fn end(keeper: &mut Keeper) -> End {
    let status = keeper.finish().map(|status| (status.code(), status.signal()));
    match status {
        Some((Some(code), _)) => End::Code(code),
        Some((None, signal)) => End::Signal(signal.unwrap_or_default()),
        // Never seen: the program was started.
        None => End::Signal(0),
    }
}

/// Ends when the task that holds the other half has ended; nothing is ever sent.
type Gone = oneshot::Receiver<Infallible>;

/// A program and all that is known of the conversation with it.
pub(super) struct Session {
    keeper: Keeper,
    patience: Patience,
    ledger: Ledger,
    requests: mpsc::UnboundedReceiver<Request>,
    replies: mpsc::UnboundedSender<Reply>,
    lines: mpsc::Receiver<Heard>,
    /// Its input ends when this is dropped and all is written.
    input: Option<mpsc::UnboundedSender<String>>,
    input_gone: Gone,
    log: Log,
    log_gone: Gone,
    /// Those that serve the pipes; they end with this.
    _pipes: JoinSet<()>,
}

/// Why the conversation does not go on.
enum Parting {
    /// Nobody listens any more.
    Unheard,
    /// The harness has closed its side.
    Asked,
    /// The program has ended.
    Ended,
    /// The program broke the protocol, in these words.
    Broke(String),
}

impl Session {
    /// Takes the pipes of a program that was started, and says hello.
    pub(super) fn new(
        keeper: Keeper,
        Pipes { input: to_program, output, errors }: Pipes,
        patience: Patience,
        requests: mpsc::UnboundedReceiver<Request>,
        replies: mpsc::UnboundedSender<Reply>,
        log: Log,
    ) -> Self {
        let mut pipes = JoinSet::new();
        let (to, lines) = mpsc::channel(LINES_WAITING);
        pipes.spawn(read_lines(output, to));
        let (input, from) = mpsc::unbounded_channel();
        let (serving, input_gone) = oneshot::channel::<Infallible>();
        pipes.spawn(async move {
            write_lines(to_program, from).await;
            drop(serving);
        });
        let (serving, log_gone) = oneshot::channel::<Infallible>();
        let kept_log = log.clone();
        pipes.spawn(async move {
            keep_log(errors, kept_log).await;
            drop(serving);
        });
        // It is the first line; where the input takes none, the conversation will show it.
        drop(input.send(line::hello()));
        let ledger = Ledger::default();
        Self {
            keeper,
            patience,
            ledger,
            requests,
            replies,
            lines,
            input: Some(input),
            input_gone,
            log,
            log_gone,
            _pipes: pipes,
        }
    }

    /// Leads the conversation to its end. Dropping the future kills the process group.
    pub(super) async fn lead(mut self) {
        match self.converse().await {
            Parting::Unheard => {
                end(&mut self.keeper);
            }
            Parting::Asked => self.see_off().await,
            Parting::Ended => self.report_end().await,
            Parting::Broke(words) => {
                end(&mut self.keeper);
                self.finish_log().await;
                self.tell(Reply::Broke(words));
            }
        }
    }

    /// Passes requests and answers on until something ends that.
    async fn converse(&mut self) -> Parting {
        // Since when one of its pipes is closed though the process goes on, and which.
        let mut closed: Option<(&str, Instant)> = None;
        let mut input_open = true;
        let mut output_open = true;
        loop {
            let opening = self.ledger.longest_opening();
            let open_limit = opening.map(|(_, since)| since + self.patience.open);
            let end_limit = closed.map(|(_, since)| since + self.patience.end);
            tokio::select! {
                biased;
                () = self.replies.closed() => return Parting::Unheard,
                request = self.requests.recv() => match request {
                    Some(request) => self.ask(&request),
                    None => return Parting::Asked,
                },
                heard = self.lines.recv(), if output_open => match heard {
                    Some(heard) => {
                        if let Err(words) = self.hear(heard) {
                            return Parting::Broke(words);
                        }
                    }
                    None => {
                        output_open = false;
                        closed.get_or_insert(("output", Instant::now()));
                    }
                },
                () = self.keeper.until_ended() => return Parting::Ended,
                _ = &mut self.input_gone, if input_open => {
                    input_open = false;
                    closed.get_or_insert(("input", Instant::now()));
                }
                () = reached(open_limit) => {
                    let client = opening.map_or_else(String::new, |(client, _)| client.to_owned());
                    let limit = self.patience.open;
                    return Parting::Broke(format!("the client {client:?} was not opened within {limit:?}"));
                }
                () = reached(end_limit) => {
                    let (pipe, _) = closed.unwrap_or(("output", Instant::now()));
                    return Parting::Broke(format!("the program closed its standard {pipe} but did not end"));
                }
            }
        }
    }

    fn ask(&mut self, request: &Request) {
        match self.ledger.ask(request, Instant::now()) {
            // An input that takes no more lines is noticed in the conversation.
            Fate::Send => {
                let sent = self.input.as_ref().map(|input| input.send(line::encode(request)));
                drop(sent);
            }
            Fate::Drop => {}
        }
    }

    /// Understands what came out of the program and tells it on; otherwise says what was wrong, the line quoted.
    fn hear(&mut self, heard: Heard) -> Result<(), String> {
        let text = match heard {
            Heard::Line(text) => text,
            Heard::Noise(words) => return Err(words),
        };
        let answer = line::decode(&text).map_err(|error| format!("the line {} {error}", quote(&text)))?;
        let settled = self.ledger.settle(answer);
        if let Some(reply) = settled.map_err(|breach| format!("the line {} {breach}", quote(&text)))? {
            self.tell(reply);
        }
        Ok(())
    }

    /// Nobody may be left to hear it, which the conversation notices.
    fn tell(&self, reply: Reply) {
        drop(self.replies.send(reply));
    }

    /// The harness is done: the program's input ends, and it has a while to follow. What it still answers is
    /// passed on; how it ends does not matter any more.
    async fn see_off(mut self) {
        self.input = None;
        let limit = Instant::now() + self.patience.end;
        loop {
            tokio::select! {
                biased;
                () = self.replies.closed() => break,
                Some(heard) = self.lines.recv() => drop(self.hear(heard)),
                () = self.keeper.until_ended() => break,
                () = sleep_until(limit) => break,
            }
        }
        end(&mut self.keeper);
        let _ = self.hear_the_rest().await;
        self.finish_log().await;
    }

    /// The program has ended of its own accord: what it said before, and then whether that was a crash.
    async fn report_end(mut self) {
        let end = end(&mut self.keeper);
        let rest = self.hear_the_rest().await;
        self.finish_log().await;
        if let Err(words) = rest {
            return self.tell(Reply::Broke(words));
        }
        let death = obituary(end, &self.log.text());
        if self.leaves_a_call_open().await {
            return self.tell(Reply::Died(death));
        }
        // Where the harness has closed its side meanwhile, an end is what it wanted.
        if !self.requests.is_closed() {
            self.tell(Reply::Broke(self.unexpected_end(&death)));
        }
    }

    /// Whether the end of the process leaves a call unanswered. A consumer calls again at once: a call that was
    /// on its way while the process ended is one that it left open, however the two raced.
    async fn leaves_a_call_open(&mut self) -> bool {
        let limit = Instant::now() + self.patience.next_call;
        while !self.ledger.has_open_calls() {
            match timeout_at(limit, self.requests.recv()).await {
                Ok(Some(request)) => self.ask(&request),
                Ok(None) | Err(_) => return false,
            }
        }
        true
    }

    fn unexpected_end(&self, death: &Death) -> String {
        let meanwhile = match self.ledger.longest_opening() {
            Some((client, _)) => format!("while the client {client:?} was being opened"),
            None => "with no call open, though its input had not ended".to_owned(),
        };
        let at = death.place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
        let log = self.log.text();
        let last = log.lines().rev().find(|line| !line.trim().is_empty());
        let last =
            last.map_or_else(String::new, |line| format!("; the last line of its log is {}", quote(line)));
        format!("the program ended ({}{at}) {meanwhile}{last}", death.cause)
    }

    /// Hears all that a program wrote before it ended.
    async fn hear_the_rest(&mut self) -> Result<(), String> {
        let limit = Instant::now() + self.patience.rest;
        while let Ok(Some(heard)) = timeout_at(limit, self.lines.recv()).await {
            self.hear(heard)?;
        }
        Ok(())
    }

    /// Waits until all that a program logged before it ended is kept.
    async fn finish_log(&mut self) {
        let _ = timeout(self.patience.rest, &mut self.log_gone).await;
    }
}

/// Waits until then, or for ever.
async fn reached(limit: Option<Instant>) {
    match limit {
        Some(limit) => sleep_until(limit).await,
        None => std::future::pending().await,
    }
}
