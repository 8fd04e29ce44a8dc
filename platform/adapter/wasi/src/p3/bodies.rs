//! What a request or a response has for a body, before anybody reads or sends it.

use super::promises::{self, Trailers};
use super::runtime::{BYTES, OUTCOME, TRAILERS, checked, with};
use super::{incoming, receipts};
use crate::bindings::exports::wasi::http::types::ErrorCode;
use crate::http_types::incoming_bytes::IncomingBytes;
use async_runtime::ChannelId;
use std::rc::Rc;

/// Where the bytes come from.
pub enum Contents {
    /// There are none, or no more.
    None,
    /// The guest writes them to this stream.
    Written(ChannelId),
    /// They come from the host.
    Passed(Rc<IncomingBytes>),
}

/// Where the trailers come from.
pub enum Ending {
    /// The guest writes them to this future.
    Written(ChannelId),
    /// They come from the host, after a body that did.
    Passed(Rc<IncomingBytes>),
    Known(Trailers),
}

/// A body, with the future of how it is transmitted if the guest made it.
pub struct Body {
    pub contents: Contents,
    pub ending: Ending,
    pub sent: Option<ChannelId>,
}

impl Body {
    /// One that comes from the host.
    pub fn arrived(bytes: IncomingBytes) -> Self {
        let bytes = Rc::new(bytes);
        Self {
            contents: Contents::Passed(bytes.clone()),
            ending: Ending::Passed(bytes),
            sent: None,
        }
    }

    /// One that the guest makes of the readable ends of a stream and of a future; returns the future of how it is
    /// transmitted too.
    pub fn made(contents: Option<u32>, trailers: u32) -> (Self, u32) {
        let contents = contents.map_or(Contents::None, |stream| {
            let channel = checked(|runtime| runtime.native_reader_of(stream, BYTES));
            match incoming::take_back_stream(channel) {
                Some(bytes) => Contents::Passed(bytes),
                None => Contents::Written(channel),
            }
        });
        let channel = checked(|runtime| runtime.native_reader_of(trailers, TRAILERS));
        let ending = if let Some(bytes) = incoming::take_back_trailers(channel) {
            Ending::Passed(bytes)
        } else if let Some(trailers) = promises::take_back_trailers(channel) {
            incoming::release(channel);
            Ending::Known(trailers)
        } else {
            Ending::Written(channel)
        };
        let (sent, handle) = promises::outcome();
        let body = Self {
            contents,
            ending,
            sent: Some(sent),
        };
        (body, handle)
    }

    /// Takes it apart, for sending.
    pub fn into_parts(mut self) -> (Contents, Ending, Option<ChannelId>) {
        (
            core::mem::replace(&mut self.contents, Contents::None),
            core::mem::replace(&mut self.ending, Ending::Known(Ok(None))),
            self.sent.take(),
        )
    }

    /// It cannot be sent, for the reason `code`.
    pub fn refuse(mut self, code: ErrorCode) {
        if let Some(sent) = self.sent.take() {
            promises::resolve_outcome(sent, Err(code));
        }
    }

    /// `consume-body`: the guest reads it, and says in the future `receipt` what it made of it. Returns the stream and
    /// the future of the trailers.
    pub fn consume(self, receipt: u32) -> (u32, u32) {
        let receipt = checked(|runtime| runtime.native_reader_of(receipt, OUTCOME));
        let (contents, ending, sent) = self.into_parts();
        receipts::accept(receipt, sent);
        let stream = match contents {
            Contents::None => incoming::give_empty_stream(),
            Contents::Written(channel) => checked(|runtime| runtime.give_readable(channel)),
            Contents::Passed(bytes) => incoming::give_stream(bytes),
        };
        let trailers = match ending {
            Ending::Written(channel) => checked(|runtime| runtime.give_readable(channel)),
            Ending::Passed(bytes) => incoming::give_trailers(bytes),
            Ending::Known(trailers) => {
                let (channel, handle) = promises::trailers();
                promises::resolve_trailers(channel, trailers);
                handle
            }
        };
        (stream, trailers)
    }
}

impl Drop for Body {
    /// Nobody reads or sends it. That is no failure of its transmission.
    fn drop(&mut self) {
        if let Contents::Written(channel) = self.contents {
            with(|runtime| runtime.drop_native_reader(channel));
        }
        if let Contents::Passed(bytes) = &self.contents {
            bytes.stream_is_gone();
        }
        if let Ending::Written(channel) = self.ending {
            with(|runtime| runtime.drop_native_reader(channel));
        }
        if let Some(sent) = self.sent {
            promises::resolve_outcome(sent, Ok(()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffers::Buffer;
    use crate::exchange;
    use crate::http_types::incoming_bytes::Source;
    use async_runtime::{BLOCKED, Buffer as Memory, Copy};

    const COMPLETED: u64 = 0;
    const DROPPED: u64 = 1;
    const ONE: Memory = Memory {
        size: 8,
        address: 64,
        count: 1,
    };

    fn whole(text: &str) -> IncomingBytes {
        let source = Source::Served(exchange::generation());
        IncomingBytes::new(source, Buffer::of(text.into()), false)
    }

    fn read(end: u32, kind: u32, memory: Memory) -> u64 {
        match checked(|runtime| runtime.read(end, kind, memory, true)) {
            Copy::Answer(answer) => answer,
            Copy::MustWait => unreachable!("asynchronous reads do not wait"),
        }
    }

    fn bytes(count: u32) -> Memory {
        Memory {
            size: 1,
            address: 64,
            count,
        }
    }

    /// A future that the guest has both ends of: readable and writable.
    fn future(kind: u32) -> (u32, u32) {
        let ends = checked(|runtime| runtime.channel_new(kind));
        (ends as u32, (ends >> 32) as u32)
    }

    #[test]
    fn a_body_that_has_arrived_is_read_in_pieces_and_its_trailers_come_last() {
        let (receipt, _) = future(OUTCOME);
        let (stream, trailers) = Body::arrived(whole("hello")).consume(receipt);
        assert_eq!(read(trailers, TRAILERS, ONE), u64::from(BLOCKED));
        assert_eq!(read(stream, BYTES, bytes(3)), COMPLETED | 3 << 4);
        assert_eq!(incoming::take(stream, 3), b"hel");
        incoming::settle();
        let settled = |end| checked(|runtime| runtime.is_settled(end, 0));
        assert!(!settled(trailers));
        assert_eq!(read(stream, BYTES, bytes(9)), COMPLETED | 2 << 4);
        assert_eq!(incoming::take(stream, 2), b"lo");
        assert_eq!(read(stream, BYTES, bytes(9)), DROPPED);
        incoming::settle();
        assert!(settled(trailers));
        assert_eq!(
            checked(|runtime| runtime.copy_outcome(trailers)),
            Some(COMPLETED)
        );
        assert!(matches!(promises::take_trailers(trailers, 1), Ok(None)));
    }

    #[test]
    fn what_the_guest_passes_back_goes_around_it() {
        let (receipt, _) = future(OUTCOME);
        let (stream, trailers) = Body::arrived(whole("hello")).consume(receipt);
        assert_eq!(read(stream, BYTES, bytes(2)), COMPLETED | 2 << 4);
        assert_eq!(incoming::take(stream, 2), b"he");
        let (body, _) = Body::made(Some(stream), trailers);
        let Contents::Passed(bytes) = &body.contents else {
            panic!("the stream was not taken back");
        };
        assert_eq!(bytes.take(9), b"llo");
        assert!(matches!(&body.ending, Ending::Passed(same) if Rc::ptr_eq(bytes, same)));
    }

    #[test]
    fn a_body_that_is_never_sent_has_not_failed() {
        let (trailers, _) = future(TRAILERS);
        let (body, sent) = Body::made(None, trailers);
        assert_eq!(read(sent, OUTCOME, ONE), u64::from(BLOCKED));
        drop(body);
        assert_eq!(
            checked(|runtime| runtime.copy_outcome(sent)),
            Some(COMPLETED)
        );
        assert!(promises::take_outcome(sent, OUTCOME, 1).is_ok());
    }

    #[test]
    fn a_body_that_cannot_be_sent_has_failed() {
        let (trailers, _) = future(TRAILERS);
        let (body, sent) = Body::made(None, trailers);
        body.refuse(ErrorCode::HttpRequestUriInvalid);
        assert_eq!(read(sent, OUTCOME, ONE), COMPLETED);
        assert!(promises::take_outcome(sent, OUTCOME, 1).is_err());
    }

    #[test]
    fn what_the_reader_says_is_what_became_of_a_body_of_the_guest() {
        let (trailers, _) = future(TRAILERS);
        let (body, sent) = Body::made(None, trailers);
        let (receipt, writable) = future(OUTCOME);
        let (stream, _) = body.consume(receipt);
        assert_eq!(read(stream, BYTES, bytes(9)), DROPPED);
        let written = checked(|runtime| runtime.write(writable, OUTCOME, ONE, true));
        assert_eq!(written, Copy::Answer(COMPLETED));
        let channel = checked(|runtime| runtime.put(writable, OUTCOME, 1));
        let failure = ErrorCode::HttpProtocolError;
        assert!(receipts::put(channel, Err(failure)));
        assert_eq!(read(sent, OUTCOME, ONE), COMPLETED);
        assert!(promises::take_outcome(sent, OUTCOME, 1).is_err());
    }

    #[test]
    #[should_panic(expected = "another type")]
    fn a_future_of_another_type_is_no_receipt() {
        let (trailers, _) = future(TRAILERS);
        let _ = Body::arrived(whole("")).consume(trailers);
    }
}
