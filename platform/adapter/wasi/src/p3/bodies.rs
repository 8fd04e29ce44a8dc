//! What a request or a response has for a body, before anybody reads or sends it.

use super::promises::{self, Trailers};
use super::runtime::{BYTES, OUTCOME, TRAILERS, checked, with};
use super::{incoming, receipts};
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
