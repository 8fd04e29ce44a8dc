//! `wasi:io/poll`: the one place where the guest waits.
//!
//! Theory of operation. The adapter knows by itself whether most pollables are ready. The others depend on a task of the
//! host or on the clock. If anything is ready at once, the guest gets an answer without waiting, and the tasks and the
//! clock are only asked how they stand, so that a busy pollable cannot hide a timer. Else everything that the guest has
//! written is delivered and `tasks.wait` is called: it is the only function in which an instance is suspended, and it
//! tells which tasks are ready, or that the deadline has passed.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::io::poll;
use crate::bindings::whorl::host::{clocks, tasks};
use crate::exchange;
use crate::traps::trap;
use std::rc::{Rc, Weak};

const NEVER: u64 = u64::MAX;

/// What a pollable is waiting for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readiness {
    Ready,
    /// The monotonic clock has to reach this.
    At(u64),
    /// This task of the host has to be ready.
    Task(u32),
    /// Nothing that the host could do makes it ready.
    Never,
}

/// What a pollable can wait for, besides the clock.
pub trait Awaited {
    /// Whether it is ready, or what has to happen before it is.
    fn readiness(&self) -> Readiness;

    /// The host has said that its task is ready.
    fn task_is_ready(&self);
}

/// The resource.
pub enum Pollable {
    Always,
    Timer(u64),
    /// Keeps what it waits for.
    Kept(Rc<dyn Awaited>),
    /// Does not keep what it waits for, and is ready when that is gone.
    Watched(Weak<dyn Awaited>),
}

impl Pollable {
    /// Returns a handle to give to the guest.
    pub fn handle(self) -> poll::Pollable {
        poll::Pollable::new(self)
    }

    fn readiness(&self) -> Readiness {
        match self {
            Self::Always => Readiness::Ready,
            Self::Timer(when) => Readiness::At(*when),
            Self::Kept(awaited) => awaited.readiness(),
            Self::Watched(awaited) => awaited
                .upgrade()
                .map_or(Readiness::Ready, |awaited| awaited.readiness()),
        }
    }

    /// Notes that the host has said that the task of this pollable is ready.
    fn task_is_ready(&self) {
        match self {
            Self::Always | Self::Timer(_) => {}
            Self::Kept(awaited) => awaited.task_is_ready(),
            Self::Watched(awaited) => {
                if let Some(awaited) = awaited.upgrade() {
                    awaited.task_is_ready();
                }
            }
        }
    }

    /// Waits until this one is ready.
    pub fn wait(&self) {
        Poll::new(&[self]).wait();
    }
}

impl poll::Guest for Adapter {
    type Pollable = Pollable;

    fn poll(handles: Vec<poll::PollableBorrow<'_>>) -> Vec<u32> {
        if handles.is_empty() {
            trap("`poll` was given an empty list");
        }
        let pollables: Vec<&Pollable> = handles
            .iter()
            .map(|handle| handle.get::<Pollable>())
            .collect();
        Poll::new(&pollables).wait()
    }
}

impl poll::GuestPollable for Pollable {
    fn ready(&self) -> bool {
        let this = [self];
        let mut poll = Poll::new(&this);
        poll.ask();
        let ready = poll.any_ready();
        if !ready {
            exchange::settle();
        }
        ready
    }

    fn block(&self) {
        self.wait();
    }
}

/// One call of `poll`.
struct Poll<'a> {
    pollables: &'a [&'a Pollable],
    states: Vec<Readiness>,
}

impl<'a> Poll<'a> {
    fn new(pollables: &'a [&'a Pollable]) -> Self {
        let states = pollables
            .iter()
            .map(|pollable| pollable.readiness())
            .collect();
        Self { pollables, states }
    }

    fn any_ready(&self) -> bool {
        self.states.contains(&Readiness::Ready)
    }

    /// Returns the indices of those that are ready, once there is one.
    fn wait(mut self) -> Vec<u32> {
        if self.any_ready() {
            self.ask();
            return self.indices();
        }
        loop {
            exchange::before_waiting();
            self.refresh();
            if self.any_ready() {
                return self.indices();
            }
            self.suspend();
            if self.any_ready() {
                return self.indices();
            }
        }
    }

    fn indices(&self) -> Vec<u32> {
        let ready = |(index, state): (usize, &Readiness)| {
            (*state == Readiness::Ready).then_some(index as u32)
        };
        self.states.iter().enumerate().filter_map(ready).collect()
    }

    fn refresh(&mut self) {
        for (state, pollable) in self.states.iter_mut().zip(self.pollables) {
            *state = pollable.readiness();
        }
    }

    /// Asks the host about tasks and the clock, without waiting.
    fn ask(&mut self) {
        let tasks = self.tasks();
        if !tasks.is_empty() {
            self.note_tasks(&tasks::wait(&tasks, 0));
        }
        self.ask_clock();
    }

    fn ask_clock(&mut self) {
        if self.deadline() != NEVER {
            self.note_time(clocks::monotonic_now());
        }
    }

    fn suspend(&mut self) {
        let backlog = exchange::backlog();
        let mut tasks = self.tasks();
        for task in backlog.iter().filter_map(|body| body.task()) {
            append_task(&mut tasks, task);
        }
        let deadline = self.deadline();
        let ready = tasks::wait(&tasks, deadline);
        if ready.is_empty() {
            return self.note_time(deadline);
        }
        for body in backlog {
            if body.task().is_some_and(|task| names(&ready, task)) {
                body.unblock();
            }
        }
        self.note_tasks(&ready);
        self.ask_clock();
    }

    /// The tasks that are waited for, as the host wants them.
    fn tasks(&self) -> String {
        let mut tasks = String::new();
        for state in &self.states {
            if let Readiness::Task(task) = *state {
                append_task(&mut tasks, task);
            }
        }
        tasks
    }

    fn deadline(&self) -> u64 {
        let timer = |state: &Readiness| {
            if let Readiness::At(when) = *state {
                Some(when)
            } else {
                None
            }
        };
        self.states.iter().filter_map(timer).min().unwrap_or(NEVER)
    }

    fn note_tasks(&mut self, ready: &str) {
        for (state, pollable) in self.states.iter_mut().zip(self.pollables) {
            if matches!(*state, Readiness::Task(task) if names(ready, task)) {
                pollable.task_is_ready();
                *state = pollable.readiness();
            }
        }
    }

    fn note_time(&mut self, now: u64) {
        for state in &mut self.states {
            if matches!(*state, Readiness::At(when) if when <= now) {
                *state = Readiness::Ready;
            }
        }
    }
}

/// Tells whether `task` is ready, without waiting.
pub fn is_ready(task: u32) -> bool {
    !tasks::wait(&task.to_string(), 0).is_empty()
}

/// Waits until `task` is ready.
pub fn wait_for_task(task: u32) {
    exchange::before_waiting();
    tasks::wait(&task.to_string(), NEVER);
}

/// Adds `task` to `tasks`, separated by spaces, unless it is there.
pub fn append_task(tasks: &mut String, task: u32) {
    if names(tasks, task) {
        return;
    }
    if !tasks.is_empty() {
        tasks.push(' ');
    }
    tasks.push_str(&task.to_string());
}

/// Tells whether `tasks`, separated by spaces, hold `task`.
pub fn names(tasks: &str, task: u32) -> bool {
    tasks.split(' ').any(|name| name.parse() == Ok(task))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_named_once_each() {
        let mut tasks = String::new();
        for task in [1, 16, 1, 6, 16] {
            append_task(&mut tasks, task);
        }
        assert_eq!(tasks, "1 16 6");
        assert!(names(&tasks, 6));
        assert!(!names(&tasks, 61));
        assert!(!names("", 0));
    }

    #[test]
    fn a_timer_is_ready_when_its_time_has_come() {
        let timers = [Pollable::Timer(5), Pollable::Timer(9)];
        let mut poll_list = Vec::new();
        poll_list.extend(timers.iter());
        let mut poll = Poll::new(&poll_list);
        assert_eq!(poll.deadline(), 5);
        poll.note_time(4);
        assert!(!poll.any_ready());
        poll.note_time(5);
        assert_eq!(poll.indices(), [0]);
    }
}
