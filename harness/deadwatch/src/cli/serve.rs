//! `deadwatch serve`: the embedded etcd on a port, a test double for whoever tests against etcd. It is as open as it is told
//! to be, and no more.

use std::{
    env::{self, VarError},
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use super::{Exit, arguments::Serve, output};
use crate::{
    etcd::{self, Address, EtcdError},
    scenario::EtcdSpec,
};

/// Serves until the process is interrupted or asked to end, or its output is read by nobody; says on stdout where.
pub(super) fn serve(options: &Serve) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::tell(format_args!("deadwatch: could not make a runtime: {error}"));
            return Exit::Internal;
        }
    };
    runtime.block_on(until_ended(options))
}

/// The environment variable that holds the password of root, where no flag says one.
const ROOT_PASSWORD: &str = "DEADWATCH_ROOT_PASSWORD";

async fn until_ended(options: &Serve) -> Exit {
    let (mut interrupt, mut terminate) =
        match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
            (Ok(interrupt), Ok(terminate)) => (interrupt, terminate),
            (Err(error), _) | (_, Err(error)) => {
                output::tell(format_args!("deadwatch: could not listen for signals: {error}"));
                return Exit::Internal;
            }
        };
    let password = match root_password(options) {
        Ok(password) => password,
        Err(wrong) => {
            output::complain(wrong);
            return Exit::Usage;
        }
    };
    if let Some(warning) = warning(options, password.is_some()) {
        output::tell(warning);
    }
    let spec = EtcdSpec { token_ttl: options.token_ttl, ..EtcdSpec::of(options.release) };
    let etcd = match etcd::serve(options.listen, &spec, password, options.seed).await {
        Ok(etcd) => etcd,
        Err(error) => {
            output::tell(format_args!("deadwatch: could not {error}"));
            return match error {
                // It can't be the release that was asked for.
                EtcdError::Missing { .. } => Exit::Usage,
                _ => Exit::Internal,
            };
        }
    };
    if let Address::Tcp(address) = etcd.address() {
        output::print(&format!("listening on {address} as {}\n", options.release));
        tracing::info!("{}", etcd.log());
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = output_gone() => {}
    }
    etcd.stop().await;
    Exit::Success
}

/// The password of root, by the flag, else by the file, else by the variable; none: there is no authentication.
fn root_password(options: &Serve) -> Result<Option<String>, miette::Report> {
    let password = match (&options.root_password, &options.root_password_file) {
        (Some(password), _) => Some(password.clone()),
        (None, Some(file)) => Some(first_line(file)?),
        (None, None) => match env::var(ROOT_PASSWORD) {
            Ok(password) => Some(password),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => {
                return Err(miette::miette!("could not read {ROOT_PASSWORD}: expected UTF-8"));
            }
        },
    };
    match password {
        Some(password) if password.is_empty() => Err(miette::miette!(
            help = "leave it out, to serve without authentication",
            "the root password is empty"
        )),
        None if options.token_ttl.is_some() => Err(miette::miette!(
            help = "give one with --root-password, --root-password-file or {ROOT_PASSWORD}",
            "--token-ttl needs a root password: without authentication there are no tokens"
        )),
        password => Ok(password),
    }
}

fn first_line(file: &Path) -> Result<String, miette::Report> {
    let unread = |error: io::Error| {
        miette::miette!(
            help = "expected a file whose first line is the password",
            "could not read the file {} for --root-password-file: {error}",
            file.display()
        )
    };
    let mut line = String::new();
    // No more of it is read than a line can have, whatever it is.
    let file = BufReader::new(File::open(file).map_err(unread)?).take(LONGEST_PASSWORD);
    BufReader::new(file).read_line(&mut line).map_err(unread)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Bytes.
const LONGEST_PASSWORD: u64 = 4096;

/// What somebody should know who is about to serve others than this machine.
fn warning(options: &Serve, has_password: bool) -> Option<String> {
    let ip = options.listen.ip();
    let who = if has_password { "without TLS" } else { "without a password or TLS" };
    (!ip.is_loopback()).then(|| {
        format!(
            "warning: {ip} can be reached from other machines, and this is served {who}; it is a test double, and \
             127.0.0.1 keeps it to this one"
        )
    })
}

/// Waits until nobody can read what is printed any more: whoever started this is gone.
async fn output_gone() {
    let (tell, told) = oneshot::channel();
    // It waits in the system, which only a thread of its own can do; it ends with the process.
    let waiting = thread::Builder::new().name("stdout".to_owned()).spawn(move || {
        let stdout = io::stdout();
        // Nothing is asked for: errors and hang-ups are told all the same.
        let mut waited = [PollFd::new(&stdout, PollFlags::empty())];
        while matches!(poll(&mut waited, None), Ok(_) | Err(Errno::INTR)) && waited[0].revents().is_empty() {}
        let _ = tell.send(());
    });
    match waiting {
        Ok(_) => drop(told.await),
        Err(_) => std::future::pending().await,
    }
}
