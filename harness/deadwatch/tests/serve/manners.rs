//! How `deadwatch serve` itself behaves.

use std::{future::Future, net::TcpListener, time::Duration};

use etcd_client::{Client, ConnectOptions, Error};
use libtest_mimic::Trial;
use rustix::process::Signal;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::{
    block_on,
    served::{Served, command},
};

/// A token of 1 s is dead for certain after that: it is looked for each second. Source: etcd v3.5.5
/// server/auth/simple_token.go, `simpleTokenTTLKeeper.run`.
const TOKEN_DEAD_AFTER: Duration = Duration::from_millis(2_300);

/// What needs nothing but the program.
pub fn trials() -> Vec<Trial> {
    vec![
        trial("it_says_where_it_listens_and_as_what_and_nothing_else", line),
        trial("an_interrupt_ends_it_well", || ended_by(Signal::INT)),
        trial("a_termination_ends_it_well", || ended_by(Signal::TERM)),
        trial("an_address_in_use_is_named", address_in_use),
        trial("wrong_usage_is_told_before_anything_is_served", wrong_usage),
        trial("a_token_dies_when_its_time_is_over_and_not_while_it_is_used", token_ttl),
        trial("without_a_password_nobody_has_to_log_in", open_to_all),
        trial("two_can_be_served_at_once", two_at_once),
        trial("no_two_serves_give_the_same_tokens_unless_a_seed_is_given", tokens),
        trial("a_password_is_taken_from_a_file_or_a_variable", passwords),
        trial("whoever_serves_other_machines_is_warned", warned),
        trial("it_ends_when_nobody_reads_its_output", output_gone),
    ]
}

fn trial<F: Future<Output = ()>>(name: &str, test: impl FnOnce() -> F + Send + 'static) -> Trial {
    Trial::ignorable_test(format!("serve::{name}"), move || block_on(test()))
}

async fn line() {
    let served = Served::start(["--as", "3.5.16"]).await;
    let address: std::net::SocketAddr = served.address.parse().unwrap();
    assert!(address.ip().is_loopback() && address.port() != 0, "{address}");
    assert_eq!(served.line, format!("listening on {address} as 3.5.16\n"));
    served.signal(Signal::TERM);
    let (_, rest) = served.ended().await;
    assert_eq!(rest, "");
}

async fn ended_by(signal: Signal) {
    let served = Served::start(["--as", "3.5.5"]).await;
    let mut client = Client::connect([&served.address], None).await.unwrap();
    client.put("a", "1", None).await.unwrap();
    // Neither a watch that waits nor a connection that says nothing holds it up.
    let mut watch = client.watch("a", None).await.unwrap();
    watch.message().await.unwrap();
    let mut silent = TcpStream::connect(&served.address).await.unwrap();
    let address = served.address.clone();
    served.signal(signal);
    let (status, _) = served.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(!matches!(watch.message().await, Ok(Some(_))));
    // The server's settings may have come before the end.
    let mut rest = Vec::new();
    let _ = timeout(TOKEN_DEAD_AFTER, silent.read_to_end(&mut rest)).await.expect("the connection is closed");
    assert!(TcpStream::connect(address).await.is_err());
}

async fn address_in_use() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let output = command(["--listen", &address, "--as", "3.5.5"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(70));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains(&address) && complaint.contains("in use"), "{complaint}");
}

async fn wrong_usage() {
    let wrong: [(&[&str], &str); 10] = [
        (&[], "--as"),
        (&["--as", "3.5"], "3.5.5"),
        (&["--as", "newest"], "newest"),
        (&["--as", "9.9.9"], "lines 3.4 to 3.7"),
        (&["--as", "3.3.27"], "lines 3.4 to 3.7"),
        (&["--as", "3.5.5", "--token-ttl", "5s"], "--root-password"),
        (&["--as", "3.5.5", "--root-password", "root", "--token-ttl", "500ms"], "whole seconds"),
        (&["--as", "3.5.5", "--root-password", "root", "--token-ttl", "0s"], "whole seconds"),
        (&["--as", "3.5.5", "--listen", "somewhere"], "somewhere"),
        (&["--as", "3.5.5", "another"], "another"),
    ];
    for (flags, named) in wrong {
        let output = command(flags).output().await.unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{flags:?}: {complaint}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{flags:?}");
        assert!(complaint.contains(named), "{flags:?}: {complaint}");
    }
}

async fn token_ttl() {
    let served = Served::start(["--as", "3.5.5", "--token-ttl", "1s", "--root-password", "secret"]).await;
    let nobody = Client::connect([&served.address], None).await.unwrap().get("a", None).await;
    assert_eq!(refusal(nobody), "etcdserver: user name is empty");
    let wrong = ConnectOptions::new().with_user("root", "root");
    let wrong = Client::connect([&served.address], Some(wrong)).await;
    assert_eq!(refusal(wrong), "etcdserver: authentication failed, invalid user ID or password");
    let login =
        || Client::connect([&served.address], Some(ConnectOptions::new().with_user("root", "secret")));
    let (mut idle, mut busy) = (login().await.unwrap(), login().await.unwrap());
    idle.get("a", None).await.unwrap();
    let use_on = async {
        loop {
            busy.get("a", None).await.unwrap();
            tokio::time::sleep(TOKEN_DEAD_AFTER / 10).await;
        }
    };
    // Nothing but time shows whether a token lives: to use it is to renew it.
    let _: Result<(), _> = timeout(TOKEN_DEAD_AFTER, use_on).await;
    busy.get("a", None).await.unwrap();
    assert_eq!(refusal(idle.get("a", None).await), "etcdserver: invalid auth token");
    served.stop().await;
}

async fn open_to_all() {
    let served = Served::start(["--as", "3.7.3"]).await;
    let mut client = Client::connect([&served.address], None).await.unwrap();
    client.put("a", "1", None).await.unwrap();
    assert_eq!(client.status().await.unwrap().version(), "3.7.3");
    served.stop().await;
}

async fn two_at_once() {
    let (one, other) = (Served::start(["--as", "3.5.5"]).await, Served::start(["--as", "3.5.5"]).await);
    let mut writer = Client::connect([&one.address], None).await.unwrap();
    writer.put("a", "1", None).await.unwrap();
    let mut reader = Client::connect([&other.address], None).await.unwrap();
    assert_eq!(reader.get("a", None).await.unwrap().count(), 0);
    one.stop().await;
    other.stop().await;
}

/// The text of the first token that root gets.
async fn first_token(flags: &[&str]) -> String {
    let flags = ["--as", "3.5.5", "--root-password", "secret"].iter().chain(flags).copied();
    let served = Served::start(flags).await;
    let mut client = Client::connect([&served.address], None).await.unwrap().auth_client();
    let token = client.authenticate("root".to_owned(), "secret".to_owned()).await.unwrap().token().to_owned();
    served.stop().await;
    token
}

async fn tokens() {
    assert_ne!(first_token(&[]).await, first_token(&[]).await);
    assert_eq!(first_token(&["--seed", "7"]).await, first_token(&["--seed", "7"]).await);
}

async fn passwords() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("password");
    std::fs::write(&file, "from a file\nand no more\n").unwrap();
    let from_file: [&str; 4] = ["--as", "3.5.5", "--root-password-file", file.to_str().unwrap()];
    let variable = Some("from a variable");
    for (flags, variable, password) in [
        (&from_file[..], None, "from a file"),
        (&from_file[..], variable, "from a file"),
        (&from_file[..2], variable, "from a variable"),
    ] {
        let mut command = command(["--listen", "127.0.0.1:0"].into_iter().chain(flags.iter().copied()));
        if let Some(variable) = variable {
            command.env("DEADWATCH_ROOT_PASSWORD", variable);
        }
        let served = Served::by(command).await;
        let login = ConnectOptions::new().with_user("root", password);
        Client::connect([&served.address], Some(login)).await.unwrap().put("a", "1", None).await.unwrap();
        served.stop().await;
    }
    std::fs::write(&file, "\n").unwrap();
    let missing = place.path().join("missing");
    for (flags, named) in [
        (vec!["--root-password-file", file.to_str().unwrap()], "empty"),
        (vec!["--root-password-file", missing.to_str().unwrap()], "missing"),
        (vec!["--root-password-file", "x", "--root-password", "x"], "cannot be used with"),
    ] {
        let output = command(["--as", "3.5.5"].into_iter().chain(flags)).output().await.unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(64) && complaint.contains(named), "{complaint}");
    }
}

async fn warned() {
    for (listen, expected) in [("0.0.0.0:0", true), ("127.0.0.1:0", false), ("[::1]:0", false)] {
        let mut process = command(["--listen", listen, "--as", "3.5.5"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        // Its output's reader is gone: it ends.
        let output = process.wait_with_output().await.unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let warned = told.contains("warning: 0.0.0.0 can be reached from other machines");
        assert_eq!(warned, expected, "{listen}: {told:?}");
    }
}

async fn output_gone() {
    let served = Served::start(["--as", "3.5.5"]).await;
    let address = served.address.clone();
    let status = served.unheard().await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(TcpStream::connect(address).await.is_err());
}

fn refusal<T>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::GRpcStatus(status)) => status.message().to_owned(),
        Err(other) => other.to_string(),
        Ok(_) => panic!("expected a refusal"),
    }
}
