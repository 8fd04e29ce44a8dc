//! Paths about the request: its head, its body, its trailers.

use crate::answers::{begin, finish, read_all, stream_error, text, write_permitted};
use crate::bindings::wasi::http::types::{IncomingBody, IncomingRequest, ResponseOutparam};
use crate::bindings::wasi::io::streams::StreamError;

pub fn echo(request: IncomingRequest, out: ResponseOutparam) {
    let kind = request.headers().get("content-type");
    let kind = kind
        .first()
        .map(|kind| String::from_utf8_lossy(kind).into_owned());
    let headers: Vec<_> = kind
        .iter()
        .map(|kind| ("content-type", kind.as_str()))
        .collect();
    let input = request.consume().unwrap();
    let source = input.stream().unwrap();
    let (body, stream) = begin(out, &headers);
    loop {
        match source.blocking_read(64 << 10) {
            Ok(piece) => write_permitted(&stream, &piece).unwrap(),
            Err(StreamError::Closed) => break,
            Err(error) => panic!("{}", stream_error(&error)),
        }
    }
    finish(body, stream);
}

pub fn splice(request: IncomingRequest, out: ResponseOutparam) {
    let input = request.consume().unwrap();
    let source = input.stream().unwrap();
    let (body, stream) = begin(out, &[]);
    while stream.blocking_splice(&source, u64::MAX).is_ok() {}
    finish(body, stream);
}

pub fn late(request: IncomingRequest, out: ResponseOutparam) {
    let input = request.consume().unwrap();
    let source = input.stream().unwrap();
    match read_all(&source) {
        Ok((bytes, reads)) => text(out, &format!("{} bytes in {reads} reads", bytes.len())),
        Err(error) => text(out, &stream_error(&error)),
    }
}

pub fn skip(request: IncomingRequest, out: ResponseOutparam, count: u64) {
    let input = request.consume().unwrap();
    let source = input.stream().unwrap();
    let mut left = count;
    while left > 0 {
        left -= source.blocking_skip(left).unwrap();
    }
    let (bytes, _) = read_all(&source).unwrap();
    text(out, &String::from_utf8_lossy(&bytes));
}

pub fn ignore_body(request: IncomingRequest, out: ResponseOutparam) {
    let input = request.consume().unwrap();
    assert!(request.consume().is_err());
    let source = input.stream().unwrap();
    assert!(input.stream().is_err());
    let first = source.blocking_read(1).unwrap_or_default();
    drop(source);
    drop(input);
    text(out, &String::from_utf8_lossy(&first));
}

pub fn trailers(request: IncomingRequest, out: ResponseOutparam) {
    let input = request.consume().unwrap();
    let future = IncomingBody::finish(input);
    future.subscribe().block();
    let answer = match future.get() {
        Some(Ok(Ok(Some(trailers)))) => format!("{:?}", trailers.entries()),
        Some(Ok(Ok(None))) => "none".into(),
        other => format!("{other:?}"),
    };
    assert!(matches!(future.get(), Some(Err(()))));
    text(out, &answer);
}

pub fn head(request: IncomingRequest, out: ResponseOutparam) {
    let (method, scheme) = (request.method(), request.scheme());
    let (authority, path) = (request.authority(), request.path_with_query());
    text(
        out,
        &format!("{method:?} {scheme:?} {authority:?} {path:?}"),
    );
}
