//! What the instance serves right now: one request and its response, and everything that was begun on its behalf.
//!
//! An instance may serve several requests, one after the other. Each has a *generation*; whatever is connected to the
//! host (the request's body, the response, requests that the guest sends) remembers the generation it belongs to and is
//! cut off once that is over. Handles that a guest keeps from an earlier request thus never reach a later one.

use crate::bindings::exports::wasi::http::types::ErrorCode;
use crate::bindings::whorl::host::http_server;
use crate::http_types::error_codes;
use crate::log_streams;
use core::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// A body on its way out that is neither finished nor broken off.
pub trait OpenBody {
    /// Whether it waits for a push because the guest has flushed.
    fn wants_flush(&self) -> bool;

    /// Sends what there is, unless the host wants no more for now.
    fn push(&self);

    /// Whether there are bytes that cannot be pushed because the host does not welcome them yet.
    fn has_backlog(&self) -> bool;

    /// The task that tells when another chunk is welcome.
    fn task(&self) -> Option<u32>;

    /// The host has said that another chunk is welcome.
    fn unblock(&self);

    /// Ends it as incomplete: the guest has left it open.
    fn break_off(&self);
}

/// A request that the guest has sent, or is about to send.
pub trait OpenCall {
    /// Tells the host that nobody has any more use for the response.
    fn close(&self);
}

struct Exchange {
    generation: Cell<u32>,
    is_serving: Cell<bool>,
    /// Whether the response is settled: it was set, or an error was reported in its place.
    answered: Cell<bool>,
    is_head: Cell<bool>,
    /// Those of the response and of the guest's own requests.
    bodies: RefCell<Vec<Rc<dyn OpenBody>>>,
    /// The guest's own requests.
    calls: RefCell<Vec<Weak<dyn OpenCall>>>,
}

thread_local! {
    static CURRENT: Exchange = const {
        Exchange {
            generation: Cell::new(0),
            is_serving: Cell::new(false),
            answered: Cell::new(true),
            is_head: Cell::new(false),
            bodies: RefCell::new(Vec::new()),
            calls: RefCell::new(Vec::new()),
        }
    };
}

/// The number of the request that is served now.
pub fn generation() -> u32 {
    CURRENT.with(|current| current.generation.get())
}

/// Tells whether what belongs to `generation` may still reach the host.
pub fn is_current(generation: u32) -> bool {
    self::generation() == generation
}

/// Tells whether a request is served now: before the first, and between two of them, none is.
pub fn is_serving() -> bool {
    CURRENT.with(|current| current.is_serving.get())
}

/// Begins a new exchange: a request has been taken from the host; `is_head` tells whether its method is `HEAD`.
pub fn begin(is_head: bool) {
    advance();
    CURRENT.with(|current| {
        current.is_serving.set(true);
        current.answered.set(false);
        current.is_head.set(is_head);
    });
}

/// Whether the method of the request that is served now is `HEAD`.
pub fn is_head_request() -> bool {
    CURRENT.with(|current| current.is_head.get())
}

/// Ends the exchange: reports what the guest failed to say, breaks off what it left open, cuts off its handles.
pub fn end() {
    let (bodies, calls) = CURRENT.with(|current| (current.bodies.take(), current.calls.take()));
    for body in bodies {
        body.break_off();
    }
    for call in calls.iter().filter_map(Weak::upgrade) {
        call.close();
    }
    fail(&ErrorCode::InternalError(Some(
        "the handler returned without setting a response".into(),
    )));
    log_streams::deliver();
    advance();
}

fn advance() {
    CURRENT.with(|current| {
        current
            .generation
            .set(current.generation.get().wrapping_add(1));
        current.is_serving.set(false);
        current.answered.set(true);
    });
}

/// Claims the right to answer; false if the response is settled already.
pub fn answer() -> bool {
    CURRENT.with(|current| !current.answered.replace(true))
}

/// Reports `code` in place of a response, if there is none yet.
pub fn fail(code: &ErrorCode) {
    if answer() {
        http_server::respond_fail(&error_codes::print(code));
    }
}

/// From now on `body` is pushed whenever the guest is about to wait.
pub fn track(body: Rc<dyn OpenBody>) {
    CURRENT.with(|current| current.bodies.borrow_mut().push(body));
}

/// `body` is finished or broken off.
pub fn untrack(body: &dyn OpenBody) {
    CURRENT.with(|current| {
        current
            .bodies
            .borrow_mut()
            .retain(|tracked| !core::ptr::addr_eq(Rc::as_ptr(tracked), body))
    });
}

/// From now on `call` is closed when the exchange ends.
pub fn track_call(call: Weak<dyn OpenCall>) {
    CURRENT.with(|current| {
        let mut calls = current.calls.borrow_mut();
        calls.retain(|tracked| tracked.strong_count() > 0);
        calls.push(call);
    });
}

/// Delivers what the guest has flushed: it is about to do something that may take time.
pub fn settle() {
    for body in bodies_where(|body| body.wants_flush()) {
        body.push();
    }
}

/// Delivers whatever there is, log lines too: the guest is about to wait, or has returned to its caller.
pub fn before_waiting() {
    for body in bodies_where(|_| true) {
        body.push();
    }
    log_streams::deliver();
}

/// Bodies with bytes that the host does not welcome yet.
pub fn backlog() -> Vec<Rc<dyn OpenBody>> {
    bodies_where(|body| body.has_backlog())
}

/// A list of its own: pushing a body may end it, and thus change the list.
fn bodies_where(wanted: impl Fn(&dyn OpenBody) -> bool) -> Vec<Rc<dyn OpenBody>> {
    CURRENT.with(|current| {
        current
            .bodies
            .borrow()
            .iter()
            .filter(|body| wanted(body.as_ref()))
            .cloned()
            .collect()
    })
}
