//! Futures that the adapter writes: trailers of bodies that come in, and how bodies that go out were transmitted.

use super::runtime::{OUTCOME, STANDARD_OUTCOME, TRAILERS, checked, with};
use crate::bindings::exports::wasi::http::types::ErrorCode;
use crate::http_types::fields::FieldList;
use crate::traps::trap;
use async_runtime::ChannelId;
use core::cell::RefCell;

/// How a body was transmitted.
pub type Outcome = Result<(), ErrorCode>;
/// What comes after a body.
pub type Trailers = Result<Option<FieldList>, ErrorCode>;

enum Value {
    Outcome(Outcome),
    Trailers(Trailers),
}

thread_local! {
    /// Values that the guest has not taken.
    static VALUES: RefCell<Vec<(ChannelId, Value)>> = const { RefCell::new(Vec::new()) };
}

/// A future of how a body is transmitted, and the guest's handle of it.
pub fn outcome() -> (ChannelId, u32) {
    checked(|runtime| runtime.native_writer(OUTCOME))
}

/// A future of how a standard stream has ended, and the guest's handle of it.
pub fn standard_outcome() -> (ChannelId, u32) {
    checked(|runtime| runtime.native_writer(STANDARD_OUTCOME))
}

/// A future of trailers, and the guest's handle of it.
pub fn trailers() -> (ChannelId, u32) {
    checked(|runtime| runtime.native_writer(TRAILERS))
}

/// Writes a future.
pub fn resolve_outcome(channel: ChannelId, outcome: Outcome) {
    resolve(channel, Value::Outcome(outcome));
}

/// Writes a future.
pub fn resolve_trailers(channel: ChannelId, trailers: Trailers) {
    resolve(channel, Value::Trailers(trailers));
}

fn resolve(channel: ChannelId, value: Value) {
    let is_wanted = with(|runtime| {
        let is_wanted = !runtime.reader_is_gone(channel);
        runtime.offer(channel, 1);
        runtime.drop_native_writer(channel);
        is_wanted
    });
    if is_wanted {
        VALUES.with_borrow_mut(|values| values.push((channel, value)));
    }
}

/// Nobody reads the future any more.
pub fn forget(channel: ChannelId) {
    VALUES.with_borrow_mut(|values| values.retain(|(each, _)| *each != channel));
}

fn take(channel: ChannelId) -> Option<Value> {
    VALUES.with_borrow_mut(|values| {
        let at = values.iter().position(|(each, _)| *each == channel)?;
        Some(values.swap_remove(at).1)
    })
}

/// The value of a future that was passed back to the adapter, if it has been written.
pub fn take_back_trailers(channel: ChannelId) -> Option<Trailers> {
    match take(channel) {
        Some(Value::Trailers(trailers)) => Some(trailers),
        _ => None,
    }
}

/// The guest takes the value that its read of `end`, a future of `kind`, was answered with.
pub fn take_outcome(end: u32, kind: u32, count: u32) -> Outcome {
    match take(checked(|runtime| runtime.take(end, kind, count))) {
        Some(Value::Outcome(outcome)) => outcome,
        _ => trap("a future was read that has another value"),
    }
}

/// The guest takes the value that its read of `end` was answered with.
pub fn take_trailers(end: u32, count: u32) -> Trailers {
    match take(checked(|runtime| runtime.take(end, TRAILERS, count))) {
        Some(Value::Trailers(trailers)) => trailers,
        _ => trap("a future was read that has another value"),
    }
}
