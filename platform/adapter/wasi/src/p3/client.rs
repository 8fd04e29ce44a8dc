//! `wasi:http/client`: requests that the guest sends.

use super::bindings::exports::wasi::http::client;
use super::bindings::exports::wasi::http::types;
use super::bodies::Contents;
use super::conversions::error_to_guest;
use super::outgoing;
use super::requests::{Request, Sendable};
use super::responses::Response;
use super::runtime::{checked, with};
use super::subtasks::{NUMBER, RETURNED, STARTED};
use crate::bindings::Adapter;
use crate::bindings::exports::wasi::http::types::ErrorCode;
use crate::buffers::Buffer;
use crate::exchange::{self, OpenBody, OpenCall};
use crate::http_types::calls::Call;
use crate::http_types::fields::FieldList;
use crate::http_types::incoming_bytes::{IncomingBytes, Source};
use crate::io_poll::{Awaited, Readiness};
use crate::traps::trap;
use core::cell::RefCell;
use std::rc::Rc;

/// Numbers of results that are there at once begin here, above all handles.
const FIRST_NUMBER: u32 = 1 << 27;

/// A response whose head has arrived, or why there is none.
enum Answer {
    Arrived(Rc<Call>, u16, FieldList),
    Failed(ErrorCode),
}

thread_local! {
    /// Calls that have not been answered, by their subtasks.
    static CALLS: RefCell<Vec<(u32, Rc<Call>)>> = const { RefCell::new(Vec::new()) };
    /// Answers that the guest has not asked for, by what they wait under.
    static ANSWERS: RefCell<Vec<(u32, Answer)>> = const { RefCell::new(Vec::new()) };
}

impl client::Guest for Adapter {
    fn send(request: types::Request) -> u32 {
        exchange::settle();
        match request.into_inner::<Request>().into_sendable() {
            Ok(request) => {
                let call = begin(request);
                let subtask = checked(|runtime| runtime.subtask_new(None));
                CALLS.with_borrow_mut(|calls| calls.push((subtask, call)));
                STARTED | subtask << NUMBER
            }
            Err(code) => RETURNED | keep(Answer::Failed(code)) << NUMBER,
        }
    }

    fn send_result(number: u32) -> Vec<Result<types::Response, types::ErrorCode>> {
        let answer = ANSWERS.with_borrow_mut(|answers| {
            let at = answers.iter().position(|(each, _)| *each == number)?;
            Some(answers.swap_remove(at).1)
        });
        vec![match answer {
            Some(Answer::Arrived(call, status, fields)) => {
                let bytes = IncomingBytes::new(Source::Called(call), Buffer::empty(), true);
                Ok(Response::arrived(status, fields, bytes))
            }
            Some(Answer::Failed(code)) => Err(error_to_guest(code)),
            None => trap("no result of `send` waits under this number"),
        }]
    }
}

fn begin(request: Sendable) -> Rc<Call> {
    let Sendable {
        head,
        expected,
        body,
    } = request;
    if matches!(body.contents, Contents::None) {
        let call = Call::new(head, None);
        call.start(&[], false);
        outgoing::nothing(body);
        return call;
    }
    outgoing::request(expected, body, |bytes| {
        let bytes: Rc<dyn OpenBody> = bytes.clone();
        Call::new(head, Some(Rc::downgrade(&bytes)))
    })
}

/// Keeps an answer that is there at once; returns what it waits under.
fn keep(answer: Answer) -> u32 {
    ANSWERS.with_borrow_mut(|answers| {
        let taken = |number: &u32| answers.iter().any(|(each, _)| each == number);
        let number = (FIRST_NUMBER..).find(|number| !taken(number));
        let number = number.unwrap_or(FIRST_NUMBER);
        answers.push((number, answer));
        number
    })
}

/// Ends the subtasks of calls that have been answered.
pub fn settle() {
    let calls = CALLS.with_borrow(Vec::clone);
    for (subtask, call) in calls {
        if !call.is_started() && !call.is_closed() || call.readiness() != Readiness::Ready {
            continue;
        }
        let Some(response) = call.response() else {
            call.is_awaited_again();
            continue;
        };
        remove(subtask);
        let answer = match response {
            Ok((status, fields)) => Answer::Arrived(call, status, fields),
            Err(code) => Answer::Failed(code),
        };
        ANSWERS.with_borrow_mut(|answers| answers.push((subtask, answer)));
        with(|runtime| runtime.subtask_resolve(subtask));
    }
}

fn remove(subtask: u32) -> Option<Rc<Call>> {
    CALLS.with_borrow_mut(|calls| {
        let at = calls.iter().position(|(each, _)| *each == subtask)?;
        Some(calls.swap_remove(at).1)
    })
}

/// The guest has asked for the cancellation of a subtask that is under way.
pub fn cancel(subtask: u32) {
    if let Some(call) = remove(subtask) {
        call.close();
        with(|runtime| runtime.subtask_cancelled(subtask));
    }
}

/// The guest has dropped a subtask.
pub fn forget(subtask: u32) {
    ANSWERS.with_borrow_mut(|answers| answers.retain(|(each, _)| *each != subtask));
}

/// The tasks of the host that calls wait for.
pub fn awaited() -> Vec<u32> {
    CALLS.with_borrow(|calls| {
        let started = calls.iter().filter(|(_, call)| call.is_started());
        started.map(|(_, call)| call.task()).collect()
    })
}

/// The host has said that a task is ready.
pub fn task_is_ready(task: u32) {
    CALLS.with_borrow(|calls| {
        for (_, call) in calls.iter().filter(|(_, call)| call.task() == task) {
            call.task_is_ready();
        }
    });
}
