//! `wasi:io/error`: why a stream operation failed. Every error of ours is one of HTTP.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::http::types::ErrorCode;
use crate::bindings::exports::wasi::io::error;
use crate::bindings::exports::wasi::io::streams::StreamError;
use crate::http_types::error_codes;

/// The resource.
pub struct Error(pub ErrorCode);

/// What a stream operation returns that failed because of `code`.
pub fn failed(code: ErrorCode) -> StreamError {
    StreamError::LastOperationFailed(error::Error::new(Error(code)))
}

impl error::Guest for Adapter {
    type Error = Error;
}

impl error::GuestError for Error {
    fn to_debug_string(&self) -> String {
        error_codes::print(&self.0).trim_end().replace('\n', " ")
    }
}
