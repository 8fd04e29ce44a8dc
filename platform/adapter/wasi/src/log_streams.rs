//! The guest's stdout and stderr: lines gather here and reach the host one call for as many as there are.
//!
//! A line is delivered when it ends, when it gets longer than `LINE_LIMIT`, when the guest flushes, before it waits, and
//! at the end of a request. `blocking-write-and-flush` does not count as a flush: standard libraries print a line in
//! several such writes.

use crate::bindings::whorl::host::cli;
use core::cell::RefCell;

/// What `check-write` permits.
pub const BUDGET: usize = 64 << 10;
const LINE_LIMIT: usize = 4 << 10;

thread_local! {
    static UNFINISHED: [RefCell<Vec<u8>>; 2] = const { [RefCell::new(Vec::new()), RefCell::new(Vec::new())] };
}

/// One of the two streams; all handles of a stream write to the same lines.
#[derive(Clone, Copy)]
pub enum LogStream {
    Stdout,
    Stderr,
}

impl LogStream {
    /// Adds `bytes` to the unfinished line, and delivers the lines that this ends.
    pub fn write(self, bytes: &[u8]) {
        self.with(|line| {
            line.extend_from_slice(bytes);
            let ended = line
                .iter()
                .rposition(|&byte| byte == b'\n')
                .map_or(0, |at| at + 1);
            let due = if line.len() - ended >= LINE_LIMIT {
                line.len()
            } else {
                ended
            };
            if due > 0 {
                cli::log(self.number(), &packing::pack(&line[..due]));
                line.drain(..due);
            }
        });
    }

    /// Delivers the unfinished line.
    pub fn flush(self) {
        self.with(|line| {
            if !line.is_empty() {
                cli::log(self.number(), &packing::pack(line));
                line.clear();
            }
        });
    }

    fn with(self, action: impl FnOnce(&mut Vec<u8>)) {
        UNFINISHED.with(|lines| action(&mut lines[self as usize].borrow_mut()));
    }

    fn number(self) -> u32 {
        self as u32 + 1
    }
}

/// Delivers the unfinished lines of both.
pub fn deliver() {
    LogStream::Stdout.flush();
    LogStream::Stderr.flush();
}
