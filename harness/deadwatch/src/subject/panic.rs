//! What a panicking task said last, kept from the terminal; for the [`super::host`].

use std::{
    any::Any,
    panic::{self, PanicHookInfo},
    path::Path,
    sync::{Arc, Mutex, Once, PoisonError},
};

use super::Death;

/// A panic that names its own cause and place, for a subject that retells a program in another language. Panic
/// with it by [`std::panic::panic_any`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// What the process dies of, in the original's words.
    pub cause: String,
    /// Where in the original, such as `queue.go:70`.
    pub place: String,
}

tokio::task_local! {
    /// Where a hosted task's panic is noted.
    static NOTE: LastWords;
}

/// Installs, once in a process, a panic hook that notes the panics of hosted tasks and hands all others on to the
/// hook that was there before.
pub(super) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if NOTE.try_with(|note| note.write(info)).is_err() {
                previous(info);
            }
        }));
    });
}

/// Where the latest panic among one host's tasks happened.
#[derive(Clone, Debug, Default)]
pub(super) struct LastWords {
    file: Arc<Mutex<Option<String>>>,
}

impl LastWords {
    /// Runs a task so that its panic is noted here.
    pub(super) async fn of<T>(self, task: impl Future<Output = T>) -> T {
        NOTE.scope(self, task).await
    }

    /// The name of the file alone: a line number would change with every edit, and results are compared with
    /// snapshots.
    fn write(&self, info: &PanicHookInfo<'_>) {
        let file = info.location().and_then(|location| Path::new(location.file()).file_name());
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) =
            file.map(|name| name.to_string_lossy().into_owned());
    }

    /// The death that a panic with this payload means.
    pub(super) fn death(&self, payload: Box<dyn Any + Send>) -> Death {
        let noted = self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (cause, place) = match payload.downcast::<Crash>() {
            Ok(crash) => (crash.cause, Some(crash.place)),
            Err(payload) => (message(&*payload), noted),
        };
        Death { cause, place, exit_code: None }
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_owned()
    }
}
