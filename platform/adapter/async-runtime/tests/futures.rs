//! Futures whose ends are both the guest's.
mod support;

use async_runtime::{
    EventCode::{FutureRead, FutureWrite},
    Runtime,
};
use support::*;

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
