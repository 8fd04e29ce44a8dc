//! Waitable sets: joining, leaving, polling, dropping.
mod support;

use async_runtime::{Event, EventCode::Subtask, Runtime};
use support::*;

#[test]
fn handles_begin_at_1_and_the_last_freed_is_used_first() {
    let mut runtime = Runtime::new();
    assert_eq!(
        [runtime.set_new(), runtime.set_new(), runtime.set_new()],
        [Ok(1), Ok(2), Ok(3)]
    );
    runtime.set_drop(1).unwrap();
    runtime.set_drop(3).unwrap();
    assert_eq!(
        [runtime.set_new(), runtime.set_new(), runtime.set_new()],
        [Ok(3), Ok(1), Ok(4)]
    );
}

#[test]
fn an_empty_set_has_no_event() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    assert_eq!(runtime.poll(set, 0), Ok(Event::NONE));
    assert_eq!(runtime.wait_event(set, 0), Ok(None));
}

#[test]
fn an_event_is_told_once_and_in_the_order_in_which_they_came() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let subtasks = [0; 3].map(|_| runtime.subtask_new(None).unwrap());
    for subtask in subtasks {
        runtime.join(subtask, set).unwrap();
    }
    for at in [1, 2, 0] {
        runtime.subtask_resolve(subtasks[at]);
    }
    for at in [1, 2, 0] {
        assert_eq!(runtime.poll(set, 0), Ok(event(Subtask, subtasks[at], 2)));
    }
    assert_eq!(runtime.poll(set, 0), Ok(Event::NONE));
}

#[test]
fn what_happened_before_joining_is_told() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.subtask_resolve(subtask);
    runtime.join(subtask, set).unwrap();
    assert_eq!(runtime.poll(set, 0), Ok(event(Subtask, subtask, 2)));
}

#[test]
fn who_leaves_takes_its_event_along() {
    let mut runtime = Runtime::new();
    let (first, second) = (runtime.set_new().unwrap(), runtime.set_new().unwrap());
    let subtasks = [0; 3].map(|_| runtime.subtask_new(None).unwrap());
    for subtask in subtasks {
        runtime.join(subtask, first).unwrap();
        runtime.subtask_resolve(subtask);
    }
    runtime.join(subtasks[1], 0).unwrap();
    runtime.join(subtasks[2], second).unwrap();
    assert_eq!(runtime.poll(first, 0), Ok(event(Subtask, subtasks[0], 2)));
    assert_eq!(runtime.poll(first, 0), Ok(Event::NONE));
    assert_eq!(runtime.poll(second, 0), Ok(event(Subtask, subtasks[2], 2)));
}

#[test]
fn joining_the_same_set_again_changes_nothing() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.subtask_resolve(subtask);
    runtime.join(subtask, set).unwrap();
    runtime.join(subtask, set).unwrap();
    assert_eq!(runtime.poll(set, 0), Ok(event(Subtask, subtask, 2)));
    runtime.join(subtask, 0).unwrap();
    assert_eq!(runtime.set_drop(set), Ok(()));
}

#[test]
fn joining_wants_a_waitable_and_a_set() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, _) = own(&mut runtime, BYTES);
    traps(runtime.join(set, set), "no waitable");
    traps(runtime.join(readable, readable), "not a waitable set");
    traps(runtime.join(99, set), "unknown handle");
    traps(runtime.join(readable, 99), "unknown handle");
    traps(runtime.join(0, set), "unknown handle");
    traps(runtime.join(u32::MAX, 0), "unknown handle");
}

#[test]
fn polling_wants_a_set() {
    let mut runtime = Runtime::new();
    let (readable, _) = own(&mut runtime, BYTES);
    traps(runtime.poll(readable, 0), "not a waitable set");
    traps(runtime.wait_event(readable, 0), "not a waitable set");
    traps(runtime.poll(0, 0), "unknown handle");
    traps(runtime.set_drop(readable), "not a waitable set");
}

#[test]
fn a_set_with_members_cannot_be_dropped() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, _) = own(&mut runtime, BYTES);
    runtime.join(readable, set).unwrap();
    traps(runtime.set_drop(set), "has members");
    runtime.drop_readable(readable, BYTES).unwrap();
    assert_eq!(runtime.set_drop(set), Ok(()));
    traps(runtime.set_drop(set), "unknown handle");
}

#[test]
fn a_set_that_a_task_waits_for_cannot_be_dropped() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    begin(&mut runtime);
    assert_eq!(next(&mut runtime, wait(set)), None);
    begin(&mut runtime);
    traps(runtime.set_drop(set), "a task waits");
}

#[test]
fn a_member_that_is_dropped_leaves_the_set() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.join(subtask, set).unwrap();
    runtime.subtask_resolve(subtask);
    assert_eq!(runtime.poll(set, 0), Ok(event(Subtask, subtask, 2)));
    runtime.subtask_drop(subtask).unwrap();
    assert_eq!(runtime.subtask_new(None), Ok(subtask));
    runtime.subtask_resolve(subtask);
    assert_eq!(runtime.poll(set, 0), Ok(Event::NONE));
    assert_eq!(runtime.set_drop(set), Ok(()));
}

#[test]
fn there_is_an_end_to_handles() {
    let mut runtime = Runtime::new();
    for handle in 1..=65_536 {
        assert_eq!(runtime.set_new(), Ok(handle));
    }
    traps(runtime.set_new(), "65,536");
    traps(runtime.subtask_new(None), "65,536");
    runtime.set_drop(7).unwrap();
    assert_eq!(runtime.set_new(), Ok(7));
}

#[test]
fn there_is_an_end_to_channels_that_only_native_code_has() {
    let mut runtime = Runtime::new();
    for _ in 0..65_536 {
        let (readable, writable) = own(&mut runtime, BYTES);
        runtime.native_reader_of(readable, BYTES).unwrap();
        runtime.drop_writable(writable, BYTES).unwrap();
    }
    traps(runtime.channel_new(BYTES), "65,536");
}
