//! Tasks: beginning, waiting, yielding, ending, cancellation and back-pressure.
mod support;

use async_runtime::{EventCode::Subtask, Next, Runtime};
use support::*;

#[test]
fn a_task_returns_and_exits() {
    let mut runtime = Runtime::new();
    assert_eq!(runtime.next_event(0), Ok(Some(Next::Done)));
    let task = begin(&mut runtime);
    assert_eq!(runtime.current(), Some(task));
    assert!(!runtime.task_is_resolved(task));
    runtime.task_return().unwrap();
    assert!(runtime.task_is_resolved(task));
    assert!(!runtime.task_is_over(task));
    assert_eq!(next(&mut runtime, EXIT), Some(Next::Done));
    assert!(runtime.task_is_over(task));
    assert_eq!(runtime.current(), None);
}

#[test]
fn a_task_may_go_on_after_it_has_returned() {
    let (mut runtime, _) = request_and_set();
    runtime.task_return().unwrap();
    assert_eq!(next(&mut runtime, YIELD), goes_on());
    assert_eq!(next(&mut runtime, EXIT), Some(Next::Done));
}

#[test]
fn it_returns_once_and_before_it_exits() {
    let (mut runtime, _) = request_and_set();
    traps(runtime.suspend(EXIT), "task.return");
    runtime.task_return().unwrap();
    traps(runtime.task_return(), "task.return");
}

#[test]
fn callbacks_return_exit_yield_or_wait() {
    for code in [3, 4, 15, 3 | 1 << 4] {
        let (mut runtime, _) = request_and_set();
        traps(runtime.suspend(code), "a callback returns");
    }
}

#[test]
fn what_is_waited_for_is_a_set() {
    let (mut runtime, _) = request_and_set();
    let (readable, _) = own(&mut runtime, BYTES);
    traps(runtime.suspend(wait(readable)), "not a waitable set");
    traps(runtime.suspend(wait(0)), "unknown handle");
    traps(runtime.suspend(wait(0xfff_ffff)), "unknown handle");
}

#[test]
fn nothing_of_a_task_is_done_outside_of_tasks() {
    let mut runtime = Runtime::new();
    traps(runtime.task_return(), "no task");
    traps(runtime.task_cancel(), "no task");
    traps(runtime.suspend(EXIT), "no task");
}

#[test]
fn one_task_runs_at_a_time() {
    let (mut runtime, _) = request_and_set();
    traps(runtime.task_begin(), "another runs");
    traps(runtime.next_event(0), "suspended");
}

#[test]
fn each_task_has_a_context_of_two_slots() {
    let mut runtime = Runtime::new();
    runtime.context_set(1, 99).unwrap();
    begin(&mut runtime);
    assert_eq!(
        [runtime.context_get(0), runtime.context_get(1)],
        [Ok(0), Ok(0)]
    );
    runtime.context_set(0, 7).unwrap();
    runtime.suspend(YIELD).unwrap();
    begin(&mut runtime);
    assert_eq!(runtime.context_get(0), Ok(0));
    runtime.context_set(0, 8).unwrap();
    assert_eq!(next(&mut runtime, YIELD), goes_on());
    assert_eq!(runtime.context_get(0), Ok(7));
    assert_eq!(next(&mut runtime, YIELD), goes_on());
    assert_eq!(runtime.context_get(0), Ok(8));
    traps(runtime.context_get(2), "slots 0 and 1");
    traps(runtime.context_set(u32::MAX, 0), "slots 0 and 1");
}

#[test]
fn a_task_gets_an_event_of_the_set_that_it_waits_for() {
    let (mut runtime, set) = request_and_set();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.join(subtask, set).unwrap();
    assert_eq!(next(&mut runtime, wait(set)), None);
    runtime.subtask_resolve(subtask);
    assert_eq!(runtime.next_event(0), Ok(told(Subtask, subtask, 2)));
    assert_eq!(next(&mut runtime, wait(set)), None);
}

#[test]
fn an_event_that_is_there_already_is_told_at_once() {
    let (mut runtime, set) = request_and_set();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.subtask_resolve(subtask);
    runtime.join(subtask, set).unwrap();
    assert_eq!(next(&mut runtime, wait(set)), told(Subtask, subtask, 2));
}

#[test]
fn who_joins_a_set_that_is_waited_for_wakes_the_task() {
    let (mut runtime, set) = request_and_set();
    assert_eq!(next(&mut runtime, wait(set)), None);
    begin(&mut runtime);
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.subtask_resolve(subtask);
    runtime.join(subtask, set).unwrap();
    runtime.task_return().unwrap();
    assert_eq!(next(&mut runtime, EXIT), told(Subtask, subtask, 2));
}

#[test]
fn tasks_that_wait_for_one_set_share_its_events() {
    let (mut runtime, set) = request_and_set();
    let first = runtime.current().unwrap();
    let subtasks = [0; 2].map(|_| runtime.subtask_new(None).unwrap());
    for subtask in subtasks {
        runtime.join(subtask, set).unwrap();
    }
    assert_eq!(next(&mut runtime, wait(set)), None);
    let second = begin(&mut runtime);
    assert_eq!(next(&mut runtime, wait(set)), None);
    runtime.subtask_resolve(subtasks[0]);
    assert_eq!(runtime.next_event(0), Ok(told(Subtask, subtasks[0], 2)));
    assert_eq!(runtime.current(), Some(first));
    assert_eq!(next(&mut runtime, wait(set)), None);
    runtime.subtask_resolve(subtasks[1]);
    assert_eq!(runtime.next_event(0), Ok(told(Subtask, subtasks[1], 2)));
    assert_eq!(runtime.current(), Some(second), "who has waited for longer");
}

#[test]
fn an_event_that_another_task_took_wakes_nobody() {
    let (mut runtime, set) = request_and_set();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.join(subtask, set).unwrap();
    assert_eq!(next(&mut runtime, wait(set)), None);
    begin(&mut runtime);
    runtime.subtask_resolve(subtask);
    assert_eq!(runtime.poll(set, 0), Ok(event(Subtask, subtask, 2)));
    runtime.task_return().unwrap();
    assert_eq!(next(&mut runtime, EXIT), None);
}

#[test]
fn tasks_and_requests_take_turns() {
    let mut runtime = Runtime::new();
    let tasks = [0; 3].map(|_| {
        let task = begin(&mut runtime);
        runtime.suspend(YIELD).unwrap();
        task
    });
    for turn in 0..9 {
        assert_eq!(runtime.next_event(0), Ok(goes_on()));
        assert_eq!(runtime.current(), Some(tasks[turn % 3]));
        runtime.suspend(YIELD).unwrap();
    }
    runtime.set_arrived(2);
    assert_eq!(runtime.next_event(0), Ok(Some(Next::Begin)));
    runtime.task_begin().unwrap();
    assert_eq!(next(&mut runtime, YIELD), goes_on());
    assert_eq!(next(&mut runtime, YIELD), Some(Next::Begin));
    runtime.task_begin().unwrap();
    for _ in 0..9 {
        assert_eq!(next(&mut runtime, YIELD), goes_on());
    }
}

#[test]
fn requests_do_not_begin_while_there_is_backpressure() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    begin(&mut runtime);
    runtime.backpressure_inc().unwrap();
    runtime.backpressure_inc().unwrap();
    runtime.backpressure_dec().unwrap();
    runtime.set_arrived(1);
    assert_eq!(next(&mut runtime, YIELD), goes_on());
    assert_eq!(next(&mut runtime, wait(set)), None);
    runtime.backpressure_dec().unwrap();
    assert_eq!(runtime.next_event(0), Ok(Some(Next::Begin)));
}

#[test]
fn backpressure_has_its_bounds() {
    let mut runtime = Runtime::new();
    traps(runtime.backpressure_dec(), "backpressure.dec");
    for _ in 0..65_535 {
        runtime.backpressure_inc().unwrap();
    }
    traps(runtime.backpressure_inc(), "backpressure.inc");
}

#[test]
fn there_is_an_end_to_tasks_and_requests_wait_for_it() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    for _ in 0..1023 {
        begin(&mut runtime);
        runtime.suspend(wait(set)).unwrap();
    }
    let last = begin(&mut runtime);
    runtime.set_arrived(1);
    assert_eq!(next(&mut runtime, YIELD), goes_on());
    assert_eq!(runtime.current(), Some(last));
    runtime.task_return().unwrap();
    assert_eq!(next(&mut runtime, EXIT), Some(Next::Begin));
    let new = runtime.task_begin().unwrap();
    assert_eq!(new.index(), last.index());
    assert!(new != last && runtime.task_is_over(last));
    assert_eq!(next(&mut runtime, wait(set)), None);
    traps(runtime.task_begin(), "1,024");
}

#[test]
fn who_waits_for_nothing_waits_for_ever() {
    let (mut runtime, set) = request_and_set();
    let (readable, _) = own(&mut runtime, BYTES);
    read(&mut runtime, readable, BYTES, 0, 1);
    runtime.join(readable, set).unwrap();
    assert_eq!(next(&mut runtime, wait(set)), None);
    assert!(!runtime.can_be_woken(), "the writable end is the guest's");
}
