//! A caller's turn. What was claimed for it may arrive between its last look at the answer and its going:
//! then it is sent back, and the actor sees it before any later want.

use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::lease::actor::Command;
use crate::lease::delivery::{Claimed, Delivery};
use crate::lease::wants::Want;

pub(crate) struct Turn {
    answer: Option<oneshot::Receiver<Result<Vec<Claimed>, Error>>>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Turn {
    pub(crate) fn wanting(count: usize, commands: &mpsc::UnboundedSender<Command>) -> Result<Self, Error> {
        let (reply, answer) = oneshot::channel();
        let turn = Self { answer: Some(answer), commands: commands.clone() };
        commands.send(Command::Next(Want { count, reply })).map_err(|_| Error::Closed)?;
        Ok(turn)
    }

    pub(crate) async fn answer(&mut self) -> Result<Vec<Delivery>, Error> {
        let Some(answer) = &mut self.answer else { return Err(Error::Closed) };
        let claimed = answer.await;
        self.answer = None;
        let deliver = |claimed| Delivery::new(claimed, self.commands.clone());
        Ok(claimed.unwrap_or(Err(Error::Closed))?.into_iter().map(deliver).collect())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut answer) = self.answer.take() else { return };
        answer.close();
        let _ = match answer.try_recv() {
            Ok(Ok(claimed)) => self.commands.send(Command::Return(claimed)),
            _ => self.commands.send(Command::Gone),
        };
    }
}
