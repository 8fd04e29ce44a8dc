//! The bytes of a body on their way out: of a response, or of a request that the guest sends.
//!
//! Theory of operation. Bytes gather in a buffer until something makes it worth a host call. A body is *detached* until
//! its response is set or its request is handled; it may be written and finished before that. Then it has a *sink*. If
//! it is finished before anything had to be sent, head and body cross in one call. Else the head is sent, the body
//! *streams*, and each push is one chunk. A push happens
//!
//! - when the buffer reaches `HIGH_WATER`;
//! - before the guest waits for anything (`exchange::before_waiting`);
//! - for what was flushed. While nothing streams, a flush is only remembered, because nearly every guest flushes right
//!   before it finishes; it is pushed with the next call that may take time (a wait, a clock, `outgoing-handler.handle`)
//!   and before the next write, which shows that the guest streams. Once the body streams, a flush pushes at once.
//!
//! `blocking-write-and-flush` takes at most 4096 bytes, so guests send long bodies in pieces of that size. A piece of
//! exactly 4096 bytes is taken for a part of what follows: its flush is remembered too, and the next piece joins it.
//!
//! The host may answer a chunk with "wait": the body is *blocked* until its task is ready; `check-write` permits nothing.

use super::calls::Call;
use super::error_codes;
use super::fields::FieldList;
use super::response_sink::ResponseSink;
use crate::bindings::exports::wasi::http::types::ErrorCode;
use crate::bindings::exports::wasi::io::streams::StreamError;
use crate::exchange::{self, OpenBody};
use crate::io_error::failed;
use crate::io_poll::{self, Awaited, Readiness};
use crate::traps::trap;
use core::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// A body with this many bytes in its buffer is pushed.
const HIGH_WATER: usize = 64 << 10;
/// What may gather before there is a sink.
const DETACHED_LIMIT: usize = 1 << 20;
/// The most that `blocking-write-and-flush` takes.
const PIECE: usize = 4096;

/// Whose body it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Request,
    Response,
}

enum Sink {
    Detached,
    Response(ResponseSink),
    Request(Weak<Call>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Finished,
    Broken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flush {
    None,
    /// Push before the next write and before anything that may take time.
    Wanted,
    /// The same, but a next piece of a long write may join.
    Joinable,
}

/// The bytes of a body on their way out, and what is known of its end.
pub struct OutgoingBytes {
    role: Role,
    /// What `content-length` promises.
    expected: Option<u64>,
    written: Cell<u64>,
    buffer: RefCell<Vec<u8>>,
    sink: RefCell<Sink>,
    state: Cell<State>,
    /// Why the body is broken off.
    failure: RefCell<Option<ErrorCode>>,
    trailers: RefCell<Option<FieldList>>,
    flush: Cell<Flush>,
    blocked: Cell<bool>,
    /// What `check-write` has permitted for the next write.
    permit: Cell<Option<usize>>,
    stream_is_alive: Cell<bool>,
}

impl OutgoingBytes {
    /// A detached body that has to be as long as `expected`, if it says so.
    pub fn new(role: Role, expected: Option<u64>) -> Self {
        Self {
            role,
            expected,
            written: Cell::new(0),
            buffer: RefCell::default(),
            sink: RefCell::new(Sink::Detached),
            state: Cell::new(State::Open),
            failure: RefCell::default(),
            trailers: RefCell::default(),
            flush: Cell::new(Flush::None),
            blocked: Cell::new(false),
            permit: Cell::new(None),
            stream_is_alive: Cell::new(false),
        }
    }

    /// What it means that the body ends here.
    fn incomplete(&self) -> ErrorCode {
        match self.role {
            Role::Response => ErrorCode::HttpResponseIncomplete,
            Role::Request => ErrorCode::HttpProtocolError,
        }
    }

    /// Connects the body of a response that has been set.
    pub fn attach_response(self: &Rc<Self>, sink: ResponseSink) {
        self.attach(Sink::Response(sink));
    }

    /// Connects the body of a request that has been handled.
    pub fn attach_request(self: &Rc<Self>, call: &Rc<Call>) {
        self.attach(Sink::Request(Rc::downgrade(call)));
    }

    fn attach(self: &Rc<Self>, sink: Sink) {
        *self.sink.borrow_mut() = sink;
        match self.state.get() {
            State::Open => {
                exchange::track(self.clone());
                self.push_if_full();
            }
            State::Finished => self.complete(),
            State::Broken => {
                let code = self
                    .failure
                    .borrow()
                    .clone()
                    .unwrap_or_else(|| self.incomplete());
                self.report(&code);
            }
        }
    }

    /// How many bytes may be written now.
    fn capacity(&self) -> usize {
        if matches!(*self.sink.borrow(), Sink::Detached) {
            return DETACHED_LIMIT.saturating_sub(self.buffer.borrow().len());
        }
        if self.is_blocked() { 0 } else { HIGH_WATER }
    }

    /// What a guest may write that has not asked: many do not, and other hosts let them.
    fn tolerance(&self) -> usize {
        if self.capacity() == 0 {
            return 0;
        }
        DETACHED_LIMIT.saturating_sub(self.buffer.borrow().len())
    }

    /// How many bytes may gather, up to `limit`, as long as the host does not want fewer. Does not ask it.
    pub fn room(&self, limit: usize) -> usize {
        if self.blocked.get() {
            0
        } else {
            limit.saturating_sub(self.buffer.borrow().len())
        }
    }

    /// Why nothing can be added any more, if that is so before the body was finished.
    pub fn failure(&self) -> Option<ErrorCode> {
        match self.state.get() {
            State::Open if !self.is_cut_off() => None,
            State::Open => Some(match &*self.sink.borrow() {
                Sink::Request(call) => call
                    .upgrade()
                    .map_or(ErrorCode::ConnectionTerminated, |call| call.failure()),
                _ => ErrorCode::ConnectionTerminated,
            }),
            _ => self.failure.borrow().clone(),
        }
    }

    /// Whether the host wants no more for now; asks it if that is what it said last.
    fn is_blocked(&self) -> bool {
        if self.blocked.get() && self.task().is_none_or(io_poll::is_ready) {
            self.blocked.set(false);
        }
        self.blocked.get()
    }

    /// Whether the host has said that it wants no more for now.
    pub fn is_known_blocked(&self) -> bool {
        self.blocked.get()
    }

    fn is_cut_off(&self) -> bool {
        match &*self.sink.borrow() {
            Sink::Detached => false,
            Sink::Response(sink) => sink.is_cut_off(),
            Sink::Request(call) => call.upgrade().is_none_or(|call| call.is_closed()),
        }
    }

    fn check_open(&self) -> Result<(), StreamError> {
        if self.state.get() == State::Open && !self.is_cut_off() {
            Ok(())
        } else {
            Err(StreamError::Closed)
        }
    }

    /// `output-stream.check-write`.
    pub fn check_write(&self) -> Result<u64, StreamError> {
        self.check_open()?;
        let capacity = self.capacity();
        self.permit.set(Some(capacity));
        Ok(capacity as u64)
    }

    /// `output-stream.write`.
    pub fn write(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        self.check_open()?;
        let permitted = self.permit.take().unwrap_or_else(|| self.tolerance());
        if contents.len() > permitted {
            trap("`output-stream.write` was given more than `check-write` permits");
        }
        if self.flush.get() != Flush::None {
            self.push();
        }
        self.append(contents)
    }

    /// `output-stream.blocking-write-and-flush`, once the body is ready for it.
    pub fn write_and_flush(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        self.check_open()?;
        self.permit.set(None);
        if self.flush.get() == Flush::Wanted {
            self.push();
        }
        let joinable = contents.len() == PIECE;
        self.append(contents)?;
        if joinable && !self.buffer.borrow().is_empty() {
            self.flush.set(Flush::Joinable);
            return Ok(());
        }
        self.flush()
    }

    /// `output-stream.flush`.
    pub fn flush(&self) -> Result<(), StreamError> {
        self.check_open()?;
        self.flush.set(Flush::Wanted);
        if self.is_streaming() {
            self.push();
        }
        Ok(())
    }

    fn is_streaming(&self) -> bool {
        match &*self.sink.borrow() {
            Sink::Detached => false,
            Sink::Response(sink) => sink.is_streaming(),
            Sink::Request(call) => call.upgrade().is_some_and(|call| call.is_started()),
        }
    }

    fn append(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        self.add(contents).map_err(failed)
    }

    /// Adds bytes without a permit; if they are more than was promised, that breaks the body off.
    pub fn add(&self, contents: Vec<u8>) -> Result<(), ErrorCode> {
        let written = self.written.get() + contents.len() as u64;
        self.written.set(written);
        if self.expected.is_some_and(|expected| written > expected) {
            let code = self.wrong_size();
            self.fail(code.clone());
            return Err(code);
        }
        let mut buffer = self.buffer.borrow_mut();
        if buffer.is_empty() {
            *buffer = contents;
        } else {
            buffer.extend_from_slice(&contents);
        }
        drop(buffer);
        self.push_if_full();
        Ok(())
    }

    fn wrong_size(&self) -> ErrorCode {
        let size = Some(self.written.get());
        match self.role {
            Role::Response => ErrorCode::HttpResponseBodySize(size),
            Role::Request => ErrorCode::HttpRequestBodySize(size),
        }
    }

    fn push_if_full(&self) {
        if self.buffer.borrow().len() >= HIGH_WATER {
            self.push();
        }
    }

    /// The guest says that the body is whole.
    pub fn finish(&self, trailers: Option<FieldList>) -> Result<(), ErrorCode> {
        match self.state.get() {
            State::Open if self.is_cut_off() => return Err(ErrorCode::ConnectionTerminated),
            State::Open => {}
            _ => {
                return Err(self
                    .failure
                    .borrow()
                    .clone()
                    .unwrap_or_else(|| self.incomplete()));
            }
        }
        if self
            .expected
            .is_some_and(|expected| expected != self.written.get())
            && !self.may_be_left_out()
        {
            let code = self.wrong_size();
            self.fail(code.clone());
            return Err(code);
        }
        *self.trailers.borrow_mut() = trailers.filter(|trailers| !trailers.is_empty());
        self.drain();
        self.state.set(State::Finished);
        self.complete();
        Ok(())
    }

    /// The answer to `HEAD`, and a 304, may promise a length and send nothing.
    fn may_be_left_out(&self) -> bool {
        self.written.get() == 0
            && match &*self.sink.borrow() {
                Sink::Response(sink) => sink.may_be_left_out(),
                Sink::Detached => self.role == Role::Response && exchange::is_head_request(),
                Sink::Request(_) => false,
            }
    }

    /// Waits until what is left may be sent.
    fn drain(&self) {
        while self.has_backlog() {
            let Some(task) = self.task() else { return };
            io_poll::wait_for_task(task);
            self.unblock();
        }
    }

    /// Sends what is left and the end, if there is where to.
    fn complete(&self) {
        if matches!(*self.sink.borrow(), Sink::Detached) {
            return;
        }
        exchange::untrack(self);
        if self.is_cut_off() {
            return;
        }
        let bytes = self.buffer.take();
        let trailers = self.trailers.take();
        match &*self.sink.borrow() {
            Sink::Detached => {}
            Sink::Response(sink) => sink.complete(&bytes, trailers.as_ref()),
            Sink::Request(call) => {
                if let Some(call) = call.upgrade() {
                    call.complete(&bytes, trailers.as_ref());
                }
            }
        }
    }

    /// Ends the body as incomplete, for the reason `code`.
    pub fn fail(&self, code: ErrorCode) {
        if self.state.get() != State::Open {
            return;
        }
        self.state.set(State::Broken);
        self.buffer.take();
        self.report(&code);
        *self.failure.borrow_mut() = Some(code);
    }

    fn report(&self, code: &ErrorCode) {
        exchange::untrack(self);
        match &*self.sink.borrow() {
            Sink::Detached => {}
            Sink::Response(sink) => sink.fail(&error_codes::print(code)),
            Sink::Request(call) => {
                if let Some(call) = call.upgrade() {
                    call.fail(code.clone());
                }
            }
        }
    }

    /// The guest has the stream through which the body is written.
    pub fn stream_is_taken(&self) {
        self.stream_is_alive.set(true);
    }

    /// Traps if that stream is still there: the body may only end after it.
    pub fn check_stream(&self) {
        if self.stream_is_alive.get() {
            trap("an `outgoing-body` was dropped or finished before its `output-stream`");
        }
    }

    /// The stream through which the body is written has been dropped.
    pub fn stream_is_gone(&self) {
        self.stream_is_alive.set(false);
    }
}

impl OpenBody for OutgoingBytes {
    fn wants_flush(&self) -> bool {
        self.flush.get() != Flush::None
    }

    /// Sends the head if it has not been sent, and what the buffer holds, unless the host wants no more for now.
    fn push(&self) {
        if self.state.get() != State::Open
            || self.is_cut_off()
            || matches!(*self.sink.borrow(), Sink::Detached)
        {
            return;
        }
        if self.buffer.borrow().is_empty() && self.is_streaming() {
            return self.flush.set(Flush::None);
        }
        if self.is_blocked() {
            return;
        }
        self.flush.set(Flush::None);
        let bytes = self.buffer.take();
        let blocked = match &*self.sink.borrow() {
            Sink::Detached => false,
            Sink::Response(sink) => sink.push(&bytes),
            Sink::Request(call) => call.upgrade().is_some_and(|call| call.push(&bytes)),
        };
        self.blocked.set(blocked);
    }

    fn has_backlog(&self) -> bool {
        self.blocked.get() && !self.buffer.borrow().is_empty()
    }

    fn task(&self) -> Option<u32> {
        match &*self.sink.borrow() {
            Sink::Detached => None,
            Sink::Response(sink) => Some(sink.task()),
            Sink::Request(call) => call.upgrade().map(|call| call.body_task()),
        }
    }

    fn unblock(&self) {
        self.blocked.set(false);
    }

    fn break_off(&self) {
        self.fail(self.incomplete());
    }
}

impl Awaited for OutgoingBytes {
    /// Whether `check-write` would permit something, or say that the stream is closed.
    fn readiness(&self) -> Readiness {
        if self.state.get() != State::Open || self.is_cut_off() {
            return Readiness::Ready;
        }
        match self.task() {
            None if self.capacity() > 0 => Readiness::Ready,
            None => Readiness::Never,
            Some(task) if self.blocked.get() => Readiness::Task(task),
            Some(_) => Readiness::Ready,
        }
    }

    fn task_is_ready(&self) {
        self.unblock();
    }
}
