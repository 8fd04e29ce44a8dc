//! Streams and futures whose ends are both the guest's, and what holds for all ends.
mod support;

use async_runtime::{
    Copy,
    EventCode::{FutureRead, FutureWrite, StreamRead, StreamWrite},
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

#[test]
fn a_future_is_copied_once() {
    for reads_first in [true, false] {
        let mut runtime = Runtime::new();
        let set = runtime.set_new().unwrap();
        let (readable, writable) = own(&mut runtime, FUTURE_BYTE);
        let kind = FUTURE_BYTE;
        traps(
            runtime.drop_writable(writable, kind),
            "before it was written",
        );
        let (waits, code) = if reads_first {
            (readable, FutureRead)
        } else {
            (writable, FutureWrite)
        };
        runtime.join(waits, set).unwrap();
        if reads_first {
            assert_eq!(read(&mut runtime, readable, kind, 5, 1), BLOCKED);
            assert_eq!(
                write(&mut runtime, writable, kind, 9, 1),
                u64::from(COMPLETED) | OWN | 5 << 32
            );
            assert_eq!(runtime.drop_writable(writable, kind), Ok(None));
        } else {
            assert_eq!(write(&mut runtime, writable, kind, 5, 1), BLOCKED);
            traps(runtime.drop_writable(writable, kind), "under way");
            assert_eq!(
                read(&mut runtime, readable, kind, 9, 1),
                u64::from(COMPLETED) | OWN | 5 << 32
            );
            assert_eq!(runtime.drop_readable(readable, kind), Ok(None));
        }
        assert_eq!(
            runtime.poll(set, 0),
            Ok(event(code, waits, COMPLETED)),
            "completed, not dropped"
        );
        traps(
            match reads_first {
                true => runtime.read(readable, kind, buffer(kind, 0, 1), true),
                false => runtime.write(writable, kind, buffer(kind, 0, 1), true),
            },
            "after the end",
        );
        if reads_first {
            runtime.join(readable, 0).unwrap();
            traps(runtime.native_reader_of(readable, kind), "after the end");
        }
    }
}

#[test]
fn a_future_that_nobody_reads_is_dropped_after_the_writer_was_told() {
    let mut runtime = Runtime::new();
    let (readable, writable) = own(&mut runtime, FUTURE_BYTE);
    runtime.drop_readable(readable, FUTURE_BYTE).unwrap();
    traps(
        runtime.drop_writable(writable, FUTURE_BYTE),
        "before it was written",
    );
    assert_eq!(
        write(&mut runtime, writable, FUTURE_BYTE, 0, 1),
        u64::from(DROPPED)
    );
    assert_eq!(runtime.drop_writable(writable, FUTURE_BYTE), Ok(None));
}

#[test]
fn a_future_whose_write_was_cancelled_is_still_to_be_written() {
    let mut runtime = Runtime::new();
    let (readable, writable) = own(&mut runtime, FUTURE_BYTE);
    assert_eq!(write(&mut runtime, writable, FUTURE_BYTE, 0, 1), BLOCKED);
    assert_eq!(
        runtime.cancel_write(writable, FUTURE_BYTE, true),
        Ok(CANCELLED)
    );
    traps(
        runtime.drop_writable(writable, FUTURE_BYTE),
        "before it was written",
    );
    assert_eq!(write(&mut runtime, writable, FUTURE_BYTE, 0, 1), BLOCKED);
    assert_eq!(
        read(&mut runtime, readable, FUTURE_BYTE, 0, 1),
        u64::from(COMPLETED) | OWN
    );
    assert_eq!(
        runtime.cancel_write(writable, FUTURE_BYTE, true),
        Ok(COMPLETED),
        "it was written"
    );
}

#[test]
fn another_task_may_write_what_one_reads() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    begin(&mut runtime);
    let (readable, writable) = own(&mut runtime, FUTURE_BYTE);
    assert_eq!(read(&mut runtime, readable, FUTURE_BYTE, 0, 1), BLOCKED);
    runtime.join(readable, set).unwrap();
    assert_eq!(next(&mut runtime, wait(set)), None);
    begin(&mut runtime);
    assert_eq!(
        write(&mut runtime, writable, FUTURE_BYTE, 8, 1),
        u64::from(COMPLETED) | OWN
    );
    runtime.task_return().unwrap();
    assert_eq!(
        next(&mut runtime, EXIT),
        told(FutureRead, readable, COMPLETED)
    );
}
