//! `deadwatch serve`: the embedded etcd on a port, a test double for whoever tests against etcd.

use tokio::signal::unix::{SignalKind, signal};

use super::{Exit, arguments::Serve, output};
use crate::{
    etcd::{self, Address, EtcdError},
    scenario::EtcdSpec,
};

/// Serves until the process is interrupted or asked to end; says on stdout where.
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

async fn until_ended(options: &Serve) -> Exit {
    let (mut interrupt, mut terminate) =
        match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
            (Ok(interrupt), Ok(terminate)) => (interrupt, terminate),
            (Err(error), _) | (_, Err(error)) => {
                output::tell(format_args!("deadwatch: could not listen for signals: {error}"));
                return Exit::Internal;
            }
        };
    let spec = EtcdSpec { token_ttl: options.token_ttl, ..EtcdSpec::of(options.release) };
    let served = etcd::serve(options.listen, &spec, options.root_password.clone(), options.seed).await;
    let etcd = match served {
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
    }
    etcd.stop().await;
    Exit::Success
}
