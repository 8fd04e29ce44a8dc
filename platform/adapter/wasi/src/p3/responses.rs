//! `wasi:http/types.response`: what the guest answers, and what it is answered.

use super::bindings::exports::wasi::http::types::{self, Headers};
use super::bodies::Body;
use super::fields::Fields;
use crate::http_types::fields::FieldList;
use crate::http_types::incoming_bytes::IncomingBytes;
use core::cell::Cell;

/// The resource.
pub struct Response {
    status: Cell<u16>,
    fields: FieldList,
    body: Body,
}

impl Response {
    /// A handle for one whose head has arrived.
    pub fn arrived(status: u16, fields: FieldList, bytes: IncomingBytes) -> types::Response {
        types::Response::new(Self {
            status: Cell::new(status),
            fields,
            body: Body::arrived(bytes),
        })
    }

    /// Takes the response apart for sending: status, fields and body.
    pub fn into_parts(self) -> (u16, FieldList, Body) {
        (self.status.get(), self.fields, self.body)
    }
}

impl types::GuestResponse for Response {
    fn new(headers: Headers, contents: Option<u32>, trailers: u32) -> (types::Response, u32) {
        let (body, sent) = Body::made(contents, trailers);
        let response = Self {
            status: Cell::new(200),
            fields: Fields::into_list(headers),
            body,
        };
        (types::Response::new(response), sent)
    }

    fn get_status_code(&self) -> u16 {
        self.status.get()
    }

    fn set_status_code(&self, status: u16) -> Result<(), ()> {
        if !(100..=999).contains(&status) {
            return Err(());
        }
        self.status.set(status);
        Ok(())
    }

    fn get_headers(&self) -> Headers {
        Fields::immutable(self.fields.clone())
    }

    fn consume_body(this: types::Response, receipt: u32) -> (u32, u32) {
        this.into_inner::<Self>().body.consume(receipt)
    }
}
