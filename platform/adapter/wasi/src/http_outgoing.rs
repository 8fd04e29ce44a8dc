//! `wasi:http/outgoing-handler` and `future-incoming-response`: requests that the guest sends.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::http::outgoing_handler;
use crate::bindings::exports::wasi::http::types::{self, ErrorCode};
use crate::buffers::Buffer;
use crate::exchange;
use crate::http_types::calls::Call;
use crate::http_types::incoming_bytes::{IncomingBytes, Source};
use crate::http_types::outgoing_requests::{OutgoingRequest, RequestOptions};
use crate::http_types::responses::IncomingResponse;
use crate::io_poll::Pollable;
use core::cell::RefCell;
use std::rc::Rc;

/// The resource.
pub struct FutureIncomingResponse {
    /// None once the response has been taken.
    call: RefCell<Option<Rc<Call>>>,
}

impl types::GuestFutureIncomingResponse for FutureIncomingResponse {
    fn subscribe(&self) -> types::Pollable {
        match &*self.call.borrow() {
            Some(call) => Pollable::Watched(Rc::<Call>::downgrade(call)).handle(),
            None => Pollable::Always.handle(),
        }
    }

    fn get(&self) -> Option<Result<Result<types::IncomingResponse, ErrorCode>, ()>> {
        let response = match &*self.call.borrow() {
            Some(call) => call.response()?.map(|(status, fields)| {
                let body = IncomingBytes::new(Source::Called(call.clone()), Buffer::empty(), true);
                IncomingResponse::handle(status, fields, body)
            }),
            None => return Some(Err(())),
        };
        self.call.take();
        Some(Ok(response))
    }
}

impl outgoing_handler::Guest for Adapter {
    fn handle(
        request: types::OutgoingRequest,
        options: Option<types::RequestOptions>,
    ) -> Result<types::FutureIncomingResponse, ErrorCode> {
        exchange::settle();
        let timeouts = options
            .map(|options| options.get::<RequestOptions>().timeouts())
            .unwrap_or_default();
        let (head, body) = request
            .into_inner::<OutgoingRequest>()
            .into_parts(timeouts)?;
        let call = Call::new(head, body.as_ref().map(|body| Rc::downgrade(body) as _));
        match body {
            Some(body) => body.attach_request(&call),
            None => call.start(&[], false),
        }
        Ok(types::FutureIncomingResponse::new(FutureIncomingResponse {
            call: RefCell::new(Some(call)),
        }))
    }
}
