//! The task that waits until the member has something to do, and tells it.

use tokio::time::sleep_until;

use crate::member::Handle;

/// Does what falls due, for as long as the member runs; never returns. One task of this kind a member, ended by
/// dropping it. It wakes up for what there is to do, and not once for what there is not.
pub async fn keep(member: Handle) {
    loop {
        match member.advance() {
            None => member.stirred().await,
            Some(due) => tokio::select! {
                biased;
                () = member.stirred() => {}
                () = sleep_until(due) => {}
            },
        }
    }
}
