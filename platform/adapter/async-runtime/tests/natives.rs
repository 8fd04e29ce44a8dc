//! Streams and futures of which native code has an end.
mod support;

use async_runtime::{
    Copy, Event,
    EventCode::{StreamRead, StreamWrite},
    Runtime,
};
use support::*;

#[test]
fn what_is_offered_is_read_at_once_and_taken_once() {
    let mut runtime = Runtime::new();
    let (channel, readable) = runtime.native_writer(BYTES).unwrap();
    assert_eq!(
        (runtime.kind_of(readable), runtime.channel_of(readable)),
        (Ok(BYTES), Ok(channel))
    );
    runtime.offer(channel, 3);
    runtime.offer(channel, 2);
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0, 4),
        moved(COMPLETED, 4)
    );
    assert_eq!(runtime.offered(channel), 1);
    traps(runtime.take(readable, BYTES, 3), "no read or write");
    traps(runtime.take(readable, LONGS, 4), "another type");
    traps(runtime.put(readable, BYTES, 4), "readable end");
    traps(
        runtime.read(readable, BYTES, buffer(BYTES, 0, 1), true),
        "still to be moved",
    );
    traps(runtime.drop_readable(readable, BYTES), "still to be moved");
    traps(
        runtime.native_reader_of(readable, BYTES),
        "still to be moved",
    );
    assert_eq!(runtime.take(readable, BYTES, 4), Ok(channel));
    traps(runtime.take(readable, BYTES, 4), "no read or write");
    traps(runtime.take(readable, BYTES, 0), "no read or write");
}

#[test]
fn an_offer_is_committed_when_it_is_told() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (channel, readable) = runtime.native_writer(LONGS).unwrap();
    runtime.join(readable, set).unwrap();
    assert!(!runtime.is_wanted(channel));
    assert_eq!(read(&mut runtime, readable, LONGS, 0x40, 8), BLOCKED);
    assert!(runtime.is_wanted(channel) && runtime.can_be_woken());
    runtime.offer(channel, 1);
    runtime.offer(channel, 1);
    assert_eq!(runtime.offered(channel), 2);
    assert_eq!(runtime.claim(readable), Ok(0), "it was not told");
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamRead, readable, COMPLETED, 2))
    );
    assert_eq!(
        (runtime.offered(channel), runtime.is_wanted(channel)),
        (0, false)
    );
    assert_eq!(runtime.claim(readable), Ok(u64::from(LONGS) | 0x40 << 32));
    assert_eq!(runtime.take(readable, LONGS, 2), Ok(channel));
    assert_eq!(runtime.claim(readable), Ok(0));
}

#[test]
fn a_read_that_is_cancelled_leaves_what_is_offered() {
    let mut runtime = Runtime::new();
    let (channel, readable) = runtime.native_writer(BYTES).unwrap();
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 8), BLOCKED);
    runtime.offer(channel, 5);
    assert_eq!(runtime.cancel_read(readable, BYTES, true), Ok(CANCELLED));
    assert_eq!(runtime.offered(channel), 5);
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0, 8),
        moved(COMPLETED, 5)
    );
}

#[test]
fn what_was_offered_is_read_after_the_writer_has_gone() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (channel, readable) = runtime.native_writer(BYTES).unwrap();
    runtime.join(readable, set).unwrap();
    runtime.offer(channel, 5);
    runtime.drop_native_writer(channel);
    assert!(runtime.writer_is_gone(channel));
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0, 4),
        moved(COMPLETED, 4)
    );
    runtime.take(readable, BYTES, 4).unwrap();
    assert_eq!(
        read(&mut runtime, readable, BYTES, 0, 4),
        moved(COMPLETED, 1)
    );
    runtime.take(readable, BYTES, 1).unwrap();
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 4), moved(DROPPED, 0));
    assert_eq!(runtime.drop_readable(readable, BYTES), Ok(None));
}

#[test]
fn a_read_that_waits_is_told_that_the_writer_has_gone() {
    for cancels in [true, false] {
        let mut runtime = Runtime::new();
        let set = runtime.set_new().unwrap();
        let (channel, readable) = runtime.native_writer(BYTES).unwrap();
        runtime.join(readable, set).unwrap();
        assert_eq!(read(&mut runtime, readable, BYTES, 0, 4), BLOCKED);
        runtime.drop_native_writer(channel);
        assert!(!runtime.is_wanted(channel));
        if cancels {
            assert_eq!(runtime.cancel_read(readable, BYTES, true), Ok(DROPPED));
        } else {
            assert_eq!(
                runtime.poll(set, 0),
                Ok(stream_event(StreamRead, readable, DROPPED, 0))
            );
        }
        assert_eq!(runtime.poll(set, 0), Ok(Event::NONE));
    }
}

#[test]
fn a_read_of_no_elements_waits_for_an_offer_or_the_end() {
    for offers in [true, false] {
        let mut runtime = Runtime::new();
        let set = runtime.set_new().unwrap();
        let (channel, readable) = runtime.native_writer(BYTES).unwrap();
        runtime.join(readable, set).unwrap();
        assert_eq!(read(&mut runtime, readable, BYTES, 0, 0), BLOCKED);
        assert!(runtime.is_wanted(channel));
        let result = if offers { COMPLETED } else { DROPPED };
        if offers {
            runtime.offer(channel, 3);
        } else {
            runtime.drop_native_writer(channel);
        }
        assert_eq!(
            runtime.poll(set, 0),
            Ok(stream_event(StreamRead, readable, result, 0))
        );
        assert_eq!(
            (runtime.claim(readable), runtime.offered(channel)),
            (Ok(0), if offers { 3 } else { 0 })
        );
    }
}

#[test]
fn an_offer_that_is_withdrawn_was_never_there() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (channel, readable) = runtime.native_writer(BYTES).unwrap();
    runtime.join(readable, set).unwrap();
    assert_eq!(read(&mut runtime, readable, BYTES, 0, 4), BLOCKED);
    runtime.offer(channel, 3);
    assert_eq!(runtime.withdraw(channel), 3);
    assert_eq!(runtime.poll(set, 0), Ok(Event::NONE));
    runtime.offer(channel, 3);
    runtime.drop_native_writer(channel);
    assert_eq!(runtime.withdraw(channel), 3);
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamRead, readable, DROPPED, 0))
    );
}

#[test]
fn room_is_committed_when_it_is_told() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, BYTES);
    let channel = runtime.native_reader_of(readable, BYTES).unwrap();
    traps(runtime.kind_of(readable), "unknown handle");
    runtime.join(writable, set).unwrap();
    assert_eq!(runtime.has_waiting_write(channel), None);
    assert_eq!(write(&mut runtime, writable, BYTES, 0x80, 10), BLOCKED);
    assert_eq!(runtime.has_waiting_write(channel), Some(10));
    runtime.set_room(channel, 4);
    runtime.set_room(channel, 6);
    assert_eq!(runtime.room(channel), 6);
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamWrite, writable, COMPLETED, 6))
    );
    assert_eq!(runtime.claim(writable), Ok(u64::from(BYTES) | 0x80 << 32));
    assert_eq!(runtime.put(writable, BYTES, 6), Ok(channel));
    assert_eq!(runtime.room(channel), 0);
    assert_eq!(write(&mut runtime, writable, BYTES, 0, 1), BLOCKED);
    runtime.set_room(channel, 4);
    assert_eq!(runtime.cancel_write(writable, BYTES, true), Ok(CANCELLED));
    assert_eq!(runtime.room(channel), 4);
    assert_eq!(
        write(&mut runtime, writable, BYTES, 0, 9),
        moved(COMPLETED, 4)
    );
    runtime.put(writable, BYTES, 4).unwrap();
    assert_eq!(runtime.drop_writable(writable, BYTES), Ok(Some(channel)));
    assert!(runtime.writer_is_gone(channel) && !runtime.reader_is_gone(channel));
}

#[test]
fn a_write_is_told_that_the_native_reader_has_gone() {
    let mut runtime = Runtime::new();
    let set = runtime.set_new().unwrap();
    let (readable, writable) = own(&mut runtime, BYTES);
    let channel = runtime.native_reader_of(readable, BYTES).unwrap();
    runtime.join(writable, set).unwrap();
    assert_eq!(write(&mut runtime, writable, BYTES, 0, 10), BLOCKED);
    runtime.set_room(channel, 4);
    runtime.drop_native_reader(channel);
    assert_eq!(
        runtime.poll(set, 0),
        Ok(stream_event(StreamWrite, writable, DROPPED, 0))
    );
    assert_eq!(runtime.drop_writable(writable, BYTES), Ok(None));
    runtime.set_room(channel, 4);
    assert_eq!(runtime.room(channel), 0, "the channel is gone");
}

#[test]
fn the_guest_reads_a_future_of_native_code() {
    let mut runtime = Runtime::new();
    let (channel, readable) = runtime.native_writer(FUTURE_BYTE).unwrap();
    let wait = runtime.read(readable, FUTURE_BYTE, buffer(FUTURE_BYTE, 0, 1), false);
    assert_eq!(wait, Ok(Copy::MustWait));
    assert_eq!(runtime.copy_outcome(readable), Ok(None));
    runtime.offer(channel, 1);
    runtime.drop_native_writer(channel);
    assert_eq!(runtime.is_settled(readable, 0), Ok(true));
    assert_eq!(
        runtime.copy_outcome(readable),
        Ok(Some(u64::from(COMPLETED)))
    );
    assert_eq!(runtime.take(readable, FUTURE_BYTE, 1), Ok(channel));
    assert_eq!(runtime.drop_readable(readable, FUTURE_BYTE), Ok(None));
}
