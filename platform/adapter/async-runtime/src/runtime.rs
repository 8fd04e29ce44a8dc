//! The state of an instance, and how events come about.
//!
//! A waitable has an *event* when it has come to its end and the guest was not told. [`Runtime::refresh`] is called
//! whenever that may have changed: it keeps each set's list of members with events, and queues the tasks that wait for
//! the set. [`Runtime::deliver`] tells the guest, which is when copies with native code are decided.
use std::collections::BTreeSet;

use crate::channels::{Channel, Channels, Holder};
use crate::events::{Event, EventCode};
use crate::lists::List;
use crate::table::{Item, Slot, Table};
use crate::tasks::Tasks;
use crate::traps::Checked;
use crate::waitables::{CopyResult, End, EndState, NOT_COPIED, Side, Subtask, SubtaskState};

/// The asynchronous state of one instance.
pub struct Runtime {
    pub(crate) table: Table,
    pub(crate) channels: Channels,
    pub(crate) tasks: Tasks,
    /// The task whose code runs.
    pub(crate) current: Option<u32>,
    /// `context` of code that runs outside of tasks.
    pub(crate) context: [u32; 2],
    pub(crate) backpressure: u32,
    /// Requests that have not begun.
    pub(crate) arrived: u32,
    /// A request goes before the tasks that are ready.
    pub(crate) begin_first: bool,
    /// Deadlines of subtasks that are under way, with their handles.
    pub(crate) timers: BTreeSet<(u64, u32)>,
}

impl Default for Runtime {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime {
    /// An instance without handles and tasks.
    #[must_use]
    pub fn new() -> Self {
        Self {
            table: Table::new(),
            channels: Channels::default(),
            tasks: Tasks::new(),
            current: None,
            context: [0; 2],
            backpressure: 0,
            arrived: 0,
            begin_first: true,
            timers: BTreeSet::new(),
        }
    }

    /// Returns the earliest deadline of a subtask, for how long to sleep at most.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.timers.first().map(|&(deadline, _)| deadline)
    }

    /// Lets the subtasks return whose deadline the clock has reached.
    pub(crate) fn expire(&mut self, now: u64) {
        while let Some(&(deadline, subtask)) = self.timers.first() {
            if deadline > now {
                return;
            }
            self.subtask_resolve(subtask);
        }
    }

    /// Whether the waitable of a slot has an event.
    pub(crate) fn has_event(channels: &Channels, item: &Item) -> bool {
        match item {
            Item::Subtask(subtask) => subtask.state != SubtaskState::Started && !subtask.delivered,
            Item::End(end) => {
                end.state == EndState::Copying && has_result(end, channels.peek(end.channel))
            }
            Item::Set(_) | Item::Free(_) => false,
        }
    }

    /// Looks again whether a waitable has an event.
    pub(crate) fn refresh(&mut self, waitable: u32) {
        let Ok(Slot { item, set, link }) = self.table.slot(waitable) else {
            return;
        };
        let set = *set;
        if set == 0 || link.is_listed() == Self::has_event(&self.channels, item) {
            return;
        }
        let is_ready = !link.is_listed();
        let Ok(members) = self.table.set(set) else {
            return;
        };
        let mut ready = members.ready;
        if is_ready {
            ready.push(&mut self.table, waitable);
        } else {
            ready.remove(&mut self.table, waitable);
        }
        let Ok(members) = self.table.set(set) else {
            return;
        };
        members.ready = ready;
        if is_ready {
            self.wake(set);
        }
    }

    /// Looks again whether the guest's end of a side has an event.
    pub(crate) fn refresh_end(&mut self, channel: u32, side: Side) {
        if let Holder::Guest(end) = self.channels.peek(channel).holder(side) {
            self.refresh(end);
        }
    }

    /// Queues the tasks that wait for a set.
    fn wake(&mut self, set: u32) {
        let Ok(members) = self.table.set(set) else {
            return;
        };
        let mut waiter = members.waiters.first();
        while let Some(task) = waiter {
            waiter = List::after(&mut self.tasks, task);
            self.tasks.queue(task, false);
        }
    }

    /// Takes the event of a member of a set that has had one for longest.
    pub(crate) fn take_event(&mut self, set: u32) -> Checked<Option<Event>> {
        match self.table.set(set)?.ready.first() {
            Some(waitable) => self.deliver(waitable).map(Some),
            None => Ok(None),
        }
    }

    /// Tells the guest the event of a waitable, which has one.
    pub(crate) fn deliver(&mut self, waitable: u32) -> Checked<Event> {
        let event = match &mut self.table.slot(waitable)?.item {
            Item::Subtask(subtask) => {
                subtask.delivered = true;
                Event {
                    code: EventCode::Subtask,
                    handle: waitable,
                    payload: subtask.state as u32,
                }
            }
            Item::End(end) => deliver_copy(waitable, end, self.channels.at(end.channel)),
            Item::Set(_) | Item::Free(_) => Event::NONE,
        };
        self.refresh(waitable);
        Ok(event)
    }

    /// Whether anything but a new request can still wake a task: a subtask that is under way, or a copy that waits for
    /// native code. If not, whoever waits does so for ever. Looks at all handles: to be asked before sleeping.
    #[must_use]
    pub fn can_be_woken(&self) -> bool {
        self.table.items().any(|item| match item {
            Item::Subtask(Subtask { state, .. }) => *state == SubtaskState::Started,
            Item::End(end) => {
                end.open
                    && self.channels.peek(end.channel).holder(end.side.other()) == Holder::Native
            }
            Item::Set(_) | Item::Free(_) => false,
        })
    }
}

/// Whether a copy that is under way has come to its end.
fn has_result(end: &End, channel: &Channel) -> bool {
    end.result.is_some() || end.open && channel.native_elements(end.side) > 0
}

/// Ends the copy of an end, which has come to its end. Elements of native code are decided only now.
fn deliver_copy(handle: u32, end: &mut End, channel: &mut Channel) -> Event {
    let moved = match end.result {
        Some(_) => end.progress,
        None => {
            let moved = channel.native_elements(end.side).min(end.count);
            channel.commit(end.side, moved);
            end.due = if end.size == 0 { 0 } else { moved };
            moved
        }
    };
    let result = end.result.take().unwrap_or(CopyResult::Completed);
    end.open = false;
    let is_over =
        result == CopyResult::Dropped || result == CopyResult::Completed && channel.is_future();
    end.state = if is_over {
        EndState::Done
    } else {
        EndState::Idle
    };
    let payload = if channel.is_future() {
        result as u32
    } else {
        result as u32 | moved << 4
    };
    Event {
        code: event_code(end.side, channel.is_future()),
        handle,
        payload,
    }
}

fn event_code(side: Side, is_future: bool) -> EventCode {
    match (side, is_future) {
        (Side::Readable, false) => EventCode::StreamRead,
        (Side::Writable, false) => EventCode::StreamWrite,
        (Side::Readable, true) => EventCode::FutureRead,
        (Side::Writable, true) => EventCode::FutureWrite,
    }
}

/// Whether the elements of a buffer may be copied by the guest itself.
pub(crate) fn may_be_copied(end: &End) -> bool {
    end.size != NOT_COPIED
}
