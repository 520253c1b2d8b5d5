//! A backlog of a million items: how soon the first is there, and how much memory its consumer needs.

use crate::{
    Outcome,
    child::Child,
    drain,
    ground::{Ground, Measured},
};

/// Who takes from it.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// The recipe: one item.
    Recipe,
    /// The queue, in a process of its own: one item, and so many more for its memory.
    Queue { then: usize },
}

/// Takes from the backlog, which is stored when it is first needed.
pub async fn run(ground: &Ground, by: By) -> Outcome<Measured> {
    let prefix = ground.million().await?;
    match by {
        By::Recipe => drain::recipe(ground, prefix, 1, &[]).await,
        By::Queue { then } => {
            let words = ["first", ground.server.endpoint(), prefix, &then.to_string()].map(str::to_owned);
            let mut child = Child::of_self(&words).await?;
            let measured = ground.measure(child.measured()).await?;
            child.end().await?;
            Ok(measured)
        }
    }
}
