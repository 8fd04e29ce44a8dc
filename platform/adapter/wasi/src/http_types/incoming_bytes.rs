//! The bytes of a body on their way in: of the request that is served, or of the response to one that the guest has sent.

use super::calls::Call;
use super::error_codes;
use super::fields::FieldList;
use crate::bindings::exports::wasi::http::types::ErrorCode;
use crate::bindings::exports::wasi::io::streams::StreamError;
use crate::bindings::whorl::host::{http_client, http_server};
use crate::buffers::Buffer;
use crate::io_error::failed;
use crate::io_poll::{Awaited, Readiness};
use crate::traps::trap;
use crate::{exchange, shared_memory};
use core::cell::{Cell, RefCell};
use std::rc::Rc;

/// The task that is ready when more of the request's body can be had.
const REQUEST_BODY_TASK: u32 = 1;
/// The most that is asked for at once. With larger pieces, more of the guest's memory is touched for nothing.
const CHUNK: u32 = 64 << 10;

/// What the host adds to a count of bytes that are the last.
const ENDED: u32 = 1 << 31;

/// Where more of a body comes from.
pub enum Source {
    /// The request that the instance serves, with its generation.
    Served(u32),
    /// The response to a request that the guest has sent.
    Called(Rc<Call>),
}

enum End {
    NotYet,
    /// The body is whole; its trailers, if it has any.
    Complete(Option<FieldList>),
    Failed(ErrorCode),
}

/// The bytes of a body on their way in.
pub struct IncomingBytes {
    source: Source,
    buffer: RefCell<Buffer>,
    end: RefCell<End>,
    /// Whether the reader of the stream has been told of the failure.
    failure_was_told: Cell<bool>,
    /// Whether the host has said that there is more.
    more_arrived: Cell<bool>,
    /// Whether the host has said that there is nothing yet, and not yet that there is.
    is_waiting: Cell<bool>,
    stream_is_alive: Cell<bool>,
}

impl IncomingBytes {
    /// A body that begins with `start` and goes on, if `more` says so, with what `source` gives.
    pub fn new(source: Source, start: Buffer, more: bool) -> Self {
        Self {
            source,
            buffer: RefCell::new(start),
            end: RefCell::new(if more {
                End::NotYet
            } else {
                End::Complete(None)
            }),
            failure_was_told: Cell::new(false),
            more_arrived: Cell::new(false),
            is_waiting: Cell::new(false),
            stream_is_alive: Cell::new(false),
        }
    }

    /// Whether all of the body has come, or all that will come of it.
    pub fn is_over(&self) -> bool {
        !matches!(*self.end.borrow(), End::NotYet)
    }

    fn is_empty(&self) -> bool {
        self.buffer.borrow().is_empty()
    }

    /// Asks the host for more, if nothing is left and there may be more.
    fn fill(&self) {
        if !self.is_empty() || self.is_over() {
            return;
        }
        self.more_arrived.set(false);
        if self.is_cut_off() {
            self.end.replace(End::Failed(self.why_cut_off()));
            return;
        }
        if shared_memory::is_offered() && self.fill_directly() {
            return;
        }
        let mut answer = self.ask();
        if let Some(challenge) = answer.strip_prefix('m') {
            shared_memory::accept(challenge);
            if self.fill_directly() {
                return;
            }
            answer = self.ask();
        }
        match answer.as_bytes().first() {
            Some(b'p') => self.is_waiting.set(true),
            Some(b'e') => {
                let trailers = (answer.len() > 1).then(|| FieldList::parse(&answer[1..]));
                self.end.replace(End::Complete(trailers));
            }
            Some(b'x') => {
                self.end
                    .replace(End::Failed(error_codes::parse(&answer[1..])));
            }
            _ => match Buffer::unpack(answer) {
                Some(bytes) => *self.buffer.borrow_mut() = bytes,
                None => trap("the host gave a piece of a body that is none"),
            },
        }
    }

    fn ask(&self) -> String {
        match &self.source {
            Source::Served(_) => http_server::body_read(CHUNK),
            Source::Called(call) => http_client::read(call.task(), CHUNK),
        }
    }

    /// Lets the host write to the buffer; tells whether it had anything to write.
    fn fill_directly(&self) -> bool {
        if !shared_memory::is_found() {
            return false;
        }
        let mut answer = 0;
        let bytes = shared_memory::filled(CHUNK, |address, size| {
            answer = match &self.source {
                Source::Served(_) => http_server::body_into(address, size),
                Source::Called(call) => http_client::read_into(call.task(), address, size),
            };
            answer & !ENDED
        });
        if answer & ENDED != 0 {
            self.end.replace(End::Complete(None));
        }
        let is_filled = !bytes.is_empty();
        if is_filled {
            *self.buffer.borrow_mut() = Buffer::of(bytes);
        }
        is_filled || answer & ENDED != 0
    }

    /// Gives away what there is, up to the end, so that the trailers can be had.
    fn discard(&self) {
        loop {
            *self.buffer.borrow_mut() = Buffer::default();
            self.fill();
            if self.is_empty() {
                return;
            }
        }
    }

    fn task(&self) -> u32 {
        match &self.source {
            Source::Served(_) => REQUEST_BODY_TASK,
            Source::Called(call) => call.task(),
        }
    }

    fn is_cut_off(&self) -> bool {
        match &self.source {
            Source::Served(generation) => !exchange::is_current(*generation),
            Source::Called(call) => call.is_closed(),
        }
    }

    fn why_cut_off(&self) -> ErrorCode {
        match &self.source {
            Source::Served(_) => ErrorCode::ConnectionTerminated,
            Source::Called(call) => call.failure(),
        }
    }

    /// Returns how many bytes can be taken at once. Asks the host if there are none, unless it has said that it has none.
    pub fn available(&self) -> usize {
        if !self.is_waiting.get() || self.is_cut_off() {
            self.fill();
        }
        self.buffer.borrow().len()
    }

    /// Returns how many bytes have come that nobody has taken.
    pub fn buffered(&self) -> usize {
        self.buffer.borrow().len()
    }

    /// Removes at most `max` of them.
    pub fn take(&self, max: usize) -> Vec<u8> {
        self.buffer.borrow_mut().take(max)
    }

    /// The task of the host that is ready when there are more, if there can be.
    pub fn awaited_task(&self) -> Option<u32> {
        (self.is_empty() && !self.is_over() && !self.is_cut_off()).then(|| self.task())
    }

    /// What the body has come to, once all of it has been taken: its trailers, if it has any.
    pub fn outcome(&self) -> Option<Result<Option<FieldList>, ErrorCode>> {
        if !self.is_empty() {
            return None;
        }
        match &*self.end.borrow() {
            End::NotYet => None,
            End::Complete(trailers) => Some(Ok(trailers.clone())),
            End::Failed(code) => Some(Err(code.clone())),
        }
    }

    /// Whether somebody has the stream through which the body is read.
    pub fn has_stream(&self) -> bool {
        self.stream_is_alive.get()
    }

    /// `input-stream.read`: at most `max` bytes, none if there are none yet.
    pub fn read(&self, max: usize) -> Result<Vec<u8>, StreamError> {
        self.prepare(max)?;
        Ok(self.buffer.borrow_mut().take(max))
    }

    /// `input-stream.skip`.
    pub fn skip(&self, max: usize) -> Result<usize, StreamError> {
        self.prepare(max)?;
        Ok(self.buffer.borrow_mut().skip(max))
    }

    /// Makes bytes available if it can; says so when there will be none any more.
    fn prepare(&self, max: usize) -> Result<(), StreamError> {
        if max > 0 {
            self.fill();
        }
        if !self.is_empty() {
            return Ok(());
        }
        match &*self.end.borrow() {
            End::NotYet => Ok(()),
            End::Failed(code) if max > 0 && !self.failure_was_told.replace(true) => {
                Err(failed(code.clone()))
            }
            _ => Err(StreamError::Closed),
        }
    }

    /// What the body has come to, once that is known: its trailers, if it has any. Gives away what was not read.
    pub fn trailers(&self) -> Option<Result<Option<FieldList>, ErrorCode>> {
        self.discard();
        self.outcome()
    }

    /// The guest has the stream through which the body is read.
    pub fn stream_is_taken(&self) {
        self.stream_is_alive.set(true);
    }

    /// Traps if that stream is still there: the body may only go after it.
    pub fn check_stream(&self) {
        if self.stream_is_alive.get() {
            trap("an `incoming-body` was dropped or finished before its `input-stream`");
        }
    }

    /// The stream through which the body is read has been dropped.
    pub fn stream_is_gone(&self) {
        self.stream_is_alive.set(false);
    }
}

impl Awaited for IncomingBytes {
    /// Whether a read would give bytes, or say that the stream is closed.
    fn readiness(&self) -> Readiness {
        if !self.is_empty() || self.is_over() || self.more_arrived.get() || self.is_cut_off() {
            Readiness::Ready
        } else {
            Readiness::Task(self.task())
        }
    }

    fn task_is_ready(&self) {
        self.more_arrived.set(true);
        self.is_waiting.set(false);
    }
}

/// The trailers of a body, for a pollable.
pub struct AwaitedTrailers(pub Rc<IncomingBytes>);

impl Awaited for AwaitedTrailers {
    /// Whether the trailers can be had. Gives away what was not read.
    fn readiness(&self) -> Readiness {
        let bytes = &self.0;
        if !bytes.is_over() && bytes.readiness() == Readiness::Ready {
            bytes.discard();
        }
        if bytes.is_over() {
            Readiness::Ready
        } else {
            Readiness::Task(bytes.task())
        }
    }

    fn task_is_ready(&self) {
        self.0.task_is_ready();
    }
}
