//! What the tests share: a guest's calls, as short as the canonical ABI's names.
#![allow(dead_code)]

use async_runtime::{Buffer, Copy, Event, EventCode, Next, Runtime, TaskId, Trap};

/// Kinds of streams and futures: bytes, numbers of 8 bytes, without payload, and text, which may not be copied.
pub const BYTES: u32 = 0x11;
pub const LONGS: u32 = 0x12;
pub const NOTHING: u32 = 0x13;
pub const TEXT: u32 = 0x14;
pub const FUTURE_BYTE: u32 = 0x8000_0011;
pub const FUTURE_TEXT: u32 = 0x8000_0014;
/// Answers of copies.
pub const COMPLETED: u32 = 0;
pub const DROPPED: u32 = 1;
pub const CANCELLED: u32 = 2;
pub const BLOCKED: u64 = 0xffff_ffff;
/// The bit of an answer which says that the guest copies the elements itself.
pub const OWN: u64 = 8;

pub fn size_of(kind: u32) -> u32 {
    match kind & 0x7fff_ffff {
        BYTES => 1,
        LONGS => 8,
        NOTHING => 0,
        _ => u32::MAX,
    }
}

pub fn buffer(kind: u32, address: u32, count: u32) -> Buffer {
    Buffer {
        size: size_of(kind),
        address,
        count,
    }
}

/// An asynchronous read.
pub fn read(runtime: &mut Runtime, end: u32, kind: u32, address: u32, count: u32) -> u64 {
    answer(runtime.read(end, kind, buffer(kind, address, count), true))
}

/// An asynchronous write.
pub fn write(runtime: &mut Runtime, end: u32, kind: u32, address: u32, count: u32) -> u64 {
    answer(runtime.write(end, kind, buffer(kind, address, count), true))
}

fn answer(copy: Result<Copy, Trap>) -> u64 {
    match copy.unwrap() {
        Copy::Answer(answer) => answer,
        Copy::MustWait => panic!("an asynchronous copy must not wait"),
    }
}

/// The ends of a new channel whose ends are both the guest's.
pub fn own(runtime: &mut Runtime, kind: u32) -> (u32, u32) {
    let ends = runtime.channel_new(kind).unwrap();
    (ends as u32, (ends >> 32) as u32)
}

/// What a copy answers that has moved elements between ends of the guest.
pub fn copied(result: u32, count: u32, address: u32) -> u64 {
    u64::from(result | count << 4) | OWN | u64::from(address) << 32
}

/// What a copy with native code answers, and the payload of all copies' events.
pub fn moved(result: u32, count: u32) -> u64 {
    u64::from(result | count << 4)
}

pub fn event(code: EventCode, handle: u32, payload: u32) -> Event {
    Event {
        code,
        handle,
        payload,
    }
}

pub fn stream_event(code: EventCode, handle: u32, result: u32, count: u32) -> Event {
    event(code, handle, result | count << 4)
}

/// Begins a task, whose code runs from now on.
pub fn begin(runtime: &mut Runtime) -> TaskId {
    runtime.task_begin().unwrap()
}

pub const EXIT: u32 = 0;
pub const YIELD: u32 = 1;

pub fn wait(set: u32) -> u32 {
    2 | set << 4
}

/// Suspends the current task and picks what goes on.
pub fn next(runtime: &mut Runtime, code: u32) -> Option<Next> {
    runtime.suspend(code).unwrap();
    runtime.next_event(0).unwrap()
}

/// The event that goes on for a task.
pub fn told(code: EventCode, handle: u32, payload: u32) -> Option<Next> {
    Some(Next::Event(event(code, handle, payload)))
}

/// Asserts that a call of the guest is a trap that names the rule.
#[track_caller]
pub fn traps<T: std::fmt::Debug>(result: Result<T, Trap>, rule: &str) {
    let Trap(said) = result.expect_err("no trap");
    assert!(said.contains(rule), "{said:?} does not say {rule:?}");
}

/// A task goes on that has yielded.
pub fn goes_on() -> Option<Next> {
    Some(Next::Event(Event::NONE))
}

/// A runtime whose current task is its first, and a set.
pub fn request_and_set() -> (Runtime, u32) {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    begin(&mut runtime);
    (runtime, set)
}
