//! Bodies that are sent: from the guest's streams, or from the host, to the host.
//!
//! Theory of operation. Each body that is on its way is a [`Transfer`]. What the guest writes goes to [`OutgoingBytes`],
//! which decide when it is worth a call of the host, as for WASI 0.2; how much it may write is what is told to the
//! runtime: nothing while the host wants no more. A body that comes from the host is moved here. When the contents have
//! ended and the trailers are known the body is finished, and the future of its transmission is written.

use super::bodies::{Body, Contents, Ending};
use super::promises::{self, Outcome, Trailers};
use super::runtime::with;
use super::{incoming, receipts};
use crate::bindings::exports::wasi::http::types::ErrorCode;
use crate::exchange::{self, OpenBody};
use crate::http_types::calls::Call;
use crate::http_types::fields::FieldList;
use crate::http_types::outgoing_bytes::{OutgoingBytes, Role};
use crate::http_types::response_sink::ResponseSink;
use crate::io_poll::Awaited;
use async_runtime::ChannelId;
use core::cell::RefCell;
use std::rc::Rc;

/// The most of a body that gathers before the host has taken it.
const LIMIT: usize = 256 << 10;

/// A body on its way out.
struct Transfer {
    role: Role,
    contents: Contents,
    ending: Ending,
    sent: Option<ChannelId>,
    bytes: Rc<OutgoingBytes>,
}

thread_local! {
    static TRANSFERS: RefCell<Vec<Transfer>> = const { RefCell::new(Vec::new()) };
}

/// Sends the response to the request that is served now.
pub fn respond(status: u16, fields: FieldList, body: Body) {
    if !exchange::answer() {
        return;
    }
    let expected = fields.content_length();
    let bytes = Rc::new(OutgoingBytes::new(Role::Response, expected.unwrap_or(None)));
    bytes.attach_response(ResponseSink::new(status, fields));
    if expected.is_err() {
        bytes.fail(ErrorCode::HttpProtocolError);
    }
    begin(Role::Response, bytes, body);
}

/// Sends the body of a request, which has to be as long as `expected`, if it says so.
pub fn request(
    expected: Option<u64>,
    body: Body,
    call: impl FnOnce(&Rc<OutgoingBytes>) -> Rc<Call>,
) -> Rc<Call> {
    let bytes = Rc::new(OutgoingBytes::new(Role::Request, expected));
    let call = call(&bytes);
    bytes.attach_request(&call);
    begin(Role::Request, bytes, body);
    call
}

/// A message without a body is handed over already.
pub fn nothing(body: Body) {
    let (_, ending, sent) = body.into_parts();
    if let Ending::Written(channel) = ending {
        receipts::accept(channel, None);
    }
    if let Some(sent) = sent {
        promises::resolve_outcome(sent, Ok(()));
    }
}

fn begin(role: Role, bytes: Rc<OutgoingBytes>, body: Body) {
    let (contents, ending, sent) = body.into_parts();
    let mut transfer = Transfer {
        role,
        contents,
        ending,
        sent,
        bytes,
    };
    if !transfer.advance() {
        TRANSFERS.with_borrow_mut(|transfers| transfers.push(transfer));
    }
}

impl Transfer {
    /// Moves what can be moved; tells whether the body has come to its end.
    fn advance(&mut self) -> bool {
        if let Some(code) = self.bytes.failure() {
            return self.end(Err(code));
        }
        if let Ending::Written(channel) = self.ending {
            self.expect_ending(channel);
        }
        match &self.contents {
            Contents::None => {}
            Contents::Written(channel) => self.make_room(*channel),
            Contents::Passed(bytes) => self.pass(&bytes.clone()),
        }
        if let Some(code) = self.bytes.failure() {
            return self.end(Err(code));
        }
        match &self.ending {
            Ending::Known(Err(code)) => {
                let code = code.clone();
                self.bytes.fail(code.clone());
                self.end(Err(code))
            }
            _ => matches!(self.contents, Contents::None) && self.finish(),
        }
    }

    fn expect_ending(&mut self, channel: ChannelId) {
        if with(|runtime| runtime.writer_is_gone(channel)) {
            with(|runtime| runtime.drop_native_reader(channel));
            self.ending = Ending::Known(Ok(None));
        } else {
            with(|runtime| runtime.set_room(channel, 1));
        }
    }

    fn make_room(&mut self, channel: ChannelId) {
        let is_over = with(|runtime| {
            let is_over = runtime.writer_is_gone(channel);
            if is_over {
                runtime.drop_native_reader(channel);
            } else {
                runtime.set_room(channel, self.bytes.room(LIMIT) as u32);
            }
            is_over
        });
        if is_over {
            self.contents = Contents::None;
        }
    }

    /// Moves what comes from the host.
    fn pass(&mut self, from: &Rc<crate::http_types::incoming_bytes::IncomingBytes>) {
        while self.bytes.room(LIMIT) > 0 {
            if from.available() > 0 {
                if self.bytes.add(from.take(usize::MAX)).is_err() {
                    return;
                }
                continue;
            }
            match from.outcome() {
                None => return,
                Some(Ok(_)) => {}
                Some(Err(code)) => self.bytes.fail(code),
            }
            from.stream_is_gone();
            self.contents = Contents::None;
            return;
        }
    }

    /// Ends the body if its trailers are known and the host takes what is left.
    fn finish(&mut self) -> bool {
        if let Ending::Passed(bytes) = &self.ending
            && let Some(trailers) = incoming::trailers_of(bytes, true)
        {
            self.ending = Ending::Known(trailers);
        }
        if self.bytes.has_backlog() {
            return false;
        }
        let Ending::Known(trailers) = &mut self.ending else {
            return false;
        };
        let outcome = match core::mem::replace(trailers, Ok(None)) {
            Ok(trailers) => self.bytes.finish(trailers),
            Err(code) => {
                self.bytes.fail(code.clone());
                Err(code)
            }
        };
        self.end(outcome)
    }

    fn end(&mut self, outcome: Outcome) -> bool {
        if let Contents::Passed(bytes) = &self.contents {
            bytes.stream_is_gone();
        }
        with(|runtime| {
            if let Contents::Written(channel) = self.contents {
                runtime.drop_native_reader(channel);
            }
            if let Ending::Written(channel) = self.ending {
                runtime.drop_native_reader(channel);
            }
        });
        if let Some(sent) = self.sent.take() {
            promises::resolve_outcome(sent, outcome);
        }
        true
    }

    /// The tasks of the host that it waits for.
    fn awaited(&self) -> [Option<u32>; 2] {
        let passed = match (&self.contents, &self.ending) {
            (Contents::Passed(bytes), _) if self.bytes.room(LIMIT) > 0 => bytes.awaited_task(),
            (Contents::None, Ending::Passed(bytes)) if !bytes.has_stream() => bytes.awaited_task(),
            _ => None,
        };
        let blocked = self.bytes.is_known_blocked().then(|| self.bytes.task());
        [passed, blocked.flatten()]
    }

    fn task_is_ready(&self, task: u32) {
        if self.bytes.task() == Some(task) {
            self.bytes.unblock();
        }
        for bytes in [
            match &self.contents {
                Contents::Passed(bytes) => Some(bytes),
                _ => None,
            },
            match &self.ending {
                Ending::Passed(bytes) => Some(bytes),
                _ => None,
            },
        ] {
            if let Some(bytes) = bytes
                && bytes.awaited_task() == Some(task)
            {
                bytes.task_is_ready();
            }
        }
    }
}

/// Moves what can be moved of all bodies.
pub fn settle() {
    let mut at = 0;
    while let Some(mut transfer) = take(at) {
        let is_over = transfer.advance();
        if !is_over {
            TRANSFERS.with_borrow_mut(|transfers| transfers.insert(at, transfer));
            at += 1;
        }
    }
}

fn take(at: usize) -> Option<Transfer> {
    TRANSFERS.with_borrow_mut(|transfers| (at < transfers.len()).then(|| transfers.remove(at)))
}

/// Whether no response is on its way.
pub fn is_idle() -> bool {
    TRANSFERS.with_borrow(|transfers| transfers.iter().all(|each| each.role == Role::Request))
}

/// The tasks of the host that bodies wait for.
pub fn awaited() -> Vec<u32> {
    TRANSFERS.with_borrow(|transfers| {
        let tasks = transfers.iter().flat_map(Transfer::awaited);
        tasks.flatten().collect()
    })
}

/// The host has said that a task is ready.
pub fn task_is_ready(task: u32) {
    TRANSFERS.with_borrow(|transfers| {
        for transfer in transfers {
            transfer.task_is_ready(task);
        }
    });
}

/// The guest has written bytes; false if the stream is of no body.
pub fn put(channel: ChannelId, contents: &mut Vec<u8>) -> bool {
    TRANSFERS.with_borrow_mut(|transfers| {
        let is_meant =
            |each: &&mut Transfer| matches!(each.contents, Contents::Written(it) if it == channel);
        let Some(transfer) = transfers.iter_mut().find(is_meant) else {
            return false;
        };
        // What is too much breaks the body off, which the next call of `settle` finds.
        let _ = transfer.bytes.add(core::mem::take(contents));
        with(|runtime| runtime.set_room(channel, transfer.bytes.room(LIMIT) as u32));
        true
    })
}

/// The guest has written trailers; false if the future is of no body.
pub fn put_trailers(channel: ChannelId, trailers: Trailers) -> bool {
    TRANSFERS.with_borrow_mut(|transfers| {
        let is_meant =
            |each: &&mut Transfer| matches!(each.ending, Ending::Written(it) if it == channel);
        let Some(transfer) = transfers.iter_mut().find(is_meant) else {
            return false;
        };
        with(|runtime| runtime.drop_native_reader(channel));
        transfer.ending = Ending::Known(trailers);
        true
    })
}
