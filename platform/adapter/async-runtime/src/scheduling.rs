//! Tasks, and which of them goes on.
use crate::events::{Event, EventCode, Next};
use crate::runtime::Runtime;
use crate::tasks::{Activity, MAX_TASKS, Task, TaskId, TaskState};
use crate::traps::{Checked, Trap};

/// What `backpressure.inc` may not reach.
const MAX_BACKPRESSURE: u32 = 1 << 16;
const NO_TASK: Trap = Trap("no task runs");

impl Runtime {
    /// `context.get` of the current task. Code that runs outside of tasks (a start function) has two slots as well.
    pub fn context_get(&self, slot: u32) -> Checked<u32> {
        let context = self
            .current
            .map_or(&self.context, |task| &self.tasks.peek(task).context);
        context
            .get(slot as usize)
            .copied()
            .ok_or(Trap("context.get: there are slots 0 and 1"))
    }

    /// `context.set`.
    pub fn context_set(&mut self, slot: u32, value: u32) -> Checked<()> {
        let context = match self.current {
            Some(task) => &mut self.tasks.at(task).context,
            None => &mut self.context,
        };
        *context
            .get_mut(slot as usize)
            .ok_or(Trap("context.set: there are slots 0 and 1"))? = value;
        Ok(())
    }

    /// `backpressure.inc`.
    pub fn backpressure_inc(&mut self) -> Checked<()> {
        self.backpressure += 1;
        if self.backpressure == MAX_BACKPRESSURE {
            return Err(Trap("backpressure.inc: more than 65,535"));
        }
        Ok(())
    }

    /// `backpressure.dec`.
    pub fn backpressure_dec(&mut self) -> Checked<()> {
        self.backpressure = self
            .backpressure
            .checked_sub(1)
            .ok_or(Trap("backpressure.dec: without backpressure.inc"))?;
        Ok(())
    }

    /// Says how many requests have arrived that have not begun; [`Next::Begin`] is answered only while there are some.
    pub fn set_arrived(&mut self, requests: u32) {
        self.arrived = requests;
    }

    /// Begins a task, which is the current one from now on, and counts one of the requests that have arrived as begun.
    pub fn task_begin(&mut self) -> Checked<TaskId> {
        if self.current.is_some() {
            return Err(Trap("a task cannot begin while another runs"));
        }
        let task = self.tasks.add()?;
        self.arrived = self.arrived.saturating_sub(1);
        self.current = Some(task);
        Ok(self.tasks.id(task))
    }

    /// Returns the task whose code runs now.
    #[must_use]
    pub fn current(&self) -> Option<TaskId> {
        self.current.map(|task| self.tasks.id(task))
    }

    /// `task.return` of the current task: once.
    pub fn task_return(&mut self) -> Checked<()> {
        let task = self.current_task()?;
        if task.state == TaskState::Resolved {
            return Err(Trap("task.return: the task has returned or was cancelled"));
        }
        task.state = TaskState::Resolved;
        Ok(())
    }

    /// `task.cancel` of the current task, which has got the event that it was cancelled.
    pub fn task_cancel(&mut self) -> Checked<()> {
        let task = self.current_task()?;
        if task.state != TaskState::CancelDelivered {
            return Err(Trap(
                "task.cancel: the task was not told that it is cancelled",
            ));
        }
        task.state = TaskState::Resolved;
        Ok(())
    }

    /// Asks a task to end, which it is told the next time that it waits or yields. False if it was asked before, has
    /// returned, or is over.
    pub fn request_cancel(&mut self, task: TaskId) -> bool {
        if self
            .tasks
            .named(task)
            .is_none_or(|task| task.state != TaskState::Started)
        {
            return false;
        }
        let Task {
            state, activity, ..
        } = self.tasks.at(task.index);
        *state = TaskState::CancelPending;
        if *activity != Activity::Running {
            self.tasks.queue(task.index, false);
        }
        true
    }

    /// Whether a task has returned or was cancelled (`task.return`, `task.cancel`); it may go on running.
    #[must_use]
    pub fn task_is_resolved(&self, task: TaskId) -> bool {
        self.tasks
            .named(task)
            .is_none_or(|task| task.state == TaskState::Resolved)
    }

    /// Whether a task has exited.
    #[must_use]
    pub fn task_is_over(&self, task: TaskId) -> bool {
        self.tasks.named(task).is_none()
    }

    /// Notes what the current task's start or callback has returned: 0 exit, 1 yield, 2 wait `| set << 4`. No task is
    /// current afterwards.
    pub fn suspend(&mut self, code: u32) -> Checked<()> {
        let task = self.current.ok_or(NO_TASK)?;
        let is_cancelled = self.tasks.at(task).state == TaskState::CancelPending;
        match code & 0xf {
            0 if self.tasks.at(task).state != TaskState::Resolved => {
                return Err(Trap(
                    "a task exits that has not called task.return or task.cancel",
                ));
            }
            0 => self.tasks.remove(task),
            1 | 2 if is_cancelled => {
                self.tasks.at(task).activity = Activity::Yielding;
                self.tasks.queue(task, true);
            }
            1 => {
                self.tasks.at(task).activity = Activity::Yielding;
                self.tasks.queue(task, false);
            }
            2 => self.wait_for(task, code >> 4)?,
            _ => return Err(Trap("a callback returns 0 (exit), 1 (yield) or 2 (wait)")),
        }
        self.current = None;
        Ok(())
    }

    /// Picks what goes on: tasks take turns, and requests take turns with them. None: nothing is ready, sleep. `now` is
    /// of the clock that deadlines are of; where [`deadline`](Self::deadline) is none any number will do.
    ///
    /// [`Next::Done`]: no task is left, and no request may begin.
    pub fn next_event(&mut self, now: u64) -> Checked<Option<Next>> {
        if self.current.is_some() {
            return Err(Trap("a task that runs has not been suspended"));
        }
        self.expire(now);
        let may_begin = self.arrived > 0 && self.backpressure == 0 && self.tasks.live() < MAX_TASKS;
        if may_begin && self.begin_first {
            self.begin_first = false;
            return Ok(Some(Next::Begin));
        }
        self.begin_first = true;
        while let Some(task) = self.tasks.take_queued() {
            if let Some(event) = self.resume(task)? {
                self.current = Some(task);
                return Ok(Some(Next::Event(event)));
            }
        }
        if may_begin {
            self.begin_first = false;
            return Ok(Some(Next::Begin));
        }
        Ok((self.tasks.live() == 0).then_some(Next::Done))
    }

    fn current_task(&mut self) -> Checked<&mut Task> {
        let task = self.current.ok_or(NO_TASK)?;
        Ok(self.tasks.at(task))
    }

    fn wait_for(&mut self, task: u32, set: u32) -> Checked<()> {
        let mut waiters = self.table.set(set)?.waiters;
        waiters.push(&mut self.tasks, task);
        let members = self.table.set(set)?;
        members.waiters = waiters;
        let is_ready = members.ready.first().is_some();
        self.tasks.at(task).activity = Activity::Waiting(set);
        if is_ready {
            self.tasks.queue(task, false);
        }
        Ok(())
    }

    /// Lets a task go on that was queued: takes the event for it, if there is one still.
    fn resume(&mut self, task: u32) -> Checked<Option<Event>> {
        let Task {
            activity, state, ..
        } = self.tasks.at(task);
        let waits_for = *activity;
        let event = if *state == TaskState::CancelPending {
            *state = TaskState::CancelDelivered;
            Event::of_task(EventCode::TaskCancelled)
        } else if let Activity::Waiting(set) = waits_for {
            match self.take_event(set)? {
                Some(event) => event,
                None => return Ok(None),
            }
        } else {
            Event::NONE
        };
        if let Activity::Waiting(set) = waits_for {
            let mut waiters = self.table.set(set)?.waiters;
            waiters.remove(&mut self.tasks, task);
            self.table.set(set)?.waiters = waiters;
        }
        self.tasks.at(task).activity = Activity::Running;
        Ok(Some(event))
    }
}
