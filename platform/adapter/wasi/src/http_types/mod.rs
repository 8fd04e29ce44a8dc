//! `wasi:http/types`, a module for each group of its resources.

pub mod calls;
pub mod error_codes;
pub mod fields;
pub mod incoming_bodies;
pub mod incoming_bytes;
pub mod incoming_requests;
pub mod outgoing_bodies;
pub mod outgoing_bytes;
pub mod outgoing_requests;
pub mod response_sink;
pub mod responses;
pub mod targets;

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::http::types::{self, ErrorCode, IoErrorBorrow};
use crate::io_error::Error;

impl types::Guest for Adapter {
    type Fields = fields::Fields;
    type IncomingRequest = incoming_requests::IncomingRequest;
    type OutgoingRequest = outgoing_requests::OutgoingRequest;
    type RequestOptions = outgoing_requests::RequestOptions;
    type ResponseOutparam = responses::ResponseOutparam;
    type IncomingResponse = responses::IncomingResponse;
    type IncomingBody = incoming_bodies::IncomingBody;
    type FutureTrailers = incoming_bodies::FutureTrailers;
    type OutgoingResponse = responses::OutgoingResponse;
    type OutgoingBody = outgoing_bodies::OutgoingBody;
    type FutureIncomingResponse = crate::http_outgoing::FutureIncomingResponse;

    fn http_error_code(error: IoErrorBorrow<'_>) -> Option<ErrorCode> {
        Some(error.get::<Error>().0.clone())
    }
}
