//! Paths about the response: when it is written, flushed, finished and set.

use crate::answers::{begin, finish, response, text, write_all, write_permitted};
use crate::bindings::wasi::http::types::{
    Fields, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::system::sleep;

/// Answers the paths that look at nothing of the request.
pub fn answer(path: &str, out: ResponseOutparam, number: u64) {
    match path {
        "/" | "/hello" => hello(out),
        "/hello-sdk" => hello_sdk(out),
        "/big" => text(out, &"0123456789abcdef".repeat(number as usize / 16)),
        "/bytes" => bytes(out, number as usize),
        "/status" => status(out, number as u16),
        "/stream" => stream(out, number),
        "/flush" => flush(out, number),
        "/early-finish" => early_finish(out),
        "/early-write" => early_write(out, number as usize),
        "/after" => after(out, number),
        "/inform" => inform(out, number as u16),
        "/no-body" => ResponseOutparam::set(out, Ok(response(&[("x-body", "none")]))),
        "/trailers" => trailers(out),
        "/zeroes" => zeroes(out),
        "/unasked" => unasked(out, number as usize),
        _ => status(out, 404),
    }
}

fn hello(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[("content-type", "text/plain")]);
    stream.blocking_write_and_flush(b"hello").unwrap();
    finish(body, stream);
}

fn hello_sdk(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[("content-type", "text/plain")]);
    write_permitted(&stream, b"hello").unwrap();
    stream.flush().unwrap();
    assert!(stream.check_write().unwrap() > 0);
    finish(body, stream);
}

fn bytes(out: ResponseOutparam, size: usize) {
    let (body, stream) = begin(out, &[]);
    let bytes: Vec<u8> = (0..size).map(|at| (at * 7) as u8 | 0x80).collect();
    write_permitted(&stream, &bytes).unwrap();
    finish(body, stream);
}

fn status(out: ResponseOutparam, status: u16) {
    let response = OutgoingResponse::new(Fields::new());
    let accepted = response.set_status_code(status).is_ok();
    if !accepted {
        return text(out, "refused");
    }
    ResponseOutparam::set(out, Ok(response));
}

fn stream(out: ResponseOutparam, count: u64) {
    let (body, stream) = begin(out, &[]);
    for at in 0..count {
        stream.check_write().unwrap();
        stream.write(format!("chunk {at}\n").as_bytes()).unwrap();
        sleep(20);
    }
    finish(body, stream);
}

fn flush(out: ResponseOutparam, count: u64) {
    let (body, stream) = begin(out, &[]);
    for at in 0..count {
        stream
            .blocking_write_and_flush(format!("chunk {at}\n").as_bytes())
            .unwrap();
    }
    finish(body, stream);
}

fn early_finish(out: ResponseOutparam) {
    let response = response(&[]);
    let body = response.body().unwrap();
    assert!(response.body().is_err());
    let stream = body.write().unwrap();
    assert!(body.write().is_err());
    write_all(&stream, b"finished before it was set").unwrap();
    finish(body, stream);
    ResponseOutparam::set(out, Ok(response));
}

fn early_write(out: ResponseOutparam, size: usize) {
    let response = response(&[]);
    let body = response.body().unwrap();
    let stream = body.write().unwrap();
    write_permitted(&stream, &vec![b'x'; size]).unwrap();
    ResponseOutparam::set(out, Ok(response));
    stream.blocking_flush().unwrap();
    finish(body, stream);
}

fn after(out: ResponseOutparam, ms: u64) {
    text(out, "answered");
    sleep(ms);
    crate::system::log("worked after the response\n");
}

fn inform(out: ResponseOutparam, status: u16) {
    let hint = [("link".into(), b"</app.css>; rel=preload".to_vec())];
    let hinted = out.send_informational(103, Fields::from_list(&hint).unwrap());
    let tried = out.send_informational(status, Fields::new());
    text(out, &format!("{hinted:?} {tried:?}"));
}

fn trailers(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[("trailer", "x-sum")]);
    stream.blocking_write_and_flush(b"with trailers").unwrap();
    drop(stream);
    let trailers = Fields::from_list(&[("x-sum".into(), b"42".to_vec())]).unwrap();
    OutgoingBody::finish(body, Some(trailers)).unwrap();
}

/// Writes without asking how much is permitted.
fn unasked(out: ResponseOutparam, size: usize) {
    let (body, stream) = begin(out, &[]);
    stream.write(&vec![b'x'; size]).unwrap();
    finish(body, stream);
}

fn zeroes(out: ResponseOutparam) {
    let (body, stream) = begin(out, &[]);
    stream.check_write().unwrap();
    stream.write_zeroes(5).unwrap();
    stream.blocking_write_zeroes_and_flush(3).unwrap();
    finish(body, stream);
}
