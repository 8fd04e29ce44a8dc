//! Waitable sets, and what is moved when an event has been told.
use crate::events::Event;
use crate::runtime::Runtime;
use crate::table::{Item, Slot};
use crate::traps::{Checked, Trap};
use crate::waitables::{SubtaskState, WaitableSet};

impl Runtime {
    /// `waitable-set.new`.
    pub fn set_new(&mut self) -> Checked<u32> {
        self.table.add(Item::Set(WaitableSet::default()))
    }

    /// `waitable-set.drop`.
    pub fn set_drop(&mut self, set: u32) -> Checked<()> {
        let WaitableSet {
            members, waiters, ..
        } = self.table.set(set)?;
        if *members > 0 {
            return Err(Trap("waitable-set.drop: the set has members"));
        }
        if waiters.first().is_some() {
            return Err(Trap("waitable-set.drop: a task waits for the set"));
        }
        self.table.remove(set);
        Ok(())
    }

    /// `waitable.join`; set 0: leave.
    pub fn join(&mut self, waitable: u32, set: u32) -> Checked<()> {
        self.table.waitable(waitable)?;
        if set != 0 {
            self.table.set(set)?;
        }
        self.leave(waitable)?;
        if set != 0 {
            self.table.set(set)?.members += 1;
            self.table.slot(waitable)?.set = set;
            self.refresh(waitable);
        }
        Ok(())
    }

    /// `waitable-set.poll`: an event, or [`Event::NONE`]. `now` as for [`next_event`](Self::next_event).
    pub fn poll(&mut self, set: u32, now: u64) -> Checked<Event> {
        Ok(self.wait_event(set, now)?.unwrap_or(Event::NONE))
    }

    /// `waitable-set.wait`: None means sleep and ask again.
    pub fn wait_event(&mut self, set: u32, now: u64) -> Checked<Option<Event>> {
        self.expire(now);
        self.take_event(set)
    }

    /// `claim`: what is still to be moved for an event that was told. Of a stream or future `kind | address << 32`, of a
    /// subtask that has returned what was noted, `function | address << 32`; 0: nothing.
    pub fn claim(&mut self, waitable: u32) -> Checked<u64> {
        let (what, address) = match &mut self.table.waitable(waitable)?.item {
            Item::End(end) if end.due > 0 => (self.channels.peek(end.channel).kind, end.address),
            Item::Subtask(subtask)
                if subtask.delivered && subtask.state == SubtaskState::Returned =>
            {
                (core::mem::take(&mut subtask.function), subtask.address)
            }
            _ => (0, 0),
        };
        Ok(if what == 0 {
            0
        } else {
            u64::from(what) | u64::from(address) << 32
        })
    }

    /// Whether a subtask or a copy has come to its end, which the guest has not been told: what a synchronous call
    /// waits for. `now` as for [`next_event`](Self::next_event).
    pub fn is_settled(&mut self, waitable: u32, now: u64) -> Checked<bool> {
        self.expire(now);
        let item = &self.table.waitable(waitable)?.item;
        Ok(Self::has_event(&self.channels, item))
    }

    /// Takes a waitable out of the set that it is in, if any.
    pub(crate) fn leave(&mut self, waitable: u32) -> Checked<()> {
        let Slot { set, link, .. } = self.table.waitable(waitable)?;
        let is_ready = link.is_listed();
        let set = core::mem::take(set);
        if set == 0 {
            return Ok(());
        }
        let members = self.table.set(set)?;
        members.members -= 1;
        let mut ready = members.ready;
        if is_ready {
            ready.remove(&mut self.table, waitable);
            self.table.set(set)?.ready = ready;
        }
        Ok(())
    }
}
