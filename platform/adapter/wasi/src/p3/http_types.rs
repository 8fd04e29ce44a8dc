//! `wasi:http/types`: its resources, and how the values of its futures cross.

use super::bindings::exports::wasi::http::types::{self, ErrorCode};
use super::conversions::{error_from_guest, error_to_guest};
use super::fields::Fields;
use super::request_options::RequestOptions;
use super::requests::Request;
use super::responses::Response;
use super::runtime::{OUTCOME, TRAILERS, checked};
use super::{outgoing, promises, receipts};
use crate::bindings::Adapter;
use crate::traps::trap;

impl types::Guest for Adapter {
    type Fields = Fields;
    type Request = Request;
    type RequestOptions = RequestOptions;
    type Response = Response;

    fn take_result_option_fields_error_code(
        end: u32,
        count: u32,
    ) -> Vec<Result<Option<types::Trailers>, ErrorCode>> {
        let trailers = promises::take_trailers(end, count);
        vec![
            trailers
                .map(|trailers| trailers.map(Fields::immutable))
                .map_err(error_to_guest),
        ]
    }

    fn put_result_option_fields_error_code(
        end: u32,
        values: Vec<Result<Option<types::Trailers>, ErrorCode>>,
    ) {
        let channel = checked(|runtime| runtime.put(end, TRAILERS, values.len() as u32));
        let trailers = one(values)
            .map(|trailers| trailers.map(Fields::into_list))
            .map_err(error_from_guest);
        let outcome = trailers.as_ref().map(|_| ()).map_err(Clone::clone);
        if !outgoing::put_trailers(channel, trailers) && !receipts::put(channel, outcome) {
            trap("trailers were written that nobody takes");
        }
    }

    fn take_result_none_error_code(end: u32, count: u32) -> Vec<Result<(), ErrorCode>> {
        vec![promises::take_outcome(end, OUTCOME, count).map_err(error_to_guest)]
    }

    fn put_result_none_error_code(end: u32, values: Vec<Result<(), ErrorCode>>) {
        let channel = checked(|runtime| runtime.put(end, OUTCOME, values.len() as u32));
        if !receipts::put(channel, one(values).map_err(error_from_guest)) {
            trap("a result was written that nobody takes");
        }
    }
}

/// The one value that a future has.
fn one<T>(values: Vec<T>) -> T {
    match values.into_iter().next() {
        Some(value) => value,
        None => trap("a future was written without a value"),
    }
}
