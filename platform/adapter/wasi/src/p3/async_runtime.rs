//! `whorl:adapter/async-runtime`: the canonical built-ins of a lowered component, over the runtime.

use super::bindings::exports::whorl::adapter::async_runtime::Guest;
use super::runtime::{BYTES, checked, with};
use super::sleeping::{self, until};
use super::{client, incoming, logs, outgoing, promises};
use crate::bindings::Adapter;
use crate::exchange;
use crate::traps::trap;
use async_runtime::{BLOCKED, Buffer, Cancellation, Copy, Event, Next};
use core::cell::RefCell;

thread_local! {
    /// The name of what is missing, as far as it is known.
    static NAME: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Guest for Adapter {
    fn context_get(slot: u32) -> u32 {
        checked(|runtime| runtime.context_get(slot))
    }

    fn context_set(slot: u32, value: u32) {
        checked(|runtime| runtime.context_set(slot, value));
    }

    fn waitable_set_new() -> u32 {
        checked(|runtime| runtime.set_new())
    }

    fn waitable_set_drop(set: u32) {
        checked(|runtime| runtime.set_drop(set));
    }

    fn waitable_join(waitable: u32, set: u32) {
        checked(|runtime| runtime.join(waitable, set));
    }

    fn waitable_set_poll(set: u32) -> u64 {
        let poll = |now| checked(|runtime| runtime.poll(set, now));
        let mut event = poll(0);
        if event == Event::NONE {
            event = poll(sleeping::look());
        }
        event.pack()
    }

    fn waitable_set_wait(set: u32) -> u64 {
        until(|runtime, now| runtime.wait_event(set, now)).pack()
    }

    fn subtask_note(subtask: u32, function: u32, address: u32) {
        checked(|runtime| runtime.subtask_note(subtask, function, address));
    }

    fn subtask_cancel(subtask: u32, is_async: bool) -> u32 {
        if let Cancellation::Resolved(state) = checked(|runtime| runtime.subtask_cancel(subtask)) {
            return state;
        }
        client::cancel(subtask);
        let outcome = checked(|runtime| runtime.subtask_outcome(subtask, 0));
        match outcome {
            Some(state) => state,
            None if is_async => BLOCKED,
            None => until(|runtime, now| runtime.subtask_outcome(subtask, now)),
        }
    }

    fn subtask_block(subtask: u32) {
        until(|runtime, now| runtime.subtask_outcome(subtask, now));
    }

    fn subtask_drop(subtask: u32) {
        checked(|runtime| runtime.subtask_drop(subtask));
        client::forget(subtask);
    }

    fn task_cancel() {
        checked(|runtime| runtime.task_cancel());
    }

    fn yield_() {
        sleeping::look();
    }

    fn backpressure_inc() {
        checked(|runtime| runtime.backpressure_inc());
    }

    fn backpressure_dec() {
        checked(|runtime| runtime.backpressure_dec());
    }

    fn channel_new(kind: u32) -> u64 {
        checked(|runtime| runtime.channel_new(kind))
    }

    fn read(end: u32, kind: u32, size: u32, is_async: bool, address: u32, count: u32) -> u64 {
        if kind == BYTES {
            incoming::prepare(end);
        }
        let buffer = Buffer {
            size,
            address,
            count,
        };
        let answer = checked(|runtime| runtime.read(end, kind, buffer, is_async));
        outcome_of(answer, end)
    }

    fn write(end: u32, kind: u32, size: u32, is_async: bool, address: u32, count: u32) -> u64 {
        let buffer = Buffer {
            size,
            address,
            count,
        };
        let answer = checked(|runtime| runtime.write(end, kind, buffer, is_async));
        outcome_of(answer, end)
    }

    fn cancel_read(end: u32, kind: u32, is_async: bool) -> u32 {
        checked(|runtime| runtime.cancel_read(end, kind, is_async))
    }

    fn cancel_write(end: u32, kind: u32, is_async: bool) -> u32 {
        checked(|runtime| runtime.cancel_write(end, kind, is_async))
    }

    fn drop_readable(end: u32, kind: u32) {
        let channel = checked(|runtime| runtime.channel_of(end));
        checked(|runtime| runtime.drop_readable(end, kind));
        incoming::reader_is_gone(channel);
        promises::forget(channel);
    }

    fn drop_writable(end: u32, kind: u32) {
        checked(|runtime| runtime.drop_writable(end, kind));
    }

    fn claim(handle: u32) -> u64 {
        checked(|runtime| runtime.claim(handle))
    }

    fn next(code: u32) -> u64 {
        let next = sleeping::next(code);
        if next == Next::Done {
            exchange::end();
        }
        next.pack()
    }

    fn missing(part: u64) {
        if part != 0 {
            let bytes = part.to_le_bytes().into_iter().filter(|byte| *byte != 0);
            return NAME.with_borrow_mut(|name| name.extend(bytes));
        }
        let name = NAME.take();
        trap(&format!(
            "`{}` was called, which nobody provides",
            String::from_utf8_lossy(&name)
        ));
    }

    fn take_u8(end: u32, count: u32) -> Vec<u8> {
        incoming::take(end, count)
    }

    fn put_u8(end: u32, mut values: Vec<u8>) {
        let count = values.len() as u32;
        let channel = checked(|runtime| runtime.put(end, BYTES, count));
        let is_taken = outgoing::put(channel, &mut values) || logs::put(channel, &values);
        if !is_taken && with(|runtime| !runtime.reader_is_gone(channel)) {
            trap("bytes were written that nobody takes");
        }
    }

    fn take_u8_text(end: u32, count: u32) -> String {
        let bytes = Self::take_u8(end, count);
        // SAFETY: it is given to the engine as it is, which takes each byte for a character.
        unsafe { String::from_utf8_unchecked(bytes) }
    }

    /// `values` is no UTF-8: it is taken apart before anybody looks.
    fn put_u8_text(end: u32, values: String) {
        Self::put_u8(end, values.into_bytes());
    }
}

/// What a copy answers: a synchronous one waits until there is something.
fn outcome_of(copy: Copy, end: u32) -> u64 {
    match copy {
        Copy::Answer(answer) => answer,
        Copy::MustWait => until(|runtime, _| runtime.copy_outcome(end)),
    }
}
