//! Streams whose ends are both the guest's.
mod support;

use async_runtime::{
    EventCode::{StreamRead, StreamWrite},
    Runtime,
};
use support::*;

#[test]
fn a_write_meets_a_read_that_waits() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, LONGS);
    assert_eq!((readable, writable), (2, 3));
    runtime.join(readable, set).unwrap();
    assert_eq!(read(&mut runtime, readable, LONGS, 0x100, 5), BLOCKED);
    assert_eq!(
        write(&mut runtime, writable, LONGS, 0x200, 2),
        copied(COMPLETED, 2, 0x100)
    );
    assert_eq!(
        write(&mut runtime, writable, LONGS, 0x300, 1),
        copied(COMPLETED, 1, 0x110),
        "there is room still"
    );
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamRead, readable, COMPLETED, 3))
    );
    assert_eq!(runtime.claim(readable), Ok(0));
    assert_eq!(write(&mut runtime, writable, LONGS, 0x200, 2), BLOCKED);
}

#[test]
fn a_read_meets_a_write_that_waits() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, LONGS);
    runtime.join(writable, set).unwrap();
    assert_eq!(write(&mut runtime, writable, LONGS, 0x100, 3), BLOCKED);
    assert_eq!(
        read(&mut runtime, readable, LONGS, 0x200, 1),
        copied(COMPLETED, 1, 0x100)
    );
    assert_eq!(
        read(&mut runtime, readable, LONGS, 0x200, 9),
        copied(COMPLETED, 2, 0x108)
    );
    assert_eq!(
        read(&mut runtime, readable, LONGS, 0x200, 9),
        BLOCKED,
        "the write is exhausted"
    );
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamWrite, writable, COMPLETED, 3))
    );
}

#[test]
fn a_drop_after_a_partial_copy_is_told_with_what_was_copied() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, BYTES);
    runtime.join(writable, set).unwrap();
    assert_eq!(write(&mut runtime, writable, BYTES, 0, 12), BLOCKED);
    assert_eq!(
        read(&mut runtime, readable, BYTES, 64, 4),
        copied(COMPLETED, 4, 0)
    );
    assert_eq!(runtime.drop_readable(readable, BYTES), Ok(None));
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamWrite, writable, DROPPED, 4))
    );
    traps(
        runtime.write(writable, BYTES, buffer(BYTES, 0, 1), true),
        "after the end",
    );
    assert_eq!(runtime.drop_writable(writable, BYTES), Ok(None));
}

#[test]
fn cancelling_answers_what_was_copied() {
    let mut runtime = Runtime::new();
    let (readable, writable) = own(&mut runtime, BYTES);
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 100), BLOCKED);
    assert_eq!(runtime.cancel_read(readable, BYTES, false), Ok(CANCELLED));
    traps(runtime.cancel_read(readable, BYTES, false), "to cancel");
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 100), BLOCKED);
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0, 4),
        copied(COMPLETED, 4, 0)
    );
    assert_eq!(
        runtime.cancel_read(readable, BYTES, false),
        Ok(CANCELLED | 4 << 4)
    );
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0, 8),
        BLOCKED,
        "the read is over"
    );
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0, 4),
        copied(COMPLETED, 4, 0)
    );
    assert_eq!(
        runtime.cancel_write(writable, BYTES, true),
        Ok(CANCELLED | 4 << 4)
    );
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 100), BLOCKED);
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0, 4),
        copied(COMPLETED, 4, 0)
    );
    runtime.drop_writable(writable, BYTES).unwrap();
    assert_eq!(
        runtime.cancel_read(readable, BYTES, false),
        Ok(DROPPED | 4 << 4)
    );
    traps(
        runtime.read(readable, BYTES, buffer(BYTES, 0, 1), true),
        "after the end",
    );
}

#[test]
fn copies_of_no_elements_tell_that_the_other_end_is_ready() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, BYTES);
    runtime.join(writable, set).unwrap();
    runtime.join(readable, set).unwrap();
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0xdead_beef, 0),
        BLOCKED
    );
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0xdead_beef, 0),
        BLOCKED,
        "the write ends, the read waits"
    );
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamWrite, writable, COMPLETED, 0))
    );
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0, 0),
        moved(COMPLETED, 0),
        "both are of no elements"
    );
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0, 4),
        BLOCKED,
        "the read ends, the write waits"
    );
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamRead, readable, COMPLETED, 0))
    );
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0, 0),
        moved(COMPLETED, 0),
        "something is there"
    );
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0, 4),
        copied(COMPLETED, 4, 0)
    );
}

#[test]
fn what_has_no_payload_is_counted() {
    let mut runtime = Runtime::new();
    let (readable, writable) = own(&mut runtime, NOTHING);
    assert_eq!(read(&mut runtime, readable, NOTHING, u32::MAX, 3), BLOCKED);
    assert_eq!(
        write(&mut runtime, writable, NOTHING, u32::MAX, 2),
        copied(COMPLETED, 2, u32::MAX)
    );
}

#[test]
fn a_drop_ends_the_copy_of_the_other_end() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, BYTES);
    runtime.join(readable, set).unwrap();
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 4), BLOCKED);
    runtime.drop_writable(writable, BYTES).unwrap();
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamRead, readable, DROPPED, 0))
    );
    let (readable, writable) = own(&mut runtime, BYTES);
    runtime.drop_readable(readable, BYTES).unwrap();
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0, 4),
        moved(DROPPED, 0)
    );
    traps(
        runtime.write(writable, BYTES, buffer(BYTES, 0, 4), true),
        "after the end",
    );
}
