//! Requests that a face makes to another component of this application.

use alloc::format;
use alloc::string::{String, ToString};

use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{ErrorCode, Fields, Method, OutgoingBody, OutgoingRequest, Scheme};

/// Posts JSON and waits for the answer's status.
///
/// # Errors
/// Says what failed, for the log.
pub fn post(authority: &str, path: &str, json: &str) -> Result<u16, String> {
    let fields = Fields::new();
    let content_type = fields.append("content-type", b"application/json");
    content_type.map_err(|error| format!("{error:?}"))?;
    let request = OutgoingRequest::new(fields);
    let is_addressed = request.set_method(&Method::Post).is_ok()
        && request.set_scheme(Some(&Scheme::Http)).is_ok()
        && request.set_authority(Some(authority)).is_ok()
        && request.set_path_with_query(Some(path)).is_ok();
    if !is_addressed {
        return Err(format!("http://{authority}{path} is not an address"));
    }
    let body = request.body().map_err(|()| "the request has no body".to_string())?;
    let answer = outgoing_handler::handle(request, None).map_err(describe)?;
    write(body, json)?;
    answer.subscribe().block();
    let response = answer.get().and_then(Result::ok).ok_or("no answer was given")?;
    response.map(|response| response.status()).map_err(describe)
}

fn write(body: OutgoingBody, json: &str) -> Result<(), String> {
    let stream = body.write().map_err(|()| "the request's body cannot be written".to_string())?;
    for part in json.as_bytes().chunks(4096) {
        stream.blocking_write_and_flush(part).map_err(|error| format!("{error:?}"))?;
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(describe)
}

fn describe(error: ErrorCode) -> String {
    format!("{error:?}")
}
