//! The ordinary ways to answer, for paths whose point is something else.

use crate::bindings::wasi::http::types::{
    Fields, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

/// A response with these headers.
pub fn response(headers: &[(&str, &str)]) -> OutgoingResponse {
    let fields = Fields::new();
    for (name, value) in headers {
        fields.append(name, value.as_bytes()).unwrap();
    }
    OutgoingResponse::new(fields)
}

/// Sets a response and returns its body and the stream to write it.
pub fn begin(out: ResponseOutparam, headers: &[(&str, &str)]) -> (OutgoingBody, OutputStream) {
    let response = response(headers);
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    (body, stream)
}

/// Ends a body.
pub fn finish(body: OutgoingBody, stream: OutputStream) {
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

/// Answers with `text`.
pub fn text(out: ResponseOutparam, text: &str) {
    let (body, stream) = begin(out, &[("content-type", "text/plain")]);
    write_all(&stream, text.as_bytes()).unwrap();
    finish(body, stream);
}

/// Writes `bytes` in pieces of 4096, flushing each.
pub fn write_all(stream: &OutputStream, bytes: &[u8]) -> Result<(), StreamError> {
    bytes
        .chunks(4096)
        .try_for_each(|piece| stream.blocking_write_and_flush(piece))
}

/// Writes `bytes` as SDKs do: as much as is permitted, waiting when nothing is.
pub fn write_permitted(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let permitted = stream.check_write()? as usize;
        if permitted == 0 {
            stream.subscribe().block();
            continue;
        }
        let (piece, rest) = bytes.split_at(permitted.min(bytes.len()));
        stream.write(piece)?;
        bytes = rest;
    }
    Ok(())
}

/// Reads up to the end; returns the bytes and how many reads gave some.
pub fn read_all(stream: &InputStream) -> Result<(Vec<u8>, usize), StreamError> {
    let (mut bytes, mut reads) = (Vec::new(), 0);
    loop {
        match stream.blocking_read(1 << 20) {
            Ok(piece) => {
                bytes.extend_from_slice(&piece);
                reads += 1;
            }
            Err(StreamError::Closed) => return Ok((bytes, reads)),
            Err(error) => return Err(error),
        }
    }
}

/// What an error of a stream says.
pub fn stream_error(error: &StreamError) -> String {
    match error {
        StreamError::Closed => "closed".into(),
        StreamError::LastOperationFailed(error) => {
            let code = crate::bindings::wasi::http::types::http_error_code(error);
            format!("failed: {code:?}; {}", error.to_debug_string())
        }
    }
}
