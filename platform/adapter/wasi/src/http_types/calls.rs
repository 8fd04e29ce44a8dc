//! A request that the guest sends and the response to it, as the host's `http-client` knows them.
//!
//! Theory of operation. `outgoing-handler.handle` only notes a request whose body is still being written; the host is
//! told to start it when the body is whole (then everything crosses in one call), when the body streams, or when the
//! guest waits. The host never refuses a start: denials and failures are what it answers for the response. The handles
//! that can still use the response own the [`Call`]; with the last of them the host is told to close it.

use super::error_codes;
use super::fields::FieldList;
use crate::bindings::exports::wasi::http::types::ErrorCode;
use crate::bindings::whorl::host::http_client;
use crate::buffers::{PackedBody, append_decimal};
use crate::exchange::{self, OpenBody, OpenCall};
use crate::io_poll::{Awaited, Readiness};
use crate::shared_memory;
use crate::traps::trap;
use core::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// How long each stage of a request may take, in nanoseconds.
#[derive(Clone, Copy, Default)]
pub struct Timeouts {
    pub connect: Option<u64>,
    pub first_byte: Option<u64>,
    pub between_bytes: Option<u64>,
}

/// The head of a request.
pub struct RequestHead {
    pub method: String,
    pub scheme: String,
    pub authority: String,
    pub path: String,
    pub timeouts: Timeouts,
    pub fields: FieldList,
}

impl RequestHead {
    /// Tells the host to start it, with the start of its body; `more` says that the body goes on.
    fn start(&self, body: &[u8], more: bool) -> u32 {
        match shared_memory::place_of(body) {
            Some((address, size)) => {
                http_client::start_from(&self.with_body(&[], more), address, size)
            }
            None => http_client::start(&self.with_body(body, more)),
        }
    }

    /// Returns the request as the host wants it: its head, then the start of its body; `more` says that it goes on.
    fn with_body(&self, body: &[u8], more: bool) -> String {
        let body = PackedBody::new(body);
        let head = packing::to_head(self.lines(body.is_raw(), more));
        let mut text = Vec::with_capacity(head.len() + body.len() + 8);
        append_decimal(&mut text, head.len() as u64);
        text.push(b'\r');
        let mut text = packing::to_head(text);
        text.push_str(&head);
        body.append_to(&mut text);
        text
    }

    fn lines(&self, raw: bool, more: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.path.len() + self.fields.lines_len());
        for part in [&self.method, &self.scheme, &self.authority, &self.path] {
            out.extend_from_slice(part.as_bytes());
            out.push(b'\r');
        }
        if !raw {
            out.push(b'b');
        }
        if more {
            out.push(b's');
        }
        out.push(b'\r');
        for timeout in [
            self.timeouts.connect,
            self.timeouts.first_byte,
            self.timeouts.between_bytes,
        ] {
            if let Some(timeout) = timeout {
                append_decimal(&mut out, timeout);
            }
            out.push(b'\r');
        }
        self.fields.append_lines(&mut out);
        out
    }
}

enum Stage {
    /// The host does not know of the request yet.
    Unsent(Box<RequestHead>),
    /// The host's task.
    Started(u32),
    /// Nobody wants the response any more, or it cannot come.
    Closed,
}

/// A request that the guest sends, and the response to it.
pub struct Call {
    generation: u32,
    stage: RefCell<Stage>,
    /// The body, as long as it is being written.
    body: Option<Weak<dyn OpenBody>>,
    /// Why the request was broken off.
    failure: RefCell<Option<ErrorCode>>,
    response_has_arrived: Cell<bool>,
    /// Whether the guest has asked for the response before the request was started.
    was_asked_for: Cell<bool>,
}

impl Call {
    /// A request that is to begin with `head`, and waits for its body if it has one.
    pub fn new(head: RequestHead, body: Option<Weak<dyn OpenBody>>) -> Rc<Self> {
        let call = Rc::new(Self {
            generation: exchange::generation(),
            stage: RefCell::new(Stage::Unsent(Box::new(head))),
            body,
            failure: RefCell::default(),
            response_has_arrived: Cell::new(false),
            was_asked_for: Cell::new(false),
        });
        exchange::track_call(Rc::<Self>::downgrade(&call));
        call
    }

    /// Tells the host to start it, if that has not been done: with the start of its body; `more` says that it goes on.
    pub fn start(&self, body: &[u8], more: bool) {
        if !exchange::is_current(self.generation) {
            *self.stage.borrow_mut() = Stage::Closed;
        }
        let Stage::Unsent(head) = self.stage.replace(Stage::Closed) else {
            return;
        };
        *self.stage.borrow_mut() = Stage::Started(head.start(body, more));
    }

    /// The guest asks for the response. If its request waits for its body still, it is not held back any longer from
    /// the second time on: many ask once, write the body, and wait.
    fn ask(&self) {
        if !matches!(*self.stage.borrow(), Stage::Unsent(_)) || !self.was_asked_for.replace(true) {
            return;
        }
        match self.body.as_ref().and_then(Weak::upgrade) {
            Some(body) => body.push(),
            None => self.start(&[], false),
        }
    }

    /// Whether the host knows of the request.
    pub fn is_started(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Started(_))
    }

    /// Whether nothing can be sent or received any more.
    pub fn is_closed(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Closed) || !exchange::is_current(self.generation)
    }

    /// The task of the response; 0 while there is none.
    pub fn task(&self) -> u32 {
        match *self.stage.borrow() {
            Stage::Started(task) => task,
            _ => 0,
        }
    }

    /// The task that is ready when another chunk of the request's body is welcome.
    pub fn body_task(&self) -> u32 {
        self.task() + 1
    }

    /// Starts the request with `bytes`, or sends them after it; tells whether the host wants no more for now.
    pub fn push(&self, bytes: &[u8]) -> bool {
        match self.task() {
            0 => {
                self.start(bytes, true);
                false
            }
            task => match shared_memory::place_of(bytes) {
                Some((address, size)) => http_client::write_from(task, address, size),
                None => !bytes.is_empty() && http_client::write(task, &packing::pack(bytes)),
            },
        }
    }

    /// Sends what is left of the body, and its end; starts the request with it if nothing has been sent.
    pub fn complete(&self, bytes: &[u8], trailers: Option<&FieldList>) {
        if !self.is_started() && trailers.is_none() {
            return self.start(bytes, false);
        }
        self.push(bytes);
        let mut lines = Vec::new();
        if let Some(trailers) = trailers {
            trailers.append_lines(&mut lines);
        }
        if self.is_started() {
            http_client::finish(self.task(), &packing::to_head(lines));
        }
    }

    /// The request cannot be sent whole, for the reason `code`: that is what the response comes to.
    pub fn fail(&self, code: ErrorCode) {
        self.failure.borrow_mut().get_or_insert(code);
        self.close();
    }

    /// The response could not be had after all: its task is waited for again.
    pub fn is_awaited_again(&self) {
        self.response_has_arrived.set(false);
    }

    /// Why nothing can be received any more.
    pub fn failure(&self) -> ErrorCode {
        let failure = self.failure.borrow().clone();
        failure.unwrap_or(ErrorCode::ConnectionTerminated)
    }

    /// Status and fields of the response, if it can be had.
    pub fn response(&self) -> Option<Result<(u16, FieldList), ErrorCode>> {
        self.ask();
        if self.is_closed() {
            return Some(Err(self.failure()));
        }
        if !self.is_started() {
            return None;
        }
        let answer = http_client::response(self.task());
        match answer.as_bytes().first() {
            Some(b'p') => None,
            Some(b'o') => match parse_response(&answer[1..]) {
                Some(head) => Some(Ok(head)),
                None => trap("the host gave a response that is none"),
            },
            _ => Some(Err(error_codes::parse(answer.get(1..).unwrap_or_default()))),
        }
    }
}

impl Awaited for Call {
    /// Whether the response can be had.
    fn readiness(&self) -> Readiness {
        if self.response_has_arrived.get() || self.is_closed() {
            return Readiness::Ready;
        }
        self.ask();
        match *self.stage.borrow() {
            Stage::Unsent(_) => Readiness::Never,
            Stage::Started(task) => Readiness::Task(task),
            Stage::Closed => Readiness::Ready,
        }
    }

    fn task_is_ready(&self) {
        self.response_has_arrived.set(true);
    }
}

impl OpenCall for Call {
    fn close(&self) {
        let stage = self.stage.replace(Stage::Closed);
        if let Stage::Started(task) = stage
            && exchange::is_current(self.generation)
        {
            http_client::close(task);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.close();
    }
}

fn parse_response(head: &str) -> Option<(u16, FieldList)> {
    let (status, lines) = head.split_once('\r')?;
    Some((status.parse().ok()?, FieldList::parse(lines)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &str) -> RequestHead {
        RequestHead {
            method: "POST".into(),
            scheme: "https".into(),
            authority: "example.com".into(),
            path: "/a".into(),
            timeouts: Timeouts {
                connect: Some(5),
                first_byte: None,
                between_bytes: Some(7),
            },
            fields: FieldList::parse(fields),
        }
    }

    #[test]
    fn a_request_begins_with_the_length_of_its_head() {
        let text = head("x\n1\r").with_body(b"hi", false);
        assert_eq!(text, "36\rPOST\rhttps\rexample.com\r/a\r\r5\r\r7\rx\n1\rhi");
    }

    #[test]
    fn a_body_of_bytes_is_base64_and_flagged() {
        let text = head("").with_body(&[0xff], true);
        assert!(text.contains("/a\rbs\r5\r\r7\r/w=="), "{text:?}");
    }

    #[test]
    fn the_length_counts_bytes_of_the_text() {
        let text = head("x\n\u{ff}\r").with_body(b"", false);
        let (len, rest) = text.split_once('\r').unwrap();
        assert_eq!(len.parse(), Ok(rest.len()));
    }

    #[test]
    fn a_response_is_taken_apart() {
        let (status, fields) = parse_response("204\rx\n1\r").unwrap();
        assert_eq!((status, fields.lines_len()), (204, 4));
        assert!(parse_response("x\r").is_none());
        assert!(parse_response("200").is_none());
    }
}
