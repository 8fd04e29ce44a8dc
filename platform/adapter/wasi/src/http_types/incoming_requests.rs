//! `wasi:http/types.incoming-request`: the request that the instance serves.

use super::fields::{FieldList, Fields};
use super::incoming_bodies::IncomingBody;
use super::incoming_bytes::{IncomingBytes, Source};
use super::targets;
use crate::bindings::exports::wasi::http::types::{self, Headers, Method, Scheme};
use crate::buffers::Buffer;
use crate::traps::trap;
use crate::{exchange, shared_memory};
use core::cell::{Cell, OnceCell};
use std::rc::Rc;

/// The resource. Most handlers look at little of the head: its fields are read when they are first asked for.
pub struct IncomingRequest {
    head: Head,
    fields: OnceCell<FieldList>,
    body: Cell<Option<Rc<IncomingBytes>>>,
}

/// A head as the host sends it: head text, and where in it each part ends.
pub struct Head {
    text: String,
    /// Ends of the method, the scheme, the authority, the path, and the flags.
    ends: [usize; 5],
}

impl Head {
    fn parse(text: String) -> Option<Self> {
        let mut ends = [0; 5];
        let mut at = 0;
        for end in &mut ends {
            *end = at + text[at..].find('\r')?;
            at = *end + 1;
        }
        Some(Self { text, ends })
    }

    fn part(&self, index: usize) -> &str {
        let start = if index == 0 {
            0
        } else {
            self.ends[index - 1] + 1
        };
        &self.text[start..self.ends[index]]
    }

    pub fn method(&self) -> &str {
        self.part(0)
    }

    pub fn scheme(&self) -> &str {
        self.part(1)
    }

    fn authority(&self) -> &str {
        self.part(2)
    }

    fn path(&self) -> &str {
        self.part(3)
    }

    /// The authority, unless there is none.
    pub fn authority_text(&self) -> Option<String> {
        let authority = self.authority();
        (!authority.is_empty()).then(|| text_of(authority))
    }

    /// The path and the query.
    pub fn path_text(&self) -> String {
        text_of(self.path())
    }

    /// The fields that the guest may see.
    pub fn fields(&self) -> FieldList {
        FieldList::parse(self.field_lines())
    }

    fn flags(&self) -> &str {
        self.part(4)
    }

    fn field_lines(&self) -> &str {
        &self.text[self.ends[4] + 1..]
    }
}

/// Takes a request apart that is written as `whorl:host/http-server.request` says: its head, and where its body starts.
fn split(request: &str) -> Option<(Head, usize)> {
    let (len, _) = request.split_once('\r')?;
    let start = len.len() + 1;
    let end = start.checked_add(len.parse().ok()?)?;
    Some((Head::parse(request.get(start..end)?.to_owned())?, end))
}

/// Begins the exchange that `request` asks for; returns its head and its body.
pub fn begin(request: String) -> (Head, IncomingBytes) {
    let Some((head, start)) = split(&request) else {
        trap("the host gave a request that is none")
    };
    exchange::begin(head.method() == "HEAD");
    let flags = head.flags();
    let (flags, challenge) = flags.split_once('m').unwrap_or((flags, ""));
    shared_memory::accept(challenge);
    let (encoded, more) = (flags.contains('b'), flags.contains('s'));
    let Some(start) = Buffer::new(request, start, encoded) else {
        trap("the host gave a body that is none")
    };
    let source = Source::Served(exchange::generation());
    (head, IncomingBytes::new(source, start, more))
}

impl IncomingRequest {
    /// Begins the exchange that `request` asks for, and returns the handle for the guest.
    pub fn begin(request: String) -> types::IncomingRequest {
        let (head, body) = begin(request);
        types::IncomingRequest::new(Self {
            head,
            fields: OnceCell::new(),
            body: Cell::new(Some(Rc::new(body))),
        })
    }
}

impl types::GuestIncomingRequest for IncomingRequest {
    fn method(&self) -> Method {
        targets::parse_method(self.head.method())
    }

    fn path_with_query(&self) -> Option<String> {
        Some(self.head.path_text())
    }

    fn scheme(&self) -> Option<Scheme> {
        let scheme = self.head.scheme();
        (!scheme.is_empty()).then(|| targets::parse_scheme(scheme))
    }

    fn authority(&self) -> Option<String> {
        self.head.authority_text()
    }

    fn headers(&self) -> Headers {
        let fields = self.fields.get_or_init(|| self.head.fields());
        Fields::immutable(fields.clone())
    }

    fn consume(&self) -> Result<types::IncomingBody, ()> {
        self.body.take().map(IncomingBody::handle).ok_or(())
    }
}

/// The text that a part of a head stands for; bytes that are not UTF-8 are replaced.
fn text_of(part: &str) -> String {
    if part.is_ascii() {
        return part.to_owned();
    }
    let raw = packing::from_head(part.to_owned()).unwrap_or_default();
    String::from_utf8_lossy(&raw).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(head: &str, body: &str) -> String {
        format!("{}\r{head}{body}", head.len())
    }

    #[test]
    fn a_request_is_taken_apart() {
        let text = request("POST\rhttp\rexample.com\r/a?b\rs\rx-a\n1\rx-b\n\r", "body");
        let (head, start) = split(&text).unwrap();
        assert_eq!(
            [
                head.method(),
                head.scheme(),
                head.authority(),
                head.path(),
                head.flags(),
                head.field_lines()
            ],
            [
                "POST",
                "http",
                "example.com",
                "/a?b",
                "s",
                "x-a\n1\rx-b\n\r"
            ]
        );
        assert_eq!(&text[start..], "body");
    }

    #[test]
    fn the_length_of_a_head_counts_bytes_of_utf_8() {
        let text = request("GET\rhttp\r\r/\u{c3}\u{a4}\r\r", "");
        let (head, start) = split(&text).unwrap();
        assert_eq!(text_of(head.path()), "/ä");
        assert_eq!(start, text.len());
    }

    #[test]
    fn what_is_not_a_request_is_refused() {
        for text in [
            "",
            "5",
            "x\rGET",
            "99\rGET\r\r\r\r\r",
            "3\rGET",
            "12\rGET\r\r\r/\r",
        ] {
            assert!(split(text).is_none(), "{text:?}");
        }
    }
}
