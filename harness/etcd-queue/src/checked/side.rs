//! One queue of the model: what it has under way, and what it makes of an answer. The glue of the crate's two tasks,
//! retold; every transaction and every decision about an answer is the crate's own function.

use crate::cache::Key;
use crate::protocol::claim::{Claim, Fate, Lane, Step};
use crate::protocol::closing::{self, Parting};
use crate::protocol::layout::Layout;
use crate::protocol::session::{Opened, Opening, SessionId};
use crate::protocol::slot::{Doubt, Slot};
use crate::protocol::storing::{self, Pair};
use crate::protocol::txn::{Answer, Txn};

use super::promises::Told;

/// A number that stands for an item's value.
pub(crate) type Value = u8;

/// An item that was claimed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Taken {
    pub(crate) value: Value,
    pub(crate) key: Key,
    pub(crate) fate: Fate,
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    Open(Opening),
    Enqueue {
        value: Value,
        pairs: Vec<Pair>,
        /// etcd said that it is full: if nothing was stored, the caller is told so.
        is_refused: bool,
    },
    Claim {
        claim: Claim,
        values: Vec<Value>,
    },
    PutBack {
        item: Taken,
        pairs: Vec<Pair>,
        is_refused: bool,
    },
}

/// What is asked of etcd about it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    Work,
    Settle,
    SettleWhenFull,
    Inquire,
    Search,
}

/// Something under way: always one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) lane: Lane,
    pub(crate) ask: Ask,
}

/// What comes of a request.
pub(crate) enum Reply {
    Answer(Answer),
    /// Database space exceeded.
    Full,
    /// It was refused, and not carried out.
    Refused,
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Open,
    /// It takes no calls any more. What is not settled at the first attempt is given up.
    Closing,
    /// Its session has ended, and what is left is looked for.
    Parting,
    Closed,
}

/// What a queue is called, and where its records lie.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// What its items' keys begin with.
    items: Vec<u8>,
    pub(crate) layout: Layout,
}

impl Names {
    pub(crate) fn of(queue: &str) -> Self {
        Self { items: format!("{queue}/").into_bytes(), layout: Layout::of(queue) }
    }

    pub(crate) fn item(&self, number: u8) -> Key {
        [self.items.as_slice(), &[b'0' + number]].concat().into()
    }

    pub(crate) fn owns(&self, key: &[u8]) -> bool {
        key.strip_prefix(self.items.as_slice()).is_some_and(|name| name.len() == 1)
    }
}

/// A key that comes after all of the items' own: each item goes back under a new one.
fn later(key: &Key) -> Key {
    let mut key = key.to_vec();
    if let Some(last) = key.last_mut() {
        *last += 4;
    }
    key.into()
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Side {
    pub(crate) stage: Stage,
    pub(crate) session: Option<Opening>,
    pub(crate) free: Vec<Slot>,
    pub(crate) jobs: Vec<Job>,
    /// How many calls may still be made.
    pub(crate) turns: u8,
    /// How many sessions may still be begun.
    pub(crate) openings: u8,
    /// An enqueue whose slot went before it was stored.
    pub(crate) pending: Option<(Value, Vec<Pair>)>,
    /// It has been told that etcd is full.
    pub(crate) is_full: bool,
    /// Claims that could not be settled and items that may have been put back, when it closes.
    pub(crate) unsettled: Vec<Job>,
    /// Something was given up in doubt, and may still be carried out.
    pub(crate) has_doubts: bool,
    pub(crate) taken: Vec<Taken>,
}

impl Job {
    pub(crate) fn txn(&self, layout: &Layout) -> Txn {
        match (self.ask, &self.work, &self.lane) {
            (Ask::Work, Work::Open(opening), _) => opening.txn(layout),
            (Ask::Work, Work::Claim { claim, .. }, lane) => claim.txn(lane),
            (Ask::Work, Work::Enqueue { pairs, .. } | Work::PutBack { pairs, .. }, lane) => {
                storing::txn(pairs, lane)
            }
            (Ask::Search, Work::Claim { claim, .. }, _) => claim.search(),
            (Ask::Search, Work::Enqueue { pairs, .. } | Work::PutBack { pairs, .. }, _) => {
                storing::search(pairs)
            }
            (Ask::Settle, _, Lane::Slot(slot)) => slot.settling(),
            (Ask::SettleWhenFull, _, Lane::Slot(slot)) => slot.settling_when_full(),
            (Ask::Inquire, _, Lane::Slot(slot)) => slot.inquiry(),
            (ask, work, lane) => panic!("nothing to ask: {ask:?} {work:?} {lane:?}"),
        }
    }

    fn asks(self, ask: Ask) -> Self {
        Self { ask, ..self }
    }
}

impl Side {
    pub(crate) fn new(turns: u8, openings: u8) -> Self {
        Self {
            stage: Stage::Open,
            session: None,
            free: Vec::new(),
            jobs: Vec::new(),
            turns,
            openings,
            pending: None,
            is_full: false,
            unsettled: Vec::new(),
            has_doubts: false,
            taken: Vec::new(),
        }
    }

    /// Takes a reply in. The job was taken out of `jobs`.
    pub(crate) fn heard(&mut self, names: &Names, job: Job, reply: Reply, told: &mut Told) {
        if matches!(reply, Reply::Full) {
            self.is_full = true;
        }
        let is_asked_again = job.ask != Ask::Work || matches!(job.lane, Lane::Bare { .. });
        let is_worth_it =
            self.stage != Stage::Closing || matches!(job.work, Work::Open(_) | Work::Enqueue { .. });
        if matches!(reply, Reply::Lost) && is_asked_again && !is_worth_it {
            return self.unsettled.push(job);
        }
        if self.stage == Stage::Parting && job.ask == Ask::Search {
            return self.parted(job, reply, told);
        }
        match &job.work {
            Work::Open(opening) => {
                let opening = opening.clone();
                self.heard_of_opening(names, opening, reply);
            }
            Work::Claim { .. } => self.heard_of_claim(names, job, reply),
            Work::Enqueue { .. } | Work::PutBack { .. } => self.heard_of_storing(names, job, reply, told),
        }
    }

    fn heard_of_opening(&mut self, names: &Names, opening: Opening, reply: Reply) {
        // Whatever else it is, a fresh id is taken next time.
        let Reply::Answer(answer) = reply else { return };
        match opening.read(&names.layout, &answer) {
            Some(Opened::Begun(slots)) => {
                self.free = slots;
                self.session = Some(opening);
            }
            Some(Opened::IdInUse) | None => {}
            Some(Opened::LaterLayout(_)) => panic!("there is only one layout"),
        }
    }

    fn heard_of_claim(&mut self, names: &Names, mut job: Job, reply: Reply) {
        let sent = job.txn(&names.layout);
        let Work::Claim { claim, .. } = &mut job.work else { return };
        let next = match (job.ask, reply, &mut job.lane) {
            (Ask::Work, Reply::Answer(answer), lane) => match claim.answered(lane, &answer) {
                Step::Done(fates) => Ok(fates),
                Step::Again => Err(Ask::Work),
                Step::Doubt(_) => Err(Ask::Settle),
            },
            (Ask::Work, Reply::Full, _) => match Doubt::of_full() {
                Some(Doubt::ReplyDoesNotTell) => Err(Ask::Inquire),
                Some(Doubt::ReplyLost) => Err(Ask::Settle),
                None => Ok(claim.all(Fate::Left)),
            },
            (_, Reply::Refused, _) => Ok(claim.all(Fate::Left)),
            (Ask::Work, Reply::Lost, Lane::Slot(_)) => Err(Ask::Settle),
            (_, Reply::Lost, Lane::Bare { reply_lost }) => {
                *reply_lost = true;
                Err(Ask::Work)
            }
            (ask, Reply::Lost, _) => Err(ask),
            (Ask::Search, Reply::Answer(answer), _) => claim.searched(&answer).ok_or(Ask::Search),
            (ask, Reply::Answer(answer), Lane::Slot(slot)) => match slot.settled(&sent, &answer) {
                Some(settled) => claim.settled(&settled).ok_or(Ask::Search),
                None => Err(ask),
            },
            (_, Reply::Full, _) => Err(Ask::SettleWhenFull),
            (ask, _, lane) => panic!("no such answer: {ask:?} {lane:?}"),
        };
        match next {
            Ok(fates) => self.claimed(job, fates),
            Err(ask) => self.jobs.push(job.asks(ask)),
        }
    }

    fn claimed(&mut self, job: Job, fates: Vec<Fate>) {
        let Work::Claim { claim, values } = job.work else { return };
        for (((_, key), value), fate) in claim.places.into_iter().zip(values).zip(fates) {
            match fate {
                Fate::Ours | Fate::Presumed => self.taken.push(Taken { value, key, fate }),
                Fate::Left | Fate::Lost => {}
            }
        }
        self.give_back(job.lane);
    }

    fn heard_of_storing(&mut self, names: &Names, mut job: Job, reply: Reply, told: &mut Told) {
        let sent = job.txn(&names.layout);
        let (Work::Enqueue { pairs, is_refused, .. } | Work::PutBack { pairs, is_refused, .. }) =
            &mut job.work
        else {
            return;
        };
        let next = match (job.ask, reply, &mut job.lane) {
            (Ask::Work, Reply::Answer(answer), lane) => match storing::answered(lane, &answer) {
                Step::Done(storing::Stored::All) => Ok(Stored::Yes),
                Step::Done(storing::Stored::KeyInUse) => {
                    pairs.iter_mut().for_each(|(key, _)| *key = later(key));
                    Err(Ask::Work)
                }
                Step::Done(storing::Stored::SlotGone) => Ok(Stored::ByAnotherLane),
                Step::Again => Err(Ask::Work),
                Step::Doubt(_) => Err(Ask::Settle),
            },
            (Ask::Work, Reply::Full, lane) => match (Doubt::of_full(), lane) {
                (None, _) => Ok(Stored::No),
                (Some(_), Lane::Bare { .. }) => Err(Ask::Search),
                (Some(Doubt::ReplyLost), Lane::Slot(_)) => Err(Ask::Settle),
                (Some(Doubt::ReplyDoesNotTell), Lane::Slot(_)) => {
                    *is_refused = true;
                    Err(Ask::Inquire)
                }
            },
            (_, Reply::Refused, _) => Ok(Stored::No),
            (Ask::Work, Reply::Lost, Lane::Slot(_)) => Err(Ask::Settle),
            (Ask::Work, Reply::Lost, Lane::Bare { .. }) => Err(Ask::Search),
            (ask, Reply::Lost, _) => Err(ask),
            (Ask::Search, Reply::Answer(answer), _) => match storing::searched(pairs, &answer) {
                storing::Fate::Stored => Ok(Stored::Yes),
                storing::Fate::Void => Err(Ask::Work),
                storing::Fate::Unknown => Ok(Stored::Unknown),
            },
            (ask, Reply::Answer(answer), Lane::Slot(slot)) => match slot.settled(&sent, &answer) {
                None => Err(ask),
                Some(settled) => match storing::settled(&settled) {
                    None => Err(Ask::Search),
                    Some(storing::Fate::Stored) => Ok(Stored::Yes),
                    Some(storing::Fate::Unknown) => Ok(Stored::Unknown),
                    Some(storing::Fate::Void) if *is_refused => Ok(Stored::No),
                    Some(storing::Fate::Void) if slot.is_gone() => Ok(Stored::ByAnotherLane),
                    Some(storing::Fate::Void) => Err(Ask::Work),
                },
            },
            (_, Reply::Full, _) => Err(Ask::SettleWhenFull),
            (ask, _, lane) => panic!("no such answer: {ask:?} {lane:?}"),
        };
        match next {
            Err(ask) => self.jobs.push(job.asks(ask)),
            // It may be there all the same, or come to be.
            Ok(Stored::Unknown) if matches!(job.work, Work::PutBack { .. }) => self.unsettled.push(job),
            Ok(stored) => self.stored(job, stored, told),
        }
    }

    fn stored(&mut self, job: Job, stored: Stored, told: &mut Told) {
        self.give_back(job.lane);
        match (job.work, stored) {
            (Work::Enqueue { value, .. }, Stored::Yes) => told.enqueued(value),
            (Work::Enqueue { value, .. }, Stored::No) => told.refused(value),
            (Work::Enqueue { value, .. }, Stored::Unknown) => told.unsettled(value),
            (Work::Enqueue { value, pairs, .. }, Stored::ByAnotherLane) => {
                self.pending = Some((value, pairs))
            }
            (Work::PutBack { .. }, Stored::Yes) => {}
            (Work::PutBack { item, .. }, Stored::No) => told.left_over(&item, item.fate),
            (Work::PutBack { item, pairs, .. }, Stored::ByAnotherLane) => self.jobs.push(Job {
                work: Work::PutBack { item, pairs, is_refused: false },
                lane: Lane::Bare { reply_lost: false },
                ask: Ask::Work,
            }),
            (Work::PutBack { .. }, Stored::Unknown) => {}
            (Work::Open(_) | Work::Claim { .. }, _) => {}
        }
    }

    /// The session has ended, for certain or not.
    pub(crate) fn ended(&mut self, session: Option<SessionId>, told: &mut Told) {
        for job in std::mem::take(&mut self.unsettled) {
            match &job.lane {
                Lane::Slot(slot) if Some(slot.session()) == session => self.jobs.push(job.asks(Ask::Search)),
                Lane::Slot(_) | Lane::Bare { .. } => {
                    self.has_doubts = true;
                    self.parted(job, Reply::Lost, told);
                }
            }
        }
        self.stage = Stage::Parting;
        self.is_parted(told);
    }

    /// Closes for good, once nothing is looked for any more.
    fn is_parted(&mut self, told: &mut Told) {
        if self.stage != Stage::Parting || !self.jobs.is_empty() {
            return;
        }
        self.stage = Stage::Closed;
        for job in std::mem::take(&mut self.unsettled) {
            self.has_doubts = true;
            self.parted(job, Reply::Lost, told);
        }
    }

    /// Looks at what is left of something that can't be carried out any more.
    fn parted(&mut self, job: Job, reply: Reply, told: &mut Told) {
        match (job.work, reply) {
            (Work::Claim { claim, values }, reply) => {
                let fates = match reply {
                    Reply::Answer(answer) => claim.searched(&answer),
                    Reply::Full | Reply::Refused | Reply::Lost => None,
                };
                let fates = fates.unwrap_or_else(|| claim.all(Fate::Presumed));
                for (((_, key), value), fate) in claim.places.into_iter().zip(values).zip(fates) {
                    let item = Taken { value, key, fate };
                    match closing::part(fate) {
                        Parting::HandOut => told.left_over(&item, fate),
                        Parting::Forget => {}
                        Parting::PutBack => self.put_back(item, told),
                    }
                }
            }
            (Work::PutBack { item, pairs, .. }, reply) => {
                let is_there = match reply {
                    Reply::Answer(answer) => storing::searched(&pairs, &answer) == storing::Fate::Stored,
                    Reply::Full | Reply::Refused | Reply::Lost => false,
                };
                if !is_there {
                    told.left_over(&item, Fate::Presumed);
                }
            }
            (Work::Open(_) | Work::Enqueue { .. }, _) => {}
        }
    }

    fn give_back(&mut self, lane: Lane) {
        let Lane::Slot(slot) = lane else { return };
        let is_of_this_session = self.session.as_ref().is_some_and(|session| session.id == slot.session());
        if !is_of_this_session {
            return;
        }
        if slot.is_gone() {
            self.session = None;
            self.free.clear();
        } else {
            self.free.push(slot);
        }
    }

    /// A lane for one transaction.
    pub(crate) fn lane(&mut self) -> Option<Lane> {
        let mut slot = self.free.pop()?;
        slot.begin();
        Some(Lane::Slot(slot))
    }

    /// Goes on with the end, once nothing is under way any more: puts back what is to be put back, one after another.
    /// Says whether only the session is left to be ended.
    pub(crate) fn part(&mut self, told: &mut Told) -> bool {
        self.is_parted(told);
        if self.stage != Stage::Closing {
            return false;
        }
        while self.jobs.is_empty() {
            let Some(item) = self.taken.pop() else { return true };
            match closing::part(item.fate) {
                Parting::HandOut => told.left_over(&item, item.fate),
                Parting::Forget => {}
                Parting::PutBack => self.put_back(item, told),
            }
        }
        false
    }

    fn put_back(&mut self, item: Taken, told: &mut Told) {
        told.puts_back(&item);
        let pairs = vec![(later(&item.key), vec![item.value])];
        let lane = self.lane().unwrap_or(Lane::Bare { reply_lost: false });
        self.jobs.push(Job { work: Work::PutBack { item, pairs, is_refused: false }, lane, ask: Ask::Work });
    }
}

/// What a storing came to.
enum Stored {
    Yes,
    No,
    ByAnotherLane,
    Unknown,
}
