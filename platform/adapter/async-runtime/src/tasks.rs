//! Tasks: calls of the guest that are under way.
use std::collections::VecDeque;

use crate::lists::{Link, Linked};
use crate::traps::{Checked, Trap};

/// How many tasks an instance may have at a time.
pub(crate) const MAX_TASKS: usize = 1024;

/// A call of the guest's export, from its begin to its exit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TaskId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl TaskId {
    /// A small number that no other task has until this one is over, from 1.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

/// What a task is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activity {
    /// Its code runs.
    Running,
    /// It lets others go first.
    Yielding,
    /// It waits for a set, as one of the set's waiters.
    Waiting(u32),
    /// It has exited.
    Over,
}

/// How far a task has come with its result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskState {
    Started,
    CancelPending,
    CancelDelivered,
    Resolved,
}

/// A task.
pub(crate) struct Task {
    generation: u32,
    pub activity: Activity,
    pub state: TaskState,
    pub context: [u32; 2],
    /// It is in the run queue.
    queued: bool,
    /// Its place among the waiters of a set.
    link: Link,
}

/// All tasks of an instance, and the queue of those that may be able to go on.
pub(crate) struct Tasks {
    all: Vec<Task>,
    free: Vec<u32>,
    live: usize,
    run_queue: VecDeque<u32>,
}

impl Tasks {
    pub fn new() -> Self {
        let nobody = Self::task(0, Activity::Over);
        Self {
            all: vec![nobody],
            free: Vec::new(),
            live: 0,
            run_queue: VecDeque::new(),
        }
    }

    fn task(generation: u32, activity: Activity) -> Task {
        Task {
            generation,
            activity,
            state: TaskState::Started,
            context: [0; 2],
            queued: false,
            link: Link::default(),
        }
    }

    /// How many tasks are not over.
    pub fn live(&self) -> usize {
        self.live
    }

    /// Adds a task that runs.
    pub fn add(&mut self) -> Checked<u32> {
        if self.live == MAX_TASKS {
            return Err(Trap("an instance has at most 1,024 tasks"));
        }
        self.live += 1;
        if let Some(index) = self.free.pop() {
            let task = &mut self.all[index as usize];
            *task = Self::task(task.generation, Activity::Running);
            return Ok(index);
        }
        self.all.push(Self::task(0, Activity::Running));
        Ok(self.all.len() as u32 - 1)
    }

    /// Ends a task that runs.
    pub fn remove(&mut self, index: u32) {
        let task = &mut self.all[index as usize];
        task.generation = task.generation.wrapping_add(1);
        task.activity = Activity::Over;
        self.free.push(index);
        self.live -= 1;
    }

    pub fn id(&self, index: u32) -> TaskId {
        TaskId {
            index,
            generation: self.all[index as usize].generation,
        }
    }

    /// Returns a task that is not over.
    pub fn at(&mut self, index: u32) -> &mut Task {
        &mut self.all[index as usize]
    }

    /// Returns a task that is not over, for looking.
    pub fn peek(&self, index: u32) -> &Task {
        &self.all[index as usize]
    }

    /// Returns a task by its name, unless it is over.
    pub fn named(&self, id: TaskId) -> Option<&Task> {
        self.all
            .get(id.index as usize)
            .filter(|task| task.generation == id.generation && task.activity != Activity::Over)
    }

    /// Puts a task that does not run into the run queue, at its end or before all others.
    pub fn queue(&mut self, index: u32, first: bool) {
        let task = &mut self.all[index as usize];
        if core::mem::replace(&mut task.queued, true) {
            return;
        }
        if first {
            self.run_queue.push_front(index);
        } else {
            self.run_queue.push_back(index);
        }
    }

    /// Takes the first task of the run queue.
    pub fn take_queued(&mut self) -> Option<u32> {
        let index = self.run_queue.pop_front()?;
        self.all[index as usize].queued = false;
        Some(index)
    }
}

impl Linked for Tasks {
    fn link(&mut self, item: u32) -> &mut Link {
        &mut self.all[item as usize].link
    }
}
