//! Streams as the core code of a guest sees them: addresses and lengths, whether they make sense or not.

use crate::answers::{begin, finish, text};
use crate::bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};

#[link(wasm_import_module = "wasi:io/streams@0.2.12")]
unsafe extern "C" {
    #[link_name = "[method]output-stream.write"]
    fn write_raw(stream: u32, address: u32, size: u32, result: u32);
    #[link_name = "[method]input-stream.blocking-read"]
    fn read_raw(stream: u32, size: u64, result: u32);
}

fn numbers(query: &str) -> (u32, u32) {
    let (first, second) = query.split_once(',').unwrap();
    (first.parse().unwrap(), second.parse().unwrap())
}

/// Answers with the `size` bytes of its memory at `address`.
pub fn write(out: ResponseOutparam, query: &str) {
    let (address, size) = numbers(query);
    let (body, stream) = begin(out, &[]);
    let mut result = [0_u32; 3];
    unsafe { write_raw(stream.handle(), address, size, result.as_mut_ptr() as u32) };
    finish(body, stream);
}

/// Reads at most `size` bytes of the request; the result goes to `address`, 0: to where it should.
pub fn read(request: IncomingRequest, out: ResponseOutparam, query: &str) {
    let (address, size) = numbers(query);
    let body = request.consume().unwrap();
    let stream = body.stream().unwrap();
    let mut result = [0_u32; 3];
    let place = if address == 0 {
        result.as_mut_ptr() as u32
    } else {
        address
    };
    unsafe { read_raw(stream.handle(), size.into(), place) };
    let result = core::hint::black_box(result);
    drop((stream, body));
    text(out, &format!("{} bytes", result[2]));
}

/// Answers with `size` bytes of a pattern, in pieces of growing size that begin at odd and at even addresses.
pub fn pieces(out: ResponseOutparam, query: &str) {
    let (size, first) = numbers(query);
    let pattern: Vec<u8> = (0..=size).map(|each| (each % 251) as u8).collect();
    let (body, stream) = begin(out, &[]);
    let (mut at, mut next) = (1, first as usize);
    while at < pattern.len() {
        let end = pattern.len().min(at + next);
        while stream.check_write().unwrap() < (end - at) as u64 {
            stream.subscribe().block();
        }
        stream.write(&pattern[at..end]).unwrap();
        (at, next) = (end, (next + 1).min(4096));
    }
    stream.write(&[]).unwrap();
    finish(body, stream);
}
