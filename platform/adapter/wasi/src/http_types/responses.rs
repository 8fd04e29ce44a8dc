//! `wasi:http/types`: `outgoing-response`, `response-outparam` and `incoming-response`.

use super::fields::{FieldList, Fields};
use super::incoming_bodies::IncomingBody;
use super::incoming_bytes::IncomingBytes;
use super::outgoing_bodies::OutgoingBody;
use super::outgoing_bytes::{OutgoingBytes, Role};
use super::response_sink::{ResponseSink, head_text};
use crate::bindings::exports::wasi::http::types::{self, ErrorCode, Headers};
use crate::bindings::whorl::host::http_server;
use crate::exchange;
use core::cell::{Cell, RefCell};
use std::rc::Rc;

const SWITCHING_PROTOCOLS: u16 = 101;

/// The resource: a response that the guest makes.
pub struct OutgoingResponse {
    generation: u32,
    status: Cell<u16>,
    fields: FieldList,
    body: RefCell<Option<Rc<OutgoingBytes>>>,
}

impl types::GuestOutgoingResponse for OutgoingResponse {
    fn new(headers: Headers) -> Self {
        Self {
            generation: exchange::generation(),
            status: Cell::new(200),
            fields: Fields::into_list(headers),
            body: RefCell::default(),
        }
    }

    fn status_code(&self) -> u16 {
        self.status.get()
    }

    fn set_status_code(&self, status: u16) -> Result<(), ()> {
        if !(100..=999).contains(&status) {
            return Err(());
        }
        self.status.set(status);
        Ok(())
    }

    fn headers(&self) -> Headers {
        Fields::immutable(self.fields.clone())
    }

    fn body(&self) -> Result<types::OutgoingBody, ()> {
        let mut body = self.body.borrow_mut();
        if body.is_some() {
            return Err(());
        }
        let bytes = Rc::new(OutgoingBytes::new(
            Role::Response,
            self.fields.content_length()?,
        ));
        *body = Some(bytes.clone());
        Ok(OutgoingBody::handle(bytes))
    }
}

impl OutgoingResponse {
    /// Makes this the answer to the request that is served now. A body that was never asked for is an empty one.
    fn send(self) {
        if !exchange::is_current(self.generation) {
            let text = "the response was made while the instance served an earlier request";
            return exchange::fail(&ErrorCode::InternalError(Some(text.into())));
        }
        if !exchange::answer() {
            return;
        }
        let expected = self.fields.content_length();
        let sink = ResponseSink::new(self.status.get(), self.fields);
        match self.body.into_inner() {
            Some(body) => body.attach_response(sink),
            None if matches!(expected, Ok(None | Some(0))) || sink.may_be_left_out() => {
                sink.complete(&[], None)
            }
            None => sink.fail("HTTP-response-body-size\n0"),
        }
    }
}

/// The resource: the way to answer one request.
pub struct ResponseOutparam {
    generation: u32,
}

impl ResponseOutparam {
    /// The way to answer the request that is served now.
    pub fn handle() -> types::ResponseOutparam {
        types::ResponseOutparam::new(Self {
            generation: exchange::generation(),
        })
    }
}

impl types::GuestResponseOutparam for ResponseOutparam {
    fn send_informational(&self, status: u16, headers: Headers) -> Result<(), ErrorCode> {
        let fields = Fields::into_list(headers);
        // 101 would give the connection away, and with it the response that is still to come.
        if !(100..=199).contains(&status) || status == SWITCHING_PROTOCOLS {
            return Err(ErrorCode::HttpProtocolError);
        }
        if !exchange::is_current(self.generation) {
            let text = "the request has been served";
            return Err(ErrorCode::InternalError(Some(text.into())));
        }
        http_server::inform(&head_text(status, &fields));
        Ok(())
    }

    fn set(param: types::ResponseOutparam, response: Result<types::OutgoingResponse, ErrorCode>) {
        let param: Self = param.into_inner();
        if !exchange::is_current(param.generation) {
            return;
        }
        match response {
            Ok(response) => response.into_inner::<OutgoingResponse>().send(),
            Err(code) => exchange::fail(&code),
        }
    }
}

/// The resource: the response to a request that the guest has sent.
pub struct IncomingResponse {
    status: u16,
    fields: FieldList,
    body: Cell<Option<Rc<IncomingBytes>>>,
}

impl IncomingResponse {
    /// A handle for a response whose head has arrived.
    pub fn handle(status: u16, fields: FieldList, body: IncomingBytes) -> types::IncomingResponse {
        types::IncomingResponse::new(Self {
            status,
            fields,
            body: Cell::new(Some(Rc::new(body))),
        })
    }
}

impl types::GuestIncomingResponse for IncomingResponse {
    fn status(&self) -> u16 {
        self.status
    }

    fn headers(&self) -> Headers {
        Fields::immutable(self.fields.clone())
    }

    fn consume(&self) -> Result<types::IncomingBody, ()> {
        self.body.take().map(IncomingBody::handle).ok_or(())
    }
}
