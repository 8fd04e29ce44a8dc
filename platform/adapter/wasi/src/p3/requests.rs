//! `wasi:http/types.request`: the request that a task serves, and those that the guest makes.

use super::bindings::exports::wasi::http::types::{self, Headers, Method, Scheme};
use super::bodies::{Body, Contents};
use super::conversions::{method_from_guest, method_to_guest, scheme_from_guest, scheme_to_guest};
use super::fields::Fields;
use super::request_options::RequestOptions;
use crate::bindings::exports::wasi::http::types::{
    ErrorCode, Method as OldMethod, Scheme as OldScheme,
};
use crate::http_types::calls::{RequestHead, Timeouts};
use crate::http_types::fields::FieldList;
use crate::http_types::incoming_bytes::IncomingBytes;
use crate::http_types::incoming_requests::Head;
use crate::http_types::outgoing_requests::{check_length, sendable_scheme};
use crate::http_types::targets;
use core::cell::{OnceCell, RefCell};

/// The resource. Most handlers look at little of a head: what one that has arrived says is read when it is asked for.
pub struct Request {
    /// Of one that has arrived.
    head: Option<Head>,
    /// What the guest has set, in place of what the head says.
    set: RefCell<Set>,
    fields: OnceCell<FieldList>,
    options: Option<Timeouts>,
    body: Body,
}

#[derive(Default)]
struct Set {
    method: Option<OldMethod>,
    scheme: Option<Option<OldScheme>>,
    authority: Option<Option<String>>,
    path: Option<Option<String>>,
}

/// A request that is to be sent: its head, the length that it promises, and its body.
pub struct Sendable {
    pub head: RequestHead,
    pub expected: Option<u64>,
    pub body: Body,
}

impl Request {
    /// A handle for one that has arrived.
    pub fn arrived(head: Head, bytes: IncomingBytes) -> types::Request {
        types::Request::new(Self {
            head: Some(head),
            set: RefCell::default(),
            fields: OnceCell::new(),
            options: None,
            body: Body::arrived(bytes),
        })
    }

    fn fields(&self) -> &FieldList {
        self.fields.get_or_init(|| {
            let head = self.head.as_ref();
            head.map(Head::fields).unwrap_or_default()
        })
    }

    fn method(&self) -> OldMethod {
        let set = self.set.borrow().method.clone();
        set.unwrap_or_else(|| {
            let head = self.head.as_ref();
            head.map_or(OldMethod::Get, |head| targets::parse_method(head.method()))
        })
    }

    fn scheme(&self) -> Option<OldScheme> {
        let set = self.set.borrow().scheme.clone();
        set.unwrap_or_else(|| {
            let scheme = self.head.as_ref()?.scheme();
            (!scheme.is_empty()).then(|| targets::parse_scheme(scheme))
        })
    }

    fn authority(&self) -> Option<String> {
        let set = self.set.borrow().authority.clone();
        set.unwrap_or_else(|| self.head.as_ref()?.authority_text())
    }

    fn path(&self) -> Option<String> {
        let set = self.set.borrow().path.clone();
        set.unwrap_or_else(|| self.head.as_ref().map(Head::path_text))
    }

    /// Takes the request apart for sending. Whether one without an authority may be sent is for the host to say.
    pub fn into_sendable(self) -> Result<Sendable, ErrorCode> {
        match self.head() {
            Ok((head, expected)) => Ok(Sendable {
                head,
                expected,
                body: self.body,
            }),
            Err(code) => {
                self.body.refuse(code.clone());
                Err(code)
            }
        }
    }

    fn head(&self) -> Result<(RequestHead, Option<u64>), ErrorCode> {
        let has_body = !matches!(self.body.contents, Contents::None);
        let expected = check_length(self.fields(), has_body)?;
        let head = RequestHead {
            method: targets::method_name(&self.method()).to_owned(),
            scheme: sendable_scheme(self.scheme().as_ref())?,
            authority: self.authority().unwrap_or_default(),
            path: self.path().unwrap_or_default(),
            timeouts: self.options.unwrap_or_default(),
            fields: self.fields().clone(),
        };
        Ok((head, expected))
    }
}

fn check(is_valid: bool) -> Result<(), ()> {
    if is_valid { Ok(()) } else { Err(()) }
}

impl types::GuestRequest for Request {
    fn new(
        headers: Headers,
        contents: Option<u32>,
        trailers: u32,
        options: Option<types::RequestOptions>,
    ) -> (types::Request, u32) {
        let (body, sent) = Body::made(contents, trailers);
        let request = Self {
            head: None,
            set: RefCell::default(),
            fields: OnceCell::from(Fields::into_list(headers)),
            options: options.map(RequestOptions::into_timeouts),
            body,
        };
        (types::Request::new(request), sent)
    }

    fn get_method(&self) -> Method {
        method_to_guest(self.method())
    }

    fn set_method(&self, method: Method) -> Result<(), ()> {
        let method = method_from_guest(method);
        check(targets::is_method(&method))?;
        self.set.borrow_mut().method = Some(method);
        Ok(())
    }

    fn get_path_with_query(&self) -> Option<String> {
        self.path()
    }

    fn set_path_with_query(&self, path: Option<String>) -> Result<(), ()> {
        check(path.as_deref().is_none_or(targets::is_path))?;
        self.set.borrow_mut().path = Some(path);
        Ok(())
    }

    fn get_scheme(&self) -> Option<Scheme> {
        self.scheme().map(scheme_to_guest)
    }

    fn set_scheme(&self, scheme: Option<Scheme>) -> Result<(), ()> {
        let scheme = scheme.map(scheme_from_guest);
        check(scheme.as_ref().is_none_or(targets::is_scheme))?;
        self.set.borrow_mut().scheme = Some(scheme);
        Ok(())
    }

    fn get_authority(&self) -> Option<String> {
        self.authority()
    }

    fn set_authority(&self, authority: Option<String>) -> Result<(), ()> {
        check(authority.as_deref().is_none_or(targets::is_authority))?;
        self.set.borrow_mut().authority = Some(authority);
        Ok(())
    }

    fn get_options(&self) -> Option<types::RequestOptions> {
        self.options.map(RequestOptions::immutable)
    }

    fn get_headers(&self) -> Headers {
        Fields::immutable(self.fields().clone())
    }

    fn consume_body(this: types::Request, receipt: u32) -> (u32, u32) {
        this.into_inner::<Self>().body.consume(receipt)
    }
}
