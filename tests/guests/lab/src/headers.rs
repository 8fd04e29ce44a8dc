//! Paths about fields.

use crate::answers::text;
use crate::bindings::wasi::http::types::{
    Fields, HeaderError, IncomingRequest, OutgoingResponse, ResponseOutparam,
};

pub fn echo(request: IncomingRequest, out: ResponseOutparam) {
    let lines: Vec<String> = request
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(&value)))
        .collect();
    text(out, &lines.join("\n"));
}

pub fn immutable(request: IncomingRequest, out: ResponseOutparam) {
    let fields = request.headers();
    let mut seen = vec![
        fields.append("a", b"1"),
        fields.set("a", &[b"1".to_vec()]),
        fields.delete("a"),
        fields.append("b ad", b"1"),
    ];
    let copy = fields.clone();
    drop(request);
    drop(fields);
    seen.push(copy.append("a", b"1"));
    let response = OutgoingResponse::new(copy);
    seen.push(response.headers().append("b", b"2"));
    text(out, &format!("{seen:?}"));
}

pub fn forbidden(out: ResponseOutparam) {
    let names = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
        "host",
        "http2-settings",
    ];
    let fields = Fields::new();
    let is_forbidden =
        |name: &&str| matches!(fields.append(name, b"x"), Err(HeaderError::Forbidden));
    let all = names.iter().all(|name| is_forbidden(name));
    let from_list = Fields::from_list(&[("Host".into(), b"x".to_vec())]);
    text(
        out,
        &format!("{all} {}", matches!(from_list, Err(HeaderError::Forbidden))),
    );
}

pub fn fields(out: ResponseOutparam) {
    let fields =
        Fields::from_list(&[("X-A".into(), b"1".to_vec()), ("x-b".into(), b"2".to_vec())]).unwrap();
    fields.append("x-a", b"3").unwrap();
    fields.set("X-C", &[b"4".to_vec(), b"5".to_vec()]).unwrap();
    fields.delete("x-B").unwrap();
    let seen = (
        fields.get("X-a"),
        fields.has("x-b"),
        fields.has("no such"),
        fields.get("x-none"),
    );
    let wrong = (
        fields.append("a b", b""),
        fields.append("a", b"\r\n"),
        fields.append("content-length", b"-1"),
    );
    text(out, &format!("{seen:?} {:?} {wrong:?}", fields.entries()));
}

pub fn big_head(out: ResponseOutparam, size: u64) {
    let fields = Fields::new();
    for at in 0..size / 1000 {
        fields.append(&format!("x-{at}"), &[b'v'; 1000]).unwrap();
    }
    ResponseOutparam::set(out, Ok(OutgoingResponse::new(fields)));
}

pub fn too_many() {
    let fields = Fields::new();
    loop {
        fields.append("x", &[b'v'; 1000]).unwrap();
    }
}
