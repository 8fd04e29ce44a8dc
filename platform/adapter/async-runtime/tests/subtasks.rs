//! Subtasks: returning, cancelling, dropping, deadlines.
mod support;

use async_runtime::{Cancellation, Event, EventCode::Subtask, Runtime};
use support::*;

#[test]
fn what_was_noted_is_claimed_once_after_it_has_returned() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.subtask_note(subtask, 3, 0x1000).unwrap();
    runtime.join(subtask, set).unwrap();
    runtime.subtask_resolve(subtask);
    assert_eq!(runtime.claim(subtask), Ok(0));
    assert_eq!(runtime.poll(set, 0), Ok(event(Subtask, subtask, 2)));
    assert_eq!(runtime.claim(subtask), Ok(3 | 0x1000 << 32));
    assert_eq!(runtime.claim(subtask), Ok(0));
    assert_eq!(runtime.subtask_drop(subtask), Ok(()));
    traps(runtime.claim(subtask), "unknown handle");
}

#[test]
fn notes_are_of_functions_from_1_and_once() {
    let mut runtime = Runtime::new();
    let subtask = runtime.subtask_new(None).unwrap();
    traps(runtime.subtask_note(subtask, 0, 8), "subtask-note");
    runtime.subtask_note(subtask, 1, 8).unwrap();
    traps(runtime.subtask_note(subtask, 1, 8), "subtask-note");
    let late = runtime.subtask_new(None).unwrap();
    runtime.subtask_resolve(late);
    runtime.subtask_outcome(late, 0).unwrap();
    traps(runtime.subtask_note(late, 1, 8), "subtask-note");
}

#[test]
fn it_cannot_be_dropped_before_the_caller_knows_how_it_ended() {
    let mut runtime = Runtime::new();
    let subtask = runtime.subtask_new(None).unwrap();
    traps(runtime.subtask_drop(subtask), "subtask.drop");
    runtime.subtask_resolve(subtask);
    traps(runtime.subtask_drop(subtask), "subtask.drop");
    assert_eq!(runtime.is_settled(subtask, 0), Ok(true));
    assert_eq!(runtime.subtask_outcome(subtask, 0), Ok(Some(2)));
    assert_eq!(runtime.is_settled(subtask, 0), Ok(false));
    assert_eq!(runtime.subtask_drop(subtask), Ok(()));
    traps(runtime.subtask_drop(subtask), "unknown handle");
}

#[test]
fn other_handles_are_no_subtasks() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, _) = own(&mut runtime, BYTES);
    for handle in [set, readable] {
        traps(runtime.subtask_drop(handle), "not a subtask");
        traps(runtime.subtask_cancel(handle), "not a subtask");
        traps(runtime.subtask_note(handle, 1, 0), "not a subtask");
        traps(runtime.subtask_outcome(handle, 0), "not a subtask");
        runtime.subtask_resolve(handle);
        runtime.subtask_cancelled(handle);
        assert!(!runtime.subtask_is_cancelled(handle));
    }
    traps(runtime.is_settled(set, 0), "no waitable");
    traps(runtime.claim(set), "no waitable");
}

#[test]
fn cancelling_what_has_returned_answers_that_and_what_was_noted_is_claimed() {
    let mut runtime = Runtime::new();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.subtask_note(subtask, 1, 64).unwrap();
    runtime.subtask_resolve(subtask);
    assert_eq!(
        runtime.subtask_cancel(subtask),
        Ok(Cancellation::Resolved(2))
    );
    assert_eq!(runtime.claim(subtask), Ok(1 | 64 << 32));
    traps(runtime.subtask_cancel(subtask), "the caller knows");
    assert_eq!(runtime.subtask_drop(subtask), Ok(()));
}

#[test]
fn native_code_ends_what_is_cancelled_at_once() {
    let mut runtime = Runtime::new();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.subtask_note(subtask, 1, 64).unwrap();
    assert!(!runtime.subtask_is_cancelled(subtask));
    assert_eq!(runtime.subtask_cancel(subtask), Ok(Cancellation::Requested));
    assert!(runtime.subtask_is_cancelled(subtask));
    runtime.subtask_cancelled(subtask);
    assert!(!runtime.subtask_is_cancelled(subtask));
    assert_eq!(runtime.subtask_outcome(subtask, 0), Ok(Some(4)));
    assert_eq!(runtime.claim(subtask), Ok(0), "there is no result");
    assert_eq!(runtime.subtask_drop(subtask), Ok(()));
}

#[test]
fn what_is_cancelled_may_end_later_either_way() {
    for (returns, state) in [(true, 2), (false, 4)] {
        let mut runtime = Runtime::new();
        let set = runtime.set_new().unwrap();
        let subtask = runtime.subtask_new(None).unwrap();
        assert_eq!(runtime.subtask_cancel(subtask), Ok(Cancellation::Requested));
        assert_eq!(runtime.subtask_outcome(subtask, 0), Ok(None));
        traps(runtime.subtask_cancel(subtask), "twice");
        traps(runtime.subtask_drop(subtask), "subtask.drop");
        runtime.join(subtask, set).unwrap();
        assert_eq!(runtime.poll(set, 0), Ok(Event::NONE));
        if returns {
            runtime.subtask_resolve(subtask);
        }
        runtime.subtask_cancelled(subtask);
        assert_eq!(runtime.poll(set, 0), Ok(event(Subtask, subtask, state)));
        assert_eq!(runtime.subtask_drop(subtask), Ok(()));
        assert_eq!(runtime.set_drop(set), Ok(()));
    }
}

#[test]
fn a_subtask_in_a_set_is_not_cancelled() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.join(subtask, set).unwrap();
    traps(runtime.subtask_cancel(subtask), "in a waitable set");
}

#[test]
fn what_was_not_cancelled_cannot_have_been_cancelled() {
    let mut runtime = Runtime::new();
    let subtask = runtime.subtask_new(None).unwrap();
    runtime.subtask_cancelled(subtask);
    assert_eq!(runtime.subtask_outcome(subtask, 0), Ok(None));
}

#[test]
fn a_deadline_lets_it_return() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let [late, soon] = [30, 20].map(|deadline| runtime.subtask_new(Some(deadline)).unwrap());
    runtime.join(late, set).unwrap();
    runtime.join(soon, set).unwrap();
    assert_eq!(runtime.deadline(), Some(20));
    assert_eq!(runtime.poll(set, 19), Ok(Event::NONE));
    assert_eq!(runtime.poll(set, 20), Ok(event(Subtask, soon, 2)));
    assert_eq!(runtime.deadline(), Some(30));
    assert_eq!(runtime.is_settled(late, 29), Ok(false));
    assert_eq!(runtime.is_settled(late, 30), Ok(true));
    assert_eq!(runtime.deadline(), None);
}

#[test]
fn a_deadline_is_cancelled_at_once() {
    let mut runtime = Runtime::new();
    let subtask = runtime.subtask_new(Some(20)).unwrap();
    assert_eq!(
        runtime.subtask_cancel(subtask),
        Ok(Cancellation::Resolved(4))
    );
    assert_eq!(runtime.deadline(), None);
    assert_eq!(runtime.subtask_drop(subtask), Ok(()));
}

#[test]
fn a_deadline_that_is_over_before_it_is_cancelled_has_returned() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let subtask = runtime.subtask_new(Some(20)).unwrap();
    assert_eq!(runtime.poll(set, 25), Ok(Event::NONE));
    assert_eq!(
        runtime.subtask_cancel(subtask),
        Ok(Cancellation::Resolved(2))
    );
}

#[test]
fn who_waits_for_a_subtask_can_be_woken_until_it_has_ended() {
    let mut runtime = Runtime::new();
    assert!(!runtime.can_be_woken());
    let subtask = runtime.subtask_new(None).unwrap();
    assert!(runtime.can_be_woken());
    runtime.subtask_resolve(subtask);
    assert!(!runtime.can_be_woken());
}
