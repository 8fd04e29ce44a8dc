//! Handles of one request, kept in statics and used while a later one is served by the same instance.

use crate::answers::{read_all, response, stream_error, text};
use crate::bindings::wasi::http::types::{
    ErrorCode, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream};
use std::cell::RefCell;

struct Kept {
    request: IncomingRequest,
    input: InputStream,
    response: OutgoingResponse,
    body: OutgoingBody,
    output: OutputStream,
    answered: (OutgoingBody, OutputStream),
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    static OUTPARAM: RefCell<Option<ResponseOutparam>> = const { RefCell::new(None) };
}

/// Keeps everything; `?outparam` in the query keeps the outparam too, so that there is no response.
pub fn keep(request: IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    let input = incoming.stream().unwrap();
    core::mem::forget(incoming);
    let kept_response = response(&[("x-from", "earlier")]);
    let body = kept_response.body().unwrap();
    let output = body.write().unwrap();
    let given = response(&[]);
    let answered_body = given.body().unwrap();
    let answered = answered_body.write().unwrap();
    let keeps_outparam = request
        .path_with_query()
        .unwrap_or_default()
        .ends_with("?outparam");
    let kept = Kept {
        request,
        input,
        response: kept_response,
        body,
        output,
        answered: (answered_body, answered),
    };
    KEPT.with(|cell| cell.replace(Some(kept)));
    if keeps_outparam {
        OUTPARAM.with(|cell| cell.replace(Some(out)));
    } else {
        ResponseOutparam::set(out, Ok(given));
    }
}

/// Uses what was kept; the answer says what came of it. `?response` answers with the response that was kept.
pub fn use_kept(request: IncomingRequest, out: ResponseOutparam) {
    let Some(kept) = KEPT.with(|cell| cell.take()) else {
        return text(out, "nothing kept");
    };
    let read = match read_all(&kept.input) {
        Ok((bytes, _)) => format!("read {:?}", String::from_utf8_lossy(&bytes)),
        Err(error) => stream_error(&error),
    };
    let (body, output) = kept.answered;
    let write = output
        .blocking_write_and_flush(b"into a later response")
        .map_err(|error| stream_error(&error));
    drop(output);
    let finish = OutgoingBody::finish(body, None);
    if let Some(out) = OUTPARAM.with(|cell| cell.take()) {
        ResponseOutparam::set(out, Err(ErrorCode::LoopDetected));
    }
    let path = kept.request.path_with_query();
    let _ = kept.output.blocking_write_and_flush(b"earlier");
    drop(kept.output);
    let _ = OutgoingBody::finish(kept.body, None);
    if request
        .path_with_query()
        .unwrap_or_default()
        .ends_with("?response")
    {
        return ResponseOutparam::set(out, Ok(kept.response));
    }
    text(
        out,
        &format!("{path:?}; read: {read}; write: {write:?}; finish: {finish:?}"),
    );
}
