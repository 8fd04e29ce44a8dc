//! What the guest may not do with ends of streams.
mod support;

use async_runtime::{Copy, Runtime};
use support::*;

#[test]
fn one_component_does_not_copy_other_types() {
    for (kind, count) in [(TEXT, 0), (TEXT, 1), (FUTURE_TEXT, 1)] {
        let mut runtime = Runtime::new();
        let (readable, writable) = own(&mut runtime, kind);
        assert_eq!(read(&mut runtime, readable, kind, 0, count), BLOCKED);
        traps(
            runtime.write(writable, kind, buffer(kind, 0, count), true),
            "same component",
        );
        let (readable, writable) = own(&mut runtime, kind);
        assert_eq!(write(&mut runtime, writable, kind, 0, count), BLOCKED);
        traps(
            runtime.read(readable, kind, buffer(kind, 0, count), true),
            "same component",
        );
    }
}

#[test]
fn ends_are_not_dropped_while_they_copy() {
    let mut runtime = Runtime::new();
    let (readable, writable) = own(&mut runtime, BYTES);
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 4), BLOCKED);
    traps(runtime.drop_readable(readable, BYTES), "under way");
    traps(
        runtime.read(readable, BYTES, buffer(BYTES, 0, 4), true),
        "under way",
    );
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0, 4),
        copied(COMPLETED, 4, 0)
    );
    traps(runtime.drop_readable(readable, BYTES), "under way");
    assert_eq!(
        runtime.drop_writable(writable, BYTES),
        Ok(None),
        "its copy has ended"
    );
}

#[test]
fn ends_are_what_the_call_says() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let subtask = runtime.subtask_new(None).unwrap();
    let (readable, writable) = own(&mut runtime, BYTES);
    let bytes = buffer(BYTES, 0, 1);
    traps(runtime.read(writable, BYTES, bytes, true), "writable end");
    traps(runtime.write(readable, BYTES, bytes, true), "readable end");
    traps(runtime.cancel_read(writable, BYTES, true), "writable end");
    traps(runtime.cancel_write(readable, BYTES, true), "readable end");
    traps(runtime.drop_readable(writable, BYTES), "writable end");
    traps(runtime.drop_writable(readable, BYTES), "readable end");
    traps(runtime.read(readable, LONGS, bytes, true), "another type");
    traps(
        runtime.read(readable, FUTURE_BYTE, bytes, true),
        "another type",
    );
    traps(runtime.cancel_read(readable, LONGS, true), "another type");
    traps(runtime.drop_writable(writable, LONGS), "another type");
    traps(runtime.native_reader_of(readable, LONGS), "another type");
    traps(runtime.native_reader_of(writable, BYTES), "writable end");
    for handle in [set, subtask] {
        traps(runtime.read(handle, BYTES, bytes, true), "not an end");
        traps(runtime.drop_readable(handle, BYTES), "not an end");
        traps(runtime.native_reader_of(handle, BYTES), "not an end");
        traps(runtime.kind_of(handle), "not an end");
        traps(runtime.copy_outcome(handle), "not an end");
    }
    traps(runtime.read(99, BYTES, bytes, true), "unknown handle");
    traps(runtime.copy_outcome(readable), "no copy");
}

#[test]
fn buffers_have_their_bounds() {
    let mut runtime = Runtime::new();
    let (readable, writable) = own(&mut runtime, LONGS);
    traps(
        runtime.read(readable, LONGS, buffer(LONGS, 0, 1 << 28), true),
        "more elements",
    );
    assert_eq!(
        read(&mut runtime, readable, LONGS, u32::MAX - 7, (1 << 28) - 1),
        BLOCKED
    );
    assert_eq!(
        write(&mut runtime, writable, LONGS, 0, 1),
        copied(COMPLETED, 1, u32::MAX - 7)
    );
    traps(
        runtime.write(writable, LONGS, buffer(LONGS, 0, 1), true),
        "outside of the memory",
    );
    let (future, _) = own(&mut runtime, FUTURE_BYTE);
    traps(
        runtime.read(future, FUTURE_BYTE, buffer(FUTURE_BYTE, 0, 2), true),
        "more elements",
    );
    traps(
        runtime.read(future, FUTURE_BYTE, buffer(FUTURE_BYTE, 0, 0), true),
        "elements",
    );
}

#[test]
fn synchronous_copies_are_of_ends_in_no_set_and_wait() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, BYTES);
    runtime.join(readable, set).unwrap();
    traps(
        runtime.read(readable, BYTES, buffer(BYTES, 0, 1), false),
        "in a waitable set",
    );
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 1), BLOCKED);
    traps(
        runtime.cancel_read(readable, BYTES, false),
        "in a waitable set",
    );
    runtime.join(readable, 0).unwrap();
    assert_eq!(runtime.cancel_read(readable, BYTES, false), Ok(CANCELLED));
    assert_eq!(
        runtime.read(readable, BYTES, buffer(BYTES, 0, 1), false),
        Ok(Copy::MustWait)
    );
    assert_eq!(runtime.copy_outcome(readable), Ok(None));
    assert_eq!(runtime.is_settled(readable, 0), Ok(false));
    assert!(!runtime.can_be_woken(), "nobody else can write");
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0, 1),
        copied(COMPLETED, 1, 0)
    );
    assert_eq!(runtime.is_settled(readable, 0), Ok(true));
    assert_eq!(
        runtime.copy_outcome(readable),
        Ok(Some(moved(COMPLETED, 1)))
    );
}
