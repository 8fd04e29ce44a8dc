//! How tasks are told that they are cancelled.
mod support;

use async_runtime::{
    Event,
    EventCode::{Subtask, TaskCancelled},
    Next,
};
use support::*;

#[test]
fn cancellation_is_told_once_to_who_waits() {
    let (mut runtime, set) = request_and_set();
    let task = runtime.current().unwrap();
    assert_eq!(next(&mut runtime, wait(set)), None);
    assert!(runtime.request_cancel(task));
    assert!(!runtime.request_cancel(task));
    assert_eq!(runtime.next_event(0), Ok(told(TaskCancelled, 0, 0)));
    assert_eq!(runtime.set_drop(set), Ok(()), "nobody waits for the set");
    assert_eq!(next(&mut runtime, YIELD), goes_on());
    runtime.task_cancel().unwrap();
    assert!(runtime.task_is_resolved(task));
    traps(runtime.task_return(), "task.return");
    assert_eq!(next(&mut runtime, EXIT), Some(Next::Done));
    assert!(!runtime.request_cancel(task));
}

#[test]
fn cancellation_goes_before_an_event_which_is_told_afterwards() {
    let (mut runtime, set) = request_and_set();
    let task = runtime.current().unwrap();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.join(subtask, set).unwrap();
    assert_eq!(next(&mut runtime, wait(set)), None);
    runtime.subtask_resolve(subtask);
    assert!(runtime.request_cancel(task));
    assert_eq!(runtime.next_event(0), Ok(told(TaskCancelled, 0, 0)));
    assert_eq!(next(&mut runtime, wait(set)), told(Subtask, subtask, 2));
}

#[test]
fn cancellation_of_who_runs_is_told_at_the_next_return_and_not_by_poll() {
    for code in [YIELD, wait(1), wait(99)] {
        let (mut runtime, set) = request_and_set();
        let task = runtime.current().unwrap();
        assert!(runtime.request_cancel(task));
        traps(runtime.task_cancel(), "not told");
        assert_eq!(runtime.poll(set, 0), Ok(Event::NONE));
        assert_eq!(
            next(&mut runtime, code),
            told(TaskCancelled, 0, 0),
            "whether there is such a set or not"
        );
    }
}

#[test]
fn a_task_may_return_though_it_was_cancelled() {
    let (mut runtime, _) = request_and_set();
    let task = runtime.current().unwrap();
    assert!(runtime.request_cancel(task));
    runtime.task_return().unwrap();
    assert_eq!(
        next(&mut runtime, YIELD),
        goes_on(),
        "it has returned: there is nothing to cancel"
    );
    assert!(!runtime.request_cancel(task));
}

#[test]
fn a_task_that_was_not_told_cannot_cancel() {
    let (mut runtime, _) = request_and_set();
    traps(runtime.task_cancel(), "task.cancel");
}
