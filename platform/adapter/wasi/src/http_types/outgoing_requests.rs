//! `wasi:http/types`: `outgoing-request` and `request-options`.

use super::calls::{RequestHead, Timeouts};
use super::fields::{FieldList, Fields};
use super::outgoing_bodies::OutgoingBody;
use super::outgoing_bytes::{OutgoingBytes, Role};
use super::targets;
use crate::bindings::exports::wasi::http::types::{self, ErrorCode, Headers, Method, Scheme};
use core::cell::{Cell, RefCell};
use std::rc::Rc;

/// The resource: a request that the guest makes.
pub struct OutgoingRequest {
    method: RefCell<Method>,
    scheme: RefCell<Option<Scheme>>,
    authority: RefCell<Option<String>>,
    path: RefCell<Option<String>>,
    fields: FieldList,
    body: RefCell<Option<Rc<OutgoingBytes>>>,
}

impl OutgoingRequest {
    /// Takes the request apart for sending.
    ///
    /// A request without an authority is one to the application itself: whether and where that is allowed is for the
    /// host to say.
    pub fn into_parts(
        self,
        timeouts: Timeouts,
    ) -> Result<(RequestHead, Option<Rc<OutgoingBytes>>), ErrorCode> {
        let body = self.body.into_inner();
        let scheme = self.scheme.into_inner();
        check_length(&self.fields, body.is_some())?;
        let scheme = sendable_scheme(scheme.as_ref())?;
        let head = RequestHead {
            method: targets::method_name(&self.method.borrow()).to_owned(),
            scheme,
            authority: self.authority.into_inner().unwrap_or_default(),
            path: self.path.into_inner().unwrap_or_default(),
            timeouts,
            fields: self.fields,
        };
        Ok((head, body))
    }
}

impl types::GuestOutgoingRequest for OutgoingRequest {
    fn new(headers: Headers) -> Self {
        Self {
            method: RefCell::new(Method::Get),
            scheme: RefCell::default(),
            authority: RefCell::default(),
            path: RefCell::default(),
            fields: Fields::into_list(headers),
            body: RefCell::default(),
        }
    }

    fn body(&self) -> Result<types::OutgoingBody, ()> {
        let mut body = self.body.borrow_mut();
        if body.is_some() {
            return Err(());
        }
        let bytes = Rc::new(OutgoingBytes::new(
            Role::Request,
            self.fields.content_length()?,
        ));
        *body = Some(bytes.clone());
        Ok(OutgoingBody::handle(bytes))
    }

    fn method(&self) -> Method {
        self.method.borrow().clone()
    }

    fn set_method(&self, method: Method) -> Result<(), ()> {
        set(&self.method, method, targets::is_method)
    }

    fn path_with_query(&self) -> Option<String> {
        self.path.borrow().clone()
    }

    fn set_path_with_query(&self, path: Option<String>) -> Result<(), ()> {
        set(&self.path, path, |path| {
            path.as_deref().is_none_or(targets::is_path)
        })
    }

    fn scheme(&self) -> Option<Scheme> {
        self.scheme.borrow().clone()
    }

    fn set_scheme(&self, scheme: Option<Scheme>) -> Result<(), ()> {
        set(&self.scheme, scheme, |scheme| {
            scheme.as_ref().is_none_or(targets::is_scheme)
        })
    }

    fn authority(&self) -> Option<String> {
        self.authority.borrow().clone()
    }

    fn set_authority(&self, authority: Option<String>) -> Result<(), ()> {
        set(&self.authority, authority, |authority| {
            authority.as_deref().is_none_or(targets::is_authority)
        })
    }

    fn headers(&self) -> Headers {
        Fields::immutable(self.fields.clone())
    }
}

/// Returns what `content-length` promises of a request's body, and whether that can be.
pub fn check_length(fields: &FieldList, has_body: bool) -> Result<Option<u64>, ErrorCode> {
    let length = fields.content_length().map_err(|()| {
        ErrorCode::InternalError(Some(
            "the headers give more than one `content-length`".into(),
        ))
    })?;
    if !has_body && length.is_some_and(|length| length > 0) {
        return Err(ErrorCode::HttpRequestBodySize(Some(0)));
    }
    Ok(length)
}

/// Returns the name of a scheme that requests can be sent by, empty if there is none.
pub fn sendable_scheme(scheme: Option<&Scheme>) -> Result<String, ErrorCode> {
    let scheme = scheme.map(targets::scheme_name).unwrap_or_default();
    if matches!(scheme.as_str(), "" | "http" | "https") {
        Ok(scheme)
    } else {
        Err(ErrorCode::HttpProtocolError)
    }
}

fn set<T>(cell: &RefCell<T>, value: T, is_valid: impl FnOnce(&T) -> bool) -> Result<(), ()> {
    if !is_valid(&value) {
        return Err(());
    }
    *cell.borrow_mut() = value;
    Ok(())
}

/// The resource.
#[derive(Default)]
pub struct RequestOptions(Cell<Timeouts>);

impl RequestOptions {
    /// What the guest has set.
    pub fn timeouts(&self) -> Timeouts {
        self.0.get()
    }
}

impl types::GuestRequestOptions for RequestOptions {
    fn new() -> Self {
        Self::default()
    }

    fn connect_timeout(&self) -> Option<u64> {
        self.0.get().connect
    }

    fn set_connect_timeout(&self, connect: Option<u64>) -> Result<(), ()> {
        self.0.set(Timeouts {
            connect,
            ..self.0.get()
        });
        Ok(())
    }

    fn first_byte_timeout(&self) -> Option<u64> {
        self.0.get().first_byte
    }

    fn set_first_byte_timeout(&self, first_byte: Option<u64>) -> Result<(), ()> {
        self.0.set(Timeouts {
            first_byte,
            ..self.0.get()
        });
        Ok(())
    }

    fn between_bytes_timeout(&self) -> Option<u64> {
        self.0.get().between_bytes
    }

    fn set_between_bytes_timeout(&self, between_bytes: Option<u64>) -> Result<(), ()> {
        self.0.set(Timeouts {
            between_bytes,
            ..self.0.get()
        });
        Ok(())
    }
}
