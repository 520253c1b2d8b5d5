//! How long a request takes.

use std::time::Duration;

/// How long a request takes before the member hears of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// No longer than it takes.
    #[default]
    Real,
    /// So long on tokio's clock. In paused time a client that asks again and again would otherwise ask for ever in
    /// one instant: time only moves on when everybody waits.
    Virtual(Duration),
}

impl Pace {
    /// One millisecond for each request, the finest that tokio's timer knows.
    pub const VIRTUAL: Self = Self::Virtual(Duration::from_millis(1));

    /// Waits for as long as a request takes. Cancel-safe.
    pub async fn request(self) {
        match self {
            Self::Real => {}
            Self::Virtual(time) => tokio::time::sleep(time).await,
        }
    }
}
