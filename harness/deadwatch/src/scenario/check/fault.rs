//! Steps that hurt the server or the network.

use std::time::Duration;

use super::{Check, value::size};
use crate::scenario::{
    BlackHole, Data, Delay, Ending, HoldRequests, Instead, LoseReplies, ProblemKind, Reach, Restart,
    file::{
        BlackHoleTable, DelayTable, DurationText, HoldRequestsTable, LoseRepliesTable, RestartTable, TextOr,
    },
    placed::Placed,
    spell_duration,
};

impl Check {
    /// A restart at this time; the server is up again before the run ends.
    pub(super) fn restart(
        &mut self,
        at: Duration,
        written: &Placed<TextOr<Ending, RestartTable>>,
    ) -> Restart {
        let RestartTable { how, down, data } = match written.get() {
            TextOr::Text(ending) => {
                return Restart { ending: *ending, down: Duration::ZERO, data: Data::Kept };
            }
            TextOr::Table(table) => table,
        };
        let data = data.as_ref().map_or(Data::Kept, |data| *data.get());
        let mut restart = Restart { ending: *how.get(), down: Duration::ZERO, data };
        if let Some(text) = down {
            restart.down = self.duration("down", text).unwrap_or_default();
            // A step past the end is a problem of its own.
            let left = self.length.and_then(|length| length.checked_sub(at)).filter(|left| !left.is_zero());
            if let Some(left) = left
                && restart.down >= left
            {
                let (left, length_span) = (spell_duration(left), self.length_span.clone());
                self.wrong(text.span(), ProblemKind::DownPastTheEnd { left, length_span });
            }
        }
        restart
    }

    /// A black hole.
    pub(super) fn black_hole(&mut self, written: &Placed<TextOr<DurationText, BlackHoleTable>>) -> BlackHole {
        match written.get() {
            TextOr::Text(length) => BlackHole {
                reach: Reach::All,
                length: self.some_time_in("black-hole", length, written.span()),
            },
            TextOr::Table(BlackHoleTable { r#for: length, client }) => {
                BlackHole { reach: self.reach(client.as_ref()), length: self.some_time("for", length) }
            }
        }
    }

    /// Replies to be lost.
    pub(super) fn lose_replies(&mut self, table: &LoseRepliesTable) -> LoseReplies {
        let LoseRepliesTable { method, count, client, hang } = table;
        LoseReplies {
            reach: self.reach(client.as_ref()),
            method: *method.get(),
            count: count.as_ref().map_or(1, size),
            instead: match hang.as_ref().map(Placed::get) {
                Some(true) => Instead::Hang,
                Some(false) | None => Instead::Close,
            },
        }
    }

    /// Requests to be held back.
    pub(super) fn hold_requests(&mut self, table: &HoldRequestsTable) -> HoldRequests {
        let HoldRequestsTable { method, count, client } = table;
        HoldRequests {
            reach: self.reach(client.as_ref()),
            method: *method.get(),
            count: count.as_ref().map_or(1, size),
        }
    }

    /// A slow network.
    pub(super) fn delay(&mut self, DelayTable { by, r#for: length, client }: &DelayTable) -> Delay {
        Delay {
            reach: self.reach(client.as_ref()),
            by: self.some_time("by", by),
            length: self.some_time("for", length),
        }
    }
}
