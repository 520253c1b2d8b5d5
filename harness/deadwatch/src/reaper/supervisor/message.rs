//! What the harness and a supervisor say to each other over a pair of sockets.
//!
//! The harness sends frames: a length, then fields that end with a zero byte; a program's three streams come with its
//! frame. The supervisor answers in lines. The end of the harness's side, however it came, is the order to clear up.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    io::{self, IoSlice, IoSliceMut, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            ffi::{OsStrExt, OsStringExt},
            net::UnixStream,
            process::CommandExt,
        },
    },
    process::Command,
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, recvmsg, sendmsg,
    },
};

/// A program's standard input, output and errors.
pub type Streams = [OwnedFd; 3];

const LENGTH: usize = size_of::<u32>();

/// What a supervisor is asked.
#[derive(Debug)]
pub(in crate::reaper) enum Request {
    /// To start this program.
    Start(Box<Command>, Streams),
    /// To send this signal to the program's process group.
    Signal(i32),
}

/// The frame that asks for a signal.
pub(in crate::reaper) fn signal(number: i32) -> Vec<u8> {
    frame([OsStr::new("signal"), OsStr::new(&number.to_string())])
}

/// The frame that asks for a program.
pub(in crate::reaper) fn start(command: &Command) -> Vec<u8> {
    let tagged = |tag: &str, text: &OsStr| {
        let mut field = OsString::from(tag);
        field.push(text);
        field
    };
    let mut fields = vec![OsString::from("start"), command.get_program().to_owned()];
    fields.extend(command.get_args().map(|argument| tagged("a", argument)));
    fields.extend(command.get_envs().map(|(name, value)| match value {
        Some(value) => {
            let mut field = tagged("e", name);
            field.push("=");
            field.push(value);
            field
        }
        None => tagged("u", name),
    }));
    fields.extend(command.get_current_dir().map(|folder| tagged("d", folder.as_os_str())));
    frame(fields.iter().map(OsString::as_os_str))
}

fn frame<'a>(fields: impl IntoIterator<Item = &'a OsStr>) -> Vec<u8> {
    let mut frame = vec![0; LENGTH];
    for field in fields {
        frame.extend_from_slice(field.as_bytes());
        frame.push(0);
    }
    let length = u32::try_from(frame.len() - LENGTH).unwrap_or(u32::MAX);
    frame[..LENGTH].copy_from_slice(&length.to_le_bytes());
    frame
}

/// Sends a frame, and streams with it.
pub(in crate::reaper) fn send(line: &UnixStream, frame: &[u8], streams: &[OwnedFd]) -> io::Result<()> {
    let streams: Vec<_> = streams.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !streams.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&streams)) {
        return Err(io::Error::other("more streams than a program has"));
    }
    let sent = sendmsg(line, &[IoSlice::new(frame)], &mut control, SendFlags::empty())?;
    let mut line = line;
    line.write_all(frame.get(sent..).unwrap_or_default())
}

/// The supervisor's ear.
#[derive(Debug, Default)]
pub(in crate::reaper) struct Inbox {
    bytes: Vec<u8>,
    streams: VecDeque<OwnedFd>,
}

/// Whether more can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reaper) enum Heard {
    Something,
    TheEnd,
}

impl Inbox {
    /// Takes in what has come; blocks until there is something.
    pub(in crate::reaper) fn receive(&mut self, line: &UnixStream) -> io::Result<Heard> {
        let mut bytes = [0; 16 * 1024];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let into = &mut [IoSliceMut::new(&mut bytes)];
        let got = recvmsg(line, into, &mut control, RecvFlags::empty())?.bytes;
        for message in control.drain() {
            let RecvAncillaryMessage::ScmRights(streams) = message else { continue };
            for stream in streams {
                // There is one thread only: nothing is started in between.
                fcntl_setfd(&stream, FdFlags::CLOEXEC)?;
                self.streams.push_back(stream);
            }
        }
        self.bytes.extend_from_slice(bytes.get(..got).unwrap_or_default());
        Ok(if got == 0 { Heard::TheEnd } else { Heard::Something })
    }

    /// The next request that has come whole.
    pub(in crate::reaper) fn next(&mut self) -> io::Result<Option<Request>> {
        let Some((length, rest)) = self.bytes.split_first_chunk::<LENGTH>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let fields: Vec<OsString> =
            body.split(|byte| *byte == 0).map(|field| OsString::from_vec(field.to_vec())).collect();
        self.bytes.drain(..LENGTH + length);
        self.understand(&fields).map(Some)
    }

    fn understand(&mut self, fields: &[OsString]) -> io::Result<Request> {
        let odd = || io::Error::new(io::ErrorKind::InvalidData, "a request that no deadwatch sends");
        match fields {
            [verb, number, ..] if verb == "signal" => {
                let number = number.to_str().and_then(|number| number.parse().ok());
                number.map(Request::Signal).ok_or_else(odd)
            }
            [verb, program, rest @ ..] if verb == "start" => {
                let mut stream = || self.streams.pop_front().ok_or_else(odd);
                let streams = [stream()?, stream()?, stream()?];
                Ok(Request::Start(Box::new(command(program, rest)), streams))
            }
            _ => Err(odd()),
        }
    }
}

/// The command that the fields describe, in a process group of its own.
fn command(program: &OsStr, fields: &[OsString]) -> Command {
    let mut command = Command::new(program);
    for field in fields {
        let Some((tag, text)) = field.as_bytes().split_first() else { continue };
        let words = OsStr::from_bytes(text);
        match tag {
            b'a' => drop(command.arg(words)),
            b'u' => drop(command.env_remove(words)),
            b'd' => drop(command.current_dir(words)),
            _ => {
                let at = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
                let (name, value) = text.split_at(at);
                command.env(OsStr::from_bytes(name), OsStr::from_bytes(value.get(1..).unwrap_or_default()));
            }
        }
    }
    command.process_group(0);
    command
}

/// What a supervisor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reaper) enum Reply {
    /// It is there, and so is its folder.
    Ready,
    /// What was asked for could not be done, for this reason of the system's.
    Failed(i32),
    /// The program runs, under this number.
    Started(u32),
    /// The program was stopped where it stood.
    Stopped,
    /// The program has ended with this status, and nothing is left of what it started.
    Ended(i32),
}

impl Reply {
    pub(in crate::reaper) fn line(self) -> String {
        match self {
            Self::Ready => "ready\n".to_owned(),
            Self::Failed(reason) => format!("failed {reason}\n"),
            Self::Started(pid) => format!("started {pid}\n"),
            Self::Stopped => "stopped\n".to_owned(),
            Self::Ended(status) => format!("ended {status}\n"),
        }
    }

    pub(in crate::reaper) fn read(line: &str) -> Option<Self> {
        let (verb, number) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "ready" => Some(Self::Ready),
            "failed" => number.parse().ok().map(Self::Failed),
            "started" => number.parse().ok().map(Self::Started),
            "stopped" => Some(Self::Stopped),
            "ended" => number.parse().ok().map(Self::Ended),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::fs::File;

    use super::*;

    #[test]
    fn a_command_arrives_as_it_was_sent() {
        let (here, there) = UnixStream::pair().unwrap();
        let mut sent = Command::new("/bin/program");
        sent.args(["", "with space", "a=b\nc"]).env("NAME", "x=y").env_remove("GONE").current_dir("/");
        let streams = || [(); 3].map(|()| OwnedFd::from(File::open("/dev/null").unwrap()));
        send(&here, &start(&sent), &streams()).unwrap();
        send(&here, &signal(15), &[]).unwrap();
        let mut inbox = Inbox::default();
        let mut requests = Vec::new();
        while requests.len() < 2 {
            assert_eq!(inbox.receive(&there).unwrap(), Heard::Something);
            while let Some(request) = inbox.next().unwrap() {
                requests.push(request);
            }
        }
        let [Request::Start(got, _), Request::Signal(15)] = &requests[..] else { panic!("{requests:?}") };
        assert_eq!(got.get_program(), "/bin/program");
        assert_eq!(got.get_args().collect::<Vec<_>>(), ["", "with space", "a=b\nc"]);
        assert!(got.get_envs().eq(sent.get_envs()));
        assert_eq!(got.get_current_dir(), sent.get_current_dir());
        drop(here);
        assert_eq!(inbox.receive(&there).unwrap(), Heard::TheEnd);
    }

    #[test]
    fn a_long_command_is_sent_whole() {
        let (here, there) = UnixStream::pair().unwrap();
        let mut sent = Command::new("/bin/program");
        sent.args((0..2000).map(|number| format!("{number:0100}")));
        let frame = start(&sent);
        let streams = [(); 3].map(|()| OwnedFd::from(File::open("/dev/null").unwrap()));
        let sender = std::thread::spawn(move || send(&here, &frame, &streams).unwrap());
        let mut inbox = Inbox::default();
        let got = loop {
            inbox.receive(&there).unwrap();
            if let Some(Request::Start(got, _)) = inbox.next().unwrap() {
                break got;
            }
        };
        sender.join().unwrap();
        assert!(got.get_args().eq(sent.get_args()));
    }

    #[test]
    fn a_reply_is_read_as_it_is_written() {
        for reply in [
            Reply::Ready,
            Reply::Failed(2),
            Reply::Started(77),
            Reply::Stopped,
            Reply::Ended(-1),
            Reply::Ended(256),
        ] {
            assert_eq!(Reply::read(reply.line().trim_end()), Some(reply));
        }
    }
}
