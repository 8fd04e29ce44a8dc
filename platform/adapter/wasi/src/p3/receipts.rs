//! Futures that the guest writes and that decide nothing: what it made of a body that it has read, and trailers of
//! messages that have none.

use super::promises::{self, Outcome};
use super::runtime::with;
use async_runtime::ChannelId;
use core::cell::RefCell;

thread_local! {
    /// Futures that are not written yet, and those that are written with what they are.
    static AWAITED: RefCell<Vec<(ChannelId, Option<ChannelId>)>> = const { RefCell::new(Vec::new()) };
}

/// Takes what the guest will write; `forward` is then written with it.
pub fn accept(channel: ChannelId, forward: Option<ChannelId>) {
    if with(|runtime| runtime.both_native(channel) || runtime.writer_is_gone(channel)) {
        promises::forget(channel);
        with(|runtime| {
            runtime.withdraw(channel);
            runtime.drop_native_writer(channel);
            runtime.drop_native_reader(channel);
        });
        if let Some(forward) = forward {
            promises::resolve_outcome(forward, Ok(()));
        }
        return;
    }
    with(|runtime| runtime.set_room(channel, 1));
    AWAITED.with_borrow_mut(|awaited| awaited.push((channel, forward)));
}

/// The guest has written one; false if it was none of these.
pub fn put(channel: ChannelId, outcome: Outcome) -> bool {
    let found = AWAITED.with_borrow_mut(|awaited| {
        let at = awaited.iter().position(|(each, _)| *each == channel)?;
        Some(awaited.swap_remove(at).1)
    });
    let Some(forward) = found else {
        return false;
    };
    with(|runtime| runtime.drop_native_reader(channel));
    if let Some(forward) = forward {
        promises::resolve_outcome(forward, outcome);
    }
    true
}
