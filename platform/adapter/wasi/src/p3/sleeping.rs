//! The one place where the tasks of a lowered component wait.
//!
//! Theory of operation. First what has come is moved to where it is awaited, and events that this makes ready are taken.
//! Then everything that the guest has written is delivered to the host, which can make more ready. Then `tasks.wait`
//! suspends the instance until a task of the host is ready that anybody waits for, or a timer. A guest that is always
//! busy must not hide what the host has for it, nor keep what it writes: now and then the host is asked without waiting.

use super::runtime::{checked, with};
use super::{client, incoming, logs, outgoing};
use crate::bindings::whorl::host::{clocks, tasks};
use crate::exchange;
use crate::io_poll::{append_task, names};
use crate::traps::trap;
use async_runtime::{Checked, Next, Runtime};
use core::cell::Cell;

const NEVER: u64 = u64::MAX;
/// After so many events in a row without waiting the host is asked.
const BUSY: u32 = 32;

thread_local! {
    static EVENTS: Cell<u32> = const { Cell::new(0) };
    /// The time, for the next wait; 0: not known.
    static TIME: Cell<u64> = const { Cell::new(0) };
}

/// Moves what can be moved between the guest and the host's side, without delivering or waiting.
fn settle() {
    client::settle();
    incoming::settle();
    outgoing::settle();
    logs::settle();
    // What was sent whole may have ended what another waits for.
    client::settle();
}

/// Returns what `attempt` comes to, once it comes to anything: the whole instance waits for that. It is given the time,
/// as far as that is known: what was waited for has passed, and the clock is asked only then and now.
pub fn until<T>(attempt: impl Fn(&mut Runtime, u64) -> Checked<Option<T>>) -> T {
    let mut now = TIME.take();
    let attempt = |now| {
        settle();
        checked(|runtime| attempt(runtime, now))
    };
    loop {
        if let Some(outcome) = attempt(now) {
            return outcome;
        }
        EVENTS.set(0);
        exchange::before_waiting();
        if let Some(outcome) = attempt(now) {
            return outcome;
        }
        let deadline = with(|runtime| runtime.deadline()).unwrap_or(NEVER);
        match ask_host(deadline) {
            Asked::Nobody => trap("all tasks wait for what nobody will ever do"),
            Asked::Ready => {}
            Asked::Late => now = deadline,
        }
    }
}

/// The current task has returned `code`: returns what goes on. Done only when no response can go on.
pub fn next(code: u32) -> Next {
    checked(|runtime| runtime.suspend(code));
    EVENTS.set(EVENTS.get() + 1);
    if EVENTS.get() >= BUSY {
        TIME.set(look());
    }
    until(|runtime, now| match runtime.next_event(now)? {
        // What a guest has left open that is gone nobody will end.
        Some(Next::Done) if !outgoing::is_idle() && !all_awaited().is_empty() => Ok(None),
        next => Ok(next),
    })
}

/// Delivers what the guest has written, and asks the host what is ready, without waiting. Returns the time, if anybody
/// waits for one.
pub fn look() -> u64 {
    EVENTS.set(0);
    settle();
    exchange::before_waiting();
    ask_host(0);
    settle();
    match with(|runtime| runtime.deadline()) {
        Some(_) => clocks::monotonic_now(),
        None => 0,
    }
}

/// What asking the host came to.
enum Asked {
    /// There was nothing to wait for.
    Nobody,
    Ready,
    /// The deadline has passed.
    Late,
}

/// Asks the host which tasks are ready that anybody waits for, until `deadline` if there are none.
fn ask_host(deadline: u64) -> Asked {
    let mut awaited = String::new();
    for task in all_awaited() {
        append_task(&mut awaited, task);
    }
    if awaited.is_empty() && (deadline == 0 || deadline == NEVER) {
        return Asked::Nobody;
    }
    let ready = tasks::wait(&awaited, deadline);
    for name in ready.split(' ') {
        let Ok(task) = name.parse() else {
            continue;
        };
        client::task_is_ready(task);
        incoming::task_is_ready(task);
        outgoing::task_is_ready(task);
        logs::task_is_ready(task);
    }
    unblock(&ready);
    if ready.is_empty() {
        Asked::Late
    } else {
        Asked::Ready
    }
}

fn all_awaited() -> Vec<u32> {
    let mut all = client::awaited();
    all.extend(incoming::awaited());
    all.extend(outgoing::awaited());
    all.extend(logs::awaited());
    all.extend(exchange::backlog().iter().filter_map(|body| body.task()));
    all
}

fn unblock(ready: &str) {
    for body in exchange::backlog() {
        if body.task().is_some_and(|task| names(ready, task)) {
            body.unblock();
        }
    }
}
