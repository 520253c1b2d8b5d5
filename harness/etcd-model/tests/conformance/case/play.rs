//! Plays operations to a server and writes down what is said on both sides.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use etcd_model::proto::{RangeRequest, WatchResponse};
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;

use super::{
    Call, Line, Op, Speaker, Until,
    request::{CHOSEN, put},
    stream::{Heard, WatchStream},
};
use crate::transcript::{Transcript, Tree};

/// How long an answer may take. What has not come by then is told as missing.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a stream has to be silent before it counts as such. etcd tells watches of the past what they missed each
/// 100 ms, and so it cancels those that a compaction has overtaken.
const SILENCE: Duration = Duration::from_millis(500);

/// Plays `ops` to a server of `release`.
pub async fn play(ops: &[Op], line: Line, release: &str) -> Transcript {
    let mut player = Player::new(line, release);
    for op in ops {
        player.play(op).await;
    }
    player.transcript
}

/// Who plays: the connection, and what has to be remembered from earlier answers.
pub struct Player {
    line: Line,
    speaker: Speaker,
    /// All tokens that logins gave, by user, in order.
    tokens: BTreeMap<String, Vec<String>>,
    streams: BTreeMap<&'static str, WatchStream>,
    /// What has come on streams and is still to be told.
    gathered: BTreeMap<&'static str, Vec<WatchResponse>>,
    /// The lease that the server chose last.
    chosen: i64,
    /// What has been said so far.
    pub transcript: Transcript,
}

impl Player {
    /// A player who has said nothing yet, and speaks as nobody.
    pub fn new(line: Line, release: &str) -> Self {
        Self {
            line,
            speaker: Speaker::Nobody,
            tokens: BTreeMap::new(),
            streams: BTreeMap::new(),
            gathered: BTreeMap::new(),
            chosen: 0,
            transcript: Transcript::new(release),
        }
    }

    /// Plays one operation.
    pub async fn play(&mut self, op: &Op) {
        match op {
            Op::Call(call) => self.call(call).await,
            Op::RangeStream(range) => {
                self.transcript.ask("RangeStream", &format!("{range:?}"));
                let token = self.token();
                match within(self.line.range_stream(range.clone(), token.as_deref())).await {
                    Ok(messages) => messages.iter().for_each(|message| self.transcript.answer(message)),
                    Err(status) => self.transcript.refusal(&status),
                }
            }
            Op::Unknown(path) => {
                self.transcript.note(&format!("> {path}"));
                match within(self.line.unknown(path)).await {
                    Ok(answer) => self.transcript.answer(&answer),
                    Err(status) => self.transcript.refusal(&status),
                }
            }
            Op::Speak(speaker) => {
                self.transcript.note(&match speaker {
                    Speaker::Nobody => "- without a token".to_owned(),
                    Speaker::User(name) => format!("- as {name}"),
                    Speaker::Login(name, login) => format!("- as {name}, with the token of login {login}"),
                    Speaker::Token(token) => format!("- with the token {token:?}"),
                });
                self.speaker = speaker.clone();
            }
            Op::Ask(name, request) => {
                let token = self.token();
                if !self.streams.contains_key(name) {
                    match WatchStream::open(&self.line, token.as_deref()) {
                        Ok(stream) => drop(self.streams.insert(name, stream)),
                        Err(status) => return self.transcript.refusal(&status),
                    }
                }
                self.transcript.ask(name, &format!("{request:?}"));
                self.streams[name].ask(request.clone());
            }
            Op::Hear(name, number) => self.hear(name, *number).await,
            Op::Listen(name) => self.listen(name).await,
            Op::Gather(name, until) => self.gather(name, *until).await,
            Op::Tell(name) => {
                let gathered = self.gathered.remove(name).unwrap_or_default();
                self.transcript.responses(name, gathered);
            }
            Op::Finish(name) => {
                self.transcript.note(&format!("{name} > (no more requests)"));
                if let Some(stream) = self.streams.get_mut(name) {
                    stream.finish();
                }
            }
            Op::KeepAlive(requests) => {
                for request in requests {
                    self.transcript.ask("", &format!("{request:?}"));
                }
                let token = self.token();
                let (answers, end) = self.line.keep_alive(requests.clone(), token.as_deref()).await;
                answers.iter().for_each(|answer| self.transcript.answer(answer));
                match end {
                    Ok(()) => self.transcript.note("< end"),
                    Err(status) => self.transcript.refusal(&status),
                }
            }
            Op::Fill(key, times) => {
                let token = self.token();
                for time in 0..*times {
                    let call = Call::from(put(key, &time.to_string()));
                    if let Err(status) = call.make(&self.line, token.as_deref()).await {
                        return self.transcript.refusal(&status);
                    }
                }
                self.transcript.note(&format!("- {key:?} is put {times} times"));
            }
            Op::UntilGone(key) => self.until_gone(key).await,
            Op::Pass(duration) => {
                self.transcript.note(&format!("- {} ms pass", duration.as_millis()));
                sleep(*duration).await;
            }
        }
    }

    /// The token of who speaks. A user who never got one speaks without.
    fn token(&self) -> Option<String> {
        match &self.speaker {
            Speaker::Nobody => None,
            Speaker::User(name) => self.tokens.get(*name)?.last().cloned(),
            Speaker::Login(name, login) => self.tokens.get(*name)?.get(login - 1).cloned(),
            Speaker::Token(token) => Some((*token).to_owned()),
        }
    }

    async fn call(&mut self, call: &Call) {
        let call = self.with_the_chosen_lease(call);
        self.transcript.ask("", &call.text());
        let token = self.token();
        match within(call.make(&self.line, token.as_deref())).await {
            Ok(answer) => {
                self.remember(&call, &answer);
                self.transcript.answer(&answer);
            }
            Err(status) => self.transcript.refusal(&status),
        }
    }

    /// Keeps what later operations refer to: tokens, and leases that the server chose.
    fn remember(&mut self, call: &Call, answer: &str) {
        match call {
            Call::Authenticate(login) => {
                if let Some(token) = Tree::parse(answer).text_of("token") {
                    self.tokens.entry(login.name.clone()).or_default().push(token);
                }
            }
            Call::LeaseGrant(grant) if grant.id == 0 => {
                if let Some(id) = Tree::parse(answer).number_of("id") {
                    self.chosen = id;
                    self.transcript.chosen(id);
                }
            }
            _ => {}
        }
    }

    fn with_the_chosen_lease(&self, call: &Call) -> Call {
        let mut call = call.clone();
        match &mut call {
            Call::Put(put) if put.lease == CHOSEN => put.lease = self.chosen,
            Call::LeaseGrant(grant) if grant.id == CHOSEN => grant.id = self.chosen,
            Call::LeaseRevoke(revoke) if revoke.id == CHOSEN => revoke.id = self.chosen,
            Call::LeaseTimeToLive(ask) if ask.id == CHOSEN => ask.id = self.chosen,
            _ => {}
        }
        call
    }

    async fn hear(&mut self, name: &str, number: usize) {
        let Some(stream) = self.streams.get_mut(name) else { return };
        let mut heard = Vec::new();
        while heard.len() < number {
            match stream.hear(PATIENCE).await {
                Some(Heard::Response(response)) => heard.push(*response),
                Some(Heard::End(end)) => {
                    self.transcript.responses(name, heard);
                    return self.transcript.end(name, &end);
                }
                None => {
                    self.transcript.responses(name, heard);
                    return self.transcript.note(&format!("{name} < (nothing more)"));
                }
            }
        }
        self.transcript.responses(name, heard);
    }

    async fn listen(&mut self, name: &str) {
        let Some(stream) = self.streams.get_mut(name) else { return };
        let mut heard = Vec::new();
        let mut ended = None;
        while let Some(next) = stream.hear(SILENCE).await {
            match next {
                Heard::Response(response) => heard.push(*response),
                Heard::End(end) => ended = Some(end),
            }
        }
        self.transcript.responses(name, heard);
        match ended {
            Some(end) => self.transcript.end(name, &end),
            None => self.transcript.note(&format!("{name} < (silence)")),
        }
    }

    async fn gather(&mut self, name: &'static str, until: Until) {
        let Some(stream) = self.streams.get_mut(name) else { return };
        let patience = if until == Until::Silence { SILENCE } else { PATIENCE };
        loop {
            match stream.hear(patience).await {
                Some(Heard::Response(response)) => {
                    let reached = match until {
                        Until::Created => response.created,
                        Until::Told(watch_id) => response.watch_id == watch_id && !response.events.is_empty(),
                        Until::Silence => false,
                    };
                    self.gathered.entry(name).or_default().push(*response);
                    if reached {
                        return;
                    }
                }
                Some(Heard::End(end)) => return self.transcript.end(name, &end),
                None if until == Until::Silence => return,
                None => return self.transcript.note(&format!("{name} < (waited in vain: {until:?})")),
            }
        }
    }

    async fn until_gone(&mut self, key: &Bytes) {
        let deadline = Instant::now() + 2 * PATIENCE;
        let call = Call::from(RangeRequest { key: key.clone(), ..RangeRequest::default() });
        let token = self.token();
        while Instant::now() < deadline {
            match call.make(&self.line, token.as_deref()).await {
                Ok(answer) if Tree::parse(&answer).number_of("count") == Some(0) => {
                    return self.transcript.note(&format!("- {key:?} is gone"));
                }
                Ok(_) => sleep(Duration::from_millis(50)).await,
                Err(status) => return self.transcript.refusal(&status),
            }
        }
        self.transcript.note(&format!("- {key:?} is still there"));
    }
}

/// The answer, or that there was none in time.
async fn within<T>(answer: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(Status::deadline_exceeded("(no answer)")))
}
