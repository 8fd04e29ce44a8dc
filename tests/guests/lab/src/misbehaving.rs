//! Paths that break rules, or never answer.

use crate::answers::{begin, finish, stream_error};
use crate::bindings::wasi::http::types::{ErrorCode, OutgoingBody, ResponseOutparam};
use crate::system::{log, sleep};
use std::cell::RefCell;

thread_local! {
    static LEAKED: RefCell<Vec<OutgoingBody>> = const { RefCell::new(Vec::new()) };
}

pub fn trap() {
    log("about to trap\n");
    core::arch::wasm32::unreachable()
}

pub fn spin() {
    loop {
        core::hint::spin_loop();
    }
}

pub fn eat() {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(vec![1; 1 << 20]);
    }
}

pub fn none(out: ResponseOutparam) {
    core::mem::forget(out);
}

pub fn error(out: ResponseOutparam) {
    ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some("as asked".into()))));
}

/// Gives up, and goes on working.
pub fn error_after(out: ResponseOutparam, ms: u64) {
    error(out);
    sleep(ms);
    log("worked after the error\n");
}

pub fn unfinished(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[]);
    stream.blocking_write_and_flush(b"some of it").unwrap();
    drop(stream);
    drop(body);
}

pub fn unfinished_late(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[]);
    stream.blocking_write_and_flush(b"some of it").unwrap();
    sleep(20);
    drop(stream);
    drop(body);
}

pub fn leak(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[]);
    stream.blocking_write_and_flush(b"some of it").unwrap();
    drop(stream);
    LEAKED.with(|leaked| leaked.borrow_mut().push(body));
}

pub fn short(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[("content-length", "10")]);
    stream.blocking_write_and_flush(b"short").unwrap();
    drop(stream);
    log(&format!("finish: {:?}\n", OutgoingBody::finish(body, None)));
}

pub fn long(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[("content-length", "4")]);
    let error = stream.blocking_write_and_flush(b"too long").unwrap_err();
    log(&format!("write: {}\n", stream_error(&error)));
    let again = stream.blocking_write_and_flush(b"x").unwrap_err();
    log(&format!("again: {}\n", stream_error(&again)));
    drop(stream);
    log(&format!("finish: {:?}\n", OutgoingBody::finish(body, None)));
}

pub fn over_permit(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[]);
    let permitted = stream.check_write().unwrap() as usize;
    let _ = stream.write(&vec![b'x'; permitted + 1]);
    finish(body, stream);
}

pub fn drop_order(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[]);
    drop(body);
    drop(stream);
}
