//! A conversation with a small program, as the stage would lead it.

use std::{future::Future, net::SocketAddr, os::unix::process::CommandExt, process::Command, time::Duration};

use deadwatch::{
    etcd::{Address, Credentials},
    scenario::ConsumerCall,
    subject::{Call, Opening, Patience, Reply, Request, Returned, Running, program::start_with},
};
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine: whoever waits for it in vain has failed.
pub const IN_VAIN: Duration = Duration::from_secs(20);

/// What every small program begins with. It takes hello and one open; its own part follows.
const POLITE: &str = r#"
say() { printf '%s\n' "$1"; }
hear() { IFS= read -r line; }
hear; hear; say '{"op":"open","client":"shared"}'
"#;

/// The first word to this very binary where it is to do [`leave_running_out_of_the_group`].
pub const OUT_OF_THE_GROUP: &str = "out-of-the-group";

/// Starts a command in a process group of its own, and does not wait for it: `sh` has no word for that.
#[allow(clippy::zombie_processes, reason = "this process ends at once, and init takes the child over")]
pub fn leave_running_out_of_the_group(mut command: impl Iterator<Item = String>) {
    let program = command.next().unwrap();
    Command::new(program).args(command).process_group(0).spawn().unwrap();
}

/// Runs a case on a runtime of its own.
pub fn on_a_runtime(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(case);
}

/// The command that runs this script; `$1` in it is `argument`.
pub fn sh(script: &str, argument: &str) -> Vec<String> {
    ["sh", "-c", script, "sh", argument].map(str::to_owned).to_vec()
}

pub struct Talk {
    pub running: Running,
}

impl Talk {
    /// Starts a program that does this from its very start.
    pub fn with(script: &str) -> Self {
        Self::started(&sh(script, ""), Patience::default())
    }

    /// Starts a program that does this after its client `shared` was opened, and opens that.
    pub async fn after_open(script: &str) -> Self {
        Self::after_open_with(script, "", Patience::default()).await
    }

    /// Like [`Self::after_open`], with `$1` and other limits.
    pub async fn after_open_with(script: &str, argument: &str, patience: Patience) -> Self {
        let mut talk = Self::started(&sh(&format!("{POLITE}{script}"), argument), patience);
        talk.open();
        assert_eq!(talk.next().await, Some(Reply::Opened { client: "shared".to_owned(), error: None }));
        talk
    }

    pub fn started(command: &[String], patience: Patience) -> Self {
        Self { running: start_with(command, patience).unwrap() }
    }

    pub fn ask(&self, request: Request) {
        // A program that is gone cannot be asked: the replies tell.
        drop(self.running.requests.send(request));
    }

    pub fn open(&self) {
        self.open_at(SocketAddr::from(([127, 0, 0, 1], 2379)), None);
    }

    pub fn open_at(&self, address: SocketAddr, credentials: Option<Credentials>) {
        let client = "shared".to_owned();
        self.ask(Request::Open {
            client,
            opening: Opening { credentials, ..Opening::at(Address::Tcp(address)) },
        });
    }

    pub fn call(&self, id: u64, call: Call) {
        self.ask(Request::Call { id, client: "shared".to_owned(), call });
    }

    pub fn dequeue(&self, id: u64) {
        self.dequeue_from(id, "/test");
    }

    pub fn dequeue_from(&self, id: u64, prefix: &str) {
        self.call(
            id,
            Call::Consume {
                call: ConsumerCall::Dequeue,
                consumer: "1".to_owned(),
                prefix: prefix.to_owned(),
            },
        );
    }

    /// A call of a consumer whose name is the id.
    pub fn consume(&self, id: u64, call: ConsumerCall, prefix: &str) {
        self.consume_as(id, call, &id.to_string(), prefix);
    }

    pub fn consume_as(&self, id: u64, call: ConsumerCall, consumer: &str, prefix: &str) {
        let (consumer, prefix) = (consumer.to_owned(), prefix.to_owned());
        self.call(id, Call::Consume { call, consumer, prefix });
    }

    pub fn enqueue(&self, id: u64, prefix: &str, value: &str) {
        self.call(id, Call::Enqueue { prefix: prefix.to_owned(), value: value.to_owned() });
    }

    /// The next reply; none when the subject has ended.
    pub async fn next(&mut self) -> Option<Reply> {
        timeout(IN_VAIN, self.running.replies.recv()).await.expect("no reply for a long time")
    }

    /// The next reply, which must be that the protocol was broken, in these words.
    pub async fn broke(&mut self) -> String {
        let reply = self.next().await;
        let Some(Reply::Broke(words)) = reply else { panic!("expected a breach, got {reply:?}") };
        assert_eq!(self.next().await, None, "something follows a breach");
        words
    }
}

pub fn returned(id: u64, returned: Returned) -> Option<Reply> {
    Some(Reply::Returned { id, returned })
}

pub fn item(id: u64, item: &str) -> Option<Reply> {
    returned(id, Returned::Item { item: item.to_owned(), ack: None })
}
