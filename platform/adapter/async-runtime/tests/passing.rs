//! Ends of streams and futures that go from the guest to native code, and back.
mod support;

use async_runtime::{
    Event,
    EventCode::{FutureWrite, StreamWrite},
    Runtime,
};
use support::*;

#[test]
fn the_guest_writes_a_future_of_native_code() {
    let mut runtime = Runtime::new();
    let (readable, writable) = own(&mut runtime, FUTURE_TEXT);
    assert_eq!(write(&mut runtime, writable, FUTURE_TEXT, 24, 1), BLOCKED);
    let channel = runtime.native_reader_of(readable, FUTURE_TEXT).unwrap();
    runtime.set_room(channel, 1);
    let set = runtime.set_new().unwrap();
    runtime.join(writable, set).unwrap();
    assert_eq!(
        runtime.poll(set, 0),
        Ok(event(FutureWrite, writable, COMPLETED))
    );
    assert_eq!(
        runtime.claim(writable),
        Ok(u64::from(FUTURE_TEXT) | 24 << 32)
    );
    assert_eq!(runtime.put(writable, FUTURE_TEXT, 1), Ok(channel));
    assert_eq!(
        runtime.drop_writable(writable, FUTURE_TEXT),
        Ok(Some(channel))
    );
}

#[test]
fn an_end_is_passed_on_when_it_is_idle_and_in_no_set() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, BYTES);
    runtime.join(readable, set).unwrap();
    traps(
        runtime.native_reader_of(readable, BYTES),
        "in a waitable set",
    );
    runtime.join(readable, 0).unwrap();
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 1), BLOCKED);
    traps(runtime.native_reader_of(readable, BYTES), "under way");
    runtime.drop_writable(writable, BYTES).unwrap();
    assert_eq!(runtime.cancel_read(readable, BYTES, true), Ok(DROPPED));
    traps(runtime.native_reader_of(readable, BYTES), "after the end");
}

#[test]
fn an_end_goes_to_native_code_and_back() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, BYTES);
    runtime.join(writable, set).unwrap();
    assert_eq!(write(&mut runtime, writable, BYTES, 0, 10), BLOCKED);
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0, 3),
        copied(COMPLETED, 3, 0)
    );
    let channel = runtime.native_reader_of(readable, BYTES).unwrap();
    runtime.set_room(channel, 100);
    assert_eq!(
        runtime.has_waiting_write(channel),
        None,
        "it ends with what the guest has read"
    );
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamWrite, writable, COMPLETED, 3))
    );
    assert_eq!(
        (runtime.claim(writable), runtime.room(channel)),
        (Ok(0), 100)
    );
    runtime.set_room(channel, 0);
    assert_eq!(write(&mut runtime, writable, BYTES, 0, 10), BLOCKED);
    runtime.set_room(channel, 5);
    let readable = runtime.give_readable(channel).unwrap();
    assert_eq!(runtime.poll(set, 0), Ok(Event::NONE), "the room is gone");
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0, 3),
        copied(COMPLETED, 3, 0)
    );
    traps(runtime.give_readable(channel), "has not got");
}

#[test]
fn what_is_passed_through_has_two_native_ends() {
    let mut runtime = Runtime::new();
    let (channel, readable) = runtime.native_writer(BYTES).unwrap();
    runtime.offer(channel, 5);
    assert!(!runtime.both_native(channel));
    assert_eq!(runtime.native_reader_of(readable, BYTES), Ok(channel));
    assert!(runtime.both_native(channel));
    assert!(!runtime.can_be_woken());
    assert_eq!(runtime.withdraw(channel), 5);
    runtime.drop_native_writer(channel);
    runtime.drop_native_reader(channel);
    assert!(
        runtime.writer_is_gone(channel)
            && runtime.reader_is_gone(channel)
            && !runtime.both_native(channel)
    );
    let (next, _) = runtime.native_writer(BYTES).unwrap();
    assert!(next != channel && !runtime.writer_is_gone(next));
    runtime.drop_native_writer(channel);
    assert!(
        !runtime.writer_is_gone(next),
        "who left a channel has no hold on the next"
    );
}
