//! Answers of a face.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::bindings::wasi::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use crate::bindings::wasi::io::streams::{OutputStream, StreamError};
use crate::json::Object;

/// The most that a stream takes in one blocking call (`wasi:io/streams`).
const STEP: usize = 4096;

/// An answer, complete before it is sent.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Cow<'static, [u8]>,
}

impl Response {
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Cow::Borrowed(b"") }
    }

    pub fn json(status: u16, object: Object) -> Self {
        let body = Cow::Owned(object.finish().into_bytes());
        Self::with_body(status, "application/json; charset=utf-8", body).header("cache-control", "no-store")
    }

    /// The contract's form of every failure.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let error = Object::new().text("code", code).text("message", message).finish();
        Self::json(status, Object::new().raw("error", &error))
    }

    pub fn method_not_allowed(allowed: &str) -> Self {
        let response = Self::error(405, "method-not-allowed", &alloc::format!("this path answers to {allowed}"));
        response.header("allow", allowed)
    }

    pub fn with_body(status: u16, content_type: &str, body: Cow<'static, [u8]>) -> Self {
        let headers = Vec::from([("content-type", content_type.to_string())]);
        Self { status, headers, body }
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer to the same question asked with HEAD.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.body = Cow::Borrowed(b"");
        self
    }

    /// Sends the answer; what the component does afterwards costs the client nothing.
    ///
    /// What the stream takes at once is written before the answer is handed over, so that a short one leaves whole.
    pub fn send(self, out: ResponseOutparam) {
        let response = OutgoingResponse::new(self.fields());
        // A status that is no status, or a body taken twice: neither can happen to a new response with these numbers.
        let (Ok(()), Ok(body)) = (response.set_status_code(self.status), response.body()) else { return };
        let Ok(stream) = body.write() else { return };
        let rest = write_at_once(&stream, &self.body);
        if rest.is_empty() {
            drop(stream);
            let _ = OutgoingBody::finish(body, None);
            ResponseOutparam::set(out, Ok(response));
        } else {
            ResponseOutparam::set(out, Ok(response));
            if write_waiting(&stream, rest).is_ok() {
                drop(stream);
                let _ = OutgoingBody::finish(body, None);
            }
        }
    }

    fn fields(&self) -> Fields {
        let fields = Fields::new();
        for (name, value) in &self.headers {
            if fields.append(name, value.as_bytes()).is_err() {
                guest::log(&alloc::format!("header `{name}` cannot be sent"));
            }
        }
        fields
    }
}

/// Gives what was not written.
fn write_at_once<'a>(stream: &OutputStream, bytes: &'a [u8]) -> &'a [u8] {
    let permitted = stream.check_write().unwrap_or(0);
    let (now, later) = bytes.split_at(bytes.len().min(usize::try_from(permitted).unwrap_or(usize::MAX)));
    if now.is_empty() || stream.write(now).is_ok() { later } else { bytes }
}

fn write_waiting(stream: &OutputStream, bytes: &[u8]) -> Result<(), StreamError> {
    bytes.chunks(STEP).try_for_each(|part| stream.blocking_write_and_flush(part))
}
