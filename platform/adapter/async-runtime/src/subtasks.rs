//! Subtasks: calls of asynchronous imports that are under way.
use crate::events::Cancellation;
use crate::runtime::Runtime;
use crate::table::Item;
use crate::traps::{Checked, Trap};
use crate::waitables::{Subtask, SubtaskState};

impl Runtime {
    /// Makes a subtask that has started. With a deadline it returns by itself when the clock reaches it.
    pub fn subtask_new(&mut self, deadline: Option<u64>) -> Checked<u32> {
        let handle = self.table.add(Item::Subtask(Subtask {
            state: SubtaskState::Started,
            delivered: false,
            cancellation_requested: false,
            deadline,
            function: 0,
            address: 0,
        }))?;
        if let Some(deadline) = deadline {
            self.timers.insert((deadline, handle));
        }
        Ok(handle)
    }

    /// `subtask-note`: what [`claim`](Self::claim) answers when it has returned; `function` is 1 or more.
    pub fn subtask_note(&mut self, subtask: u32, function: u32, address: u32) -> Checked<()> {
        let subtask = self.table.subtask(subtask)?;
        if function == 0 || subtask.function != 0 || subtask.delivered {
            return Err(Trap(
                "subtask-note: once for each subtask, before it returns, of function 1 or more",
            ));
        }
        subtask.function = function;
        subtask.address = address;
        Ok(())
    }

    /// Says that a subtask has returned. Nothing happens if the handle is no subtask that is under way.
    pub fn subtask_resolve(&mut self, subtask: u32) {
        self.end_subtask(subtask, SubtaskState::Returned);
    }

    /// Says that a subtask was cancelled. Nothing happens unless that was asked for and it is under way.
    pub fn subtask_cancelled(&mut self, subtask: u32) {
        if self.subtask_is_cancelled(subtask) {
            self.end_subtask(subtask, SubtaskState::Cancelled);
        }
    }

    /// Whether the guest has asked for a subtask's cancellation and it is still under way.
    #[must_use]
    pub fn subtask_is_cancelled(&self, subtask: u32) -> bool {
        matches!(
            self.table.peek(subtask),
            Some(Item::Subtask(Subtask {
                state: SubtaskState::Started,
                cancellation_requested: true,
                ..
            }))
        )
    }

    /// `subtask.cancel`. What has a deadline is cancelled at once. Where the answer is [`Cancellation::Requested`]
    /// native code ends the subtask if it can ([`subtask_cancelled`](Self::subtask_cancelled), or
    /// [`subtask_resolve`](Self::subtask_resolve)); then [`subtask_outcome`](Self::subtask_outcome) is the answer. If
    /// that is none: `BLOCKED`, or for the synchronous form sleep and ask again.
    pub fn subtask_cancel(&mut self, handle: u32) -> Checked<Cancellation> {
        let is_in_set = self.table.is_in_set(handle);
        let subtask = self.table.subtask(handle)?;
        if subtask.delivered {
            return Err(Trap(
                "subtask.cancel: the subtask has ended, and the caller knows",
            ));
        }
        if subtask.cancellation_requested {
            return Err(Trap("subtask.cancel: cancelled twice"));
        }
        if is_in_set {
            return Err(Trap("subtask.cancel: the subtask is in a waitable set"));
        }
        if subtask.state == SubtaskState::Started {
            subtask.cancellation_requested = true;
            if subtask.deadline.is_some() {
                self.end_subtask(handle, SubtaskState::Cancelled);
            }
        }
        Ok(self
            .take_outcome(handle)?
            .map_or(Cancellation::Requested, Cancellation::Resolved))
    }

    /// Takes the state of a subtask that has ended (2 returned, 4 cancelled), which the guest knows from now on; None:
    /// it is under way. The answer of `subtask.cancel`, and what a synchronous call waits for. `now` as for
    /// [`next_event`](Self::next_event).
    pub fn subtask_outcome(&mut self, subtask: u32, now: u64) -> Checked<Option<u32>> {
        self.expire(now);
        if self.table.subtask(subtask)?.delivered {
            return Err(Trap("the subtask has ended, and the caller knows"));
        }
        self.take_outcome(subtask)
    }

    /// `subtask.drop`.
    pub fn subtask_drop(&mut self, subtask: u32) -> Checked<()> {
        if !self.table.subtask(subtask)?.delivered {
            return Err(Trap(
                "subtask.drop: the subtask is under way, or the caller was not told how it ended",
            ));
        }
        self.leave(subtask)?;
        self.table.remove(subtask);
        Ok(())
    }

    fn end_subtask(&mut self, handle: u32, state: SubtaskState) {
        let Ok(subtask) = self.table.subtask(handle) else {
            return;
        };
        if subtask.state != SubtaskState::Started {
            return;
        }
        subtask.state = state;
        if let Some(deadline) = subtask.deadline {
            self.timers.remove(&(deadline, handle));
        }
        self.refresh(handle);
    }

    fn take_outcome(&mut self, handle: u32) -> Checked<Option<u32>> {
        if self.table.subtask(handle)?.state == SubtaskState::Started {
            return Ok(None);
        }
        Ok(Some(self.deliver(handle)?.payload))
    }
}
