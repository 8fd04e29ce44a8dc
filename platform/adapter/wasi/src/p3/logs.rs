//! Streams that the guest writes to stdout and stderr.

use super::bodies::Contents;
use super::incoming;
use super::promises;
use super::runtime::{BYTES, checked, with};
use crate::io_poll::Awaited;
use crate::log_streams::{BUDGET, LogStream};
use async_runtime::ChannelId;
use core::cell::RefCell;

struct Log {
    stream: LogStream,
    contents: Contents,
    /// The future of how it went.
    done: ChannelId,
}

thread_local! {
    static LOGS: RefCell<Vec<Log>> = const { RefCell::new(Vec::new()) };
}

/// `write-via-stream`: returns the future of how it went.
pub fn write(stream: LogStream, data: u32) -> u32 {
    let channel = checked(|runtime| runtime.native_reader_of(data, BYTES));
    let contents = match incoming::take_back_stream(channel) {
        Some(bytes) => Contents::Passed(bytes),
        None => Contents::Written(channel),
    };
    let (done, handle) = promises::standard_outcome();
    let mut log = Log {
        stream,
        contents,
        done,
    };
    if !log.advance() {
        LOGS.with_borrow_mut(|logs| logs.push(log));
    }
    handle
}

impl Log {
    /// Takes what there is; tells whether that was the last.
    fn advance(&mut self) -> bool {
        let is_over = match &self.contents {
            Contents::None => true,
            Contents::Written(channel) => with(|runtime| {
                let is_over = runtime.writer_is_gone(*channel);
                if is_over {
                    runtime.drop_native_reader(*channel);
                } else {
                    runtime.set_room(*channel, BUDGET as u32);
                }
                is_over
            }),
            Contents::Passed(bytes) => {
                while bytes.available() > 0 {
                    self.stream.write(&bytes.take(BUDGET));
                }
                bytes.is_over()
            }
        };
        if is_over {
            if let Contents::Passed(bytes) = &self.contents {
                bytes.stream_is_gone();
            }
            promises::resolve_outcome(self.done, Ok(()));
        }
        is_over
    }
}

/// Takes what there is.
pub fn settle() {
    let mut logs = LOGS.take();
    logs.retain_mut(|log| !log.advance());
    LOGS.set(logs);
}

/// The guest has written bytes; false if the stream is no log.
pub fn put(channel: ChannelId, contents: &[u8]) -> bool {
    LOGS.with_borrow(|logs| {
        let is_meant =
            |each: &&Log| matches!(each.contents, Contents::Written(it) if it == channel);
        let Some(log) = logs.iter().find(is_meant) else {
            return false;
        };
        log.stream.write(contents);
        with(|runtime| runtime.set_room(channel, BUDGET as u32));
        true
    })
}

/// The tasks of the host that logs wait for.
pub fn awaited() -> Vec<u32> {
    LOGS.with_borrow(|logs| {
        let passed = logs.iter().filter_map(|log| match &log.contents {
            Contents::Passed(bytes) => bytes.awaited_task(),
            _ => None,
        });
        passed.collect()
    })
}

/// The host has said that a task is ready.
pub fn task_is_ready(task: u32) {
    LOGS.with_borrow(|logs| {
        for log in logs {
            if let Contents::Passed(bytes) = &log.contents
                && bytes.awaited_task() == Some(task)
            {
                bytes.task_is_ready();
            }
        }
    });
}
