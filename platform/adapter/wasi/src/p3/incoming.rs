//! Bodies that the guest reads: the stream of their bytes and the future of their trailers.
//!
//! Theory of operation. Bytes stay in [`IncomingBytes`], and the runtime is told how many there are; the guest takes them
//! when its read has been answered. The host is asked for more when the guest reads and there are none. A stream or a
//! future that the guest passes back to the adapter, to be a part of what it sends, is taken back: then the bytes do not
//! concern the guest any more, and go from one side of the adapter to the other.

use super::promises::{self, Trailers};
use super::runtime::{BYTES, checked, with};
use crate::http_types::incoming_bytes::IncomingBytes;
use crate::io_poll::Awaited;
use crate::traps::trap;
use async_runtime::ChannelId;
use core::cell::RefCell;
use std::rc::Rc;

type Held = Vec<(ChannelId, Rc<IncomingBytes>)>;

thread_local! {
    static STREAMS: RefCell<Held> = const { RefCell::new(Vec::new()) };
    /// Futures of trailers that have not been written.
    static FUTURES: RefCell<Held> = const { RefCell::new(Vec::new()) };
}

/// Hands over to the guest the stream of a body.
pub fn give_stream(bytes: Rc<IncomingBytes>) -> u32 {
    let (channel, handle) = checked(|runtime| runtime.native_writer(BYTES));
    bytes.stream_is_taken();
    let is_open = offer(channel, &bytes, false);
    if is_open {
        STREAMS.with_borrow_mut(|streams| streams.push((channel, bytes)));
    }
    handle
}

/// Hands over to the guest the future of a body's trailers.
pub fn give_trailers(bytes: Rc<IncomingBytes>) -> u32 {
    let (channel, handle) = promises::trailers();
    FUTURES.with_borrow_mut(|futures| futures.push((channel, bytes)));
    handle
}

/// A stream that has ended already.
pub fn give_empty_stream() -> u32 {
    let (channel, handle) = checked(|runtime| runtime.native_writer(BYTES));
    with(|runtime| runtime.drop_native_writer(channel));
    handle
}

/// Takes back the stream of a body that the guest has passed to the adapter, if it is one.
pub fn take_back_stream(channel: ChannelId) -> Option<Rc<IncomingBytes>> {
    let bytes = remove(&STREAMS, channel)?;
    release(channel);
    Some(bytes)
}

/// Takes back the future of a body's trailers that the guest has passed to the adapter, if it is one.
pub fn take_back_trailers(channel: ChannelId) -> Option<Rc<IncomingBytes>> {
    let bytes = remove(&FUTURES, channel)?;
    release(channel);
    Some(bytes)
}

/// Ends a channel that has the adapter at both ends.
pub fn release(channel: ChannelId) {
    with(|runtime| {
        runtime.withdraw(channel);
        runtime.drop_native_writer(channel);
        runtime.drop_native_reader(channel);
    });
}

/// The guest has dropped the readable end of a stream or future.
pub fn reader_is_gone(channel: ChannelId) {
    if let Some(bytes) = remove(&STREAMS, channel) {
        bytes.stream_is_gone();
    } else {
        remove(&FUTURES, channel);
    }
}

fn remove(
    list: &'static std::thread::LocalKey<RefCell<Held>>,
    channel: ChannelId,
) -> Option<Rc<IncomingBytes>> {
    list.with_borrow_mut(|list| {
        let at = list.iter().position(|(each, _)| *each == channel)?;
        Some(list.swap_remove(at).1)
    })
}

fn all(list: &'static std::thread::LocalKey<RefCell<Held>>) -> Held {
    list.with_borrow(Vec::clone)
}

/// The guest is about to read `end`: makes bytes available, if there are any.
pub fn prepare(end: u32) {
    let Ok(channel) = with(|runtime| runtime.channel_of(end)) else {
        return;
    };
    let bytes = STREAMS.with_borrow(|streams| {
        let held = streams.iter().find(|(each, _)| *each == channel);
        held.map(|(_, bytes)| bytes.clone())
    });
    if let Some(bytes) = bytes {
        refresh(channel, &bytes, true);
    }
}

/// Tells the runtime how many bytes there are, and whether that is all; asks the host if `ask` says so and there are
/// none. False once the guest has been told of the last.
fn offer(channel: ChannelId, bytes: &IncomingBytes, ask: bool) -> bool {
    let offered = with(|runtime| runtime.offered(channel)) as usize;
    let there = if offered == 0 && ask {
        bytes.available()
    } else {
        bytes.buffered()
    };
    let is_over = bytes.is_over();
    with(|runtime| {
        if there > offered {
            runtime.offer(channel, (there - offered) as u32);
        }
        if is_over {
            runtime.drop_native_writer(channel);
        }
    });
    there > 0 || !is_over
}

fn refresh(channel: ChannelId, bytes: &Rc<IncomingBytes>, ask: bool) {
    if !offer(channel, bytes, ask) && remove(&STREAMS, channel).is_some() {
        bytes.stream_is_gone();
    }
}

/// The guest takes the bytes that its read of `end` was answered with.
pub fn take(end: u32, count: u32) -> Vec<u8> {
    let channel = checked(|runtime| runtime.take(end, BYTES, count));
    let bytes = STREAMS.with_borrow(|streams| {
        let held = streams.iter().find(|(each, _)| *each == channel);
        held.map(|(_, bytes)| bytes.clone())
    });
    let Some(bytes) = bytes else {
        trap("bytes were read of a stream that has none");
    };
    let taken = bytes.take(count as usize);
    refresh(channel, &bytes, false);
    taken
}

/// Gives the guest what has come that it waits for.
pub fn settle() {
    for (channel, bytes) in all(&STREAMS) {
        let is_wanted = with(|runtime| runtime.is_wanted(channel));
        refresh(channel, &bytes, is_wanted);
    }
    for (channel, bytes) in all(&FUTURES) {
        let is_wanted = with(|runtime| runtime.is_wanted(channel));
        if let Some(trailers) = trailers_of(&bytes, is_wanted) {
            remove(&FUTURES, channel);
            promises::resolve_trailers(channel, trailers);
        }
    }
}

/// What a body has come to. If nobody reads it and somebody wants to know, what is left is given away.
pub fn trailers_of(bytes: &IncomingBytes, is_wanted: bool) -> Option<Trailers> {
    while is_wanted && !bytes.has_stream() && bytes.available() > 0 {
        bytes.take(usize::MAX);
    }
    bytes.outcome()
}

/// The bodies that the guest waits for.
fn waited_for() -> Vec<Rc<IncomingBytes>> {
    let mut found = Vec::new();
    for (list, is_future) in [(&STREAMS, false), (&FUTURES, true)] {
        for (channel, bytes) in all(list) {
            if (!is_future || !bytes.has_stream()) && with(|runtime| runtime.is_wanted(channel)) {
                found.push(bytes);
            }
        }
    }
    found
}

/// The tasks of the host that the guest waits for.
pub fn awaited() -> Vec<u32> {
    let bodies = waited_for();
    bodies
        .iter()
        .filter_map(|bytes| bytes.awaited_task())
        .collect()
}

/// The host has said that a task is ready.
pub fn task_is_ready(task: u32) {
    for bytes in waited_for() {
        if bytes.awaited_task() == Some(task) {
            bytes.task_is_ready();
        }
    }
}
