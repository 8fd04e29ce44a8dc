//! Paths about `wasi:io/poll`.

use crate::answers::text;
use crate::bindings::wasi::clocks::monotonic_clock::subscribe_duration;
use crate::bindings::wasi::http::types::{Fields, OutgoingResponse, ResponseOutparam};
use crate::bindings::wasi::io::poll::poll;

const MILLISECOND: u64 = 1_000_000;

pub fn several(out: ResponseOutparam) {
    let now = subscribe_duration(0);
    let soon = subscribe_duration(5 * MILLISECOND);
    let later = subscribe_duration(10_000 * MILLISECOND);
    let first = poll(&[&later, &now, &soon]);
    let second = poll(&[&later, &soon]);
    let third = poll(&[&soon, &later, &now]);
    text(
        out,
        &format!(
            "{first:?} {second:?} {third:?} {} {}",
            soon.ready(),
            later.ready()
        ),
    );
}

/// Waits for a body that is full and has nowhere to go.
pub fn nothing() {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    let stream = body.write().unwrap();
    while let Ok(permitted @ 1..) = stream.check_write() {
        stream.write(&vec![b'x'; permitted as usize]).unwrap();
    }
    stream.subscribe().block();
}

pub fn empty() {
    poll(&[]);
}
