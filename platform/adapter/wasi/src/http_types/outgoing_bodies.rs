//! `wasi:http/types.outgoing-body`: what the guest holds of a body that it writes.

use super::fields::Fields;
use super::outgoing_bytes::OutgoingBytes;
use crate::bindings::exports::wasi::http::types::{self, ErrorCode, OutputStream, Trailers};
use crate::exchange::OpenBody;
use crate::io_streams::Output;
use core::cell::Cell;
use std::rc::Rc;

/// The resource.
pub struct OutgoingBody {
    bytes: Rc<OutgoingBytes>,
    stream_was_taken: Cell<bool>,
}

impl OutgoingBody {
    /// A handle through which the guest writes `bytes`.
    pub fn handle(bytes: Rc<OutgoingBytes>) -> types::OutgoingBody {
        types::OutgoingBody::new(Self {
            bytes,
            stream_was_taken: Cell::new(false),
        })
    }
}

impl Drop for OutgoingBody {
    fn drop(&mut self) {
        self.bytes.check_stream();
        self.bytes.break_off();
    }
}

impl types::GuestOutgoingBody for OutgoingBody {
    fn write(&self) -> Result<OutputStream, ()> {
        if self.stream_was_taken.replace(true) {
            return Err(());
        }
        self.bytes.stream_is_taken();
        Ok(OutputStream::new(Output::Body(self.bytes.clone())))
    }

    fn finish(this: types::OutgoingBody, trailers: Option<Trailers>) -> Result<(), ErrorCode> {
        let body: Self = this.into_inner();
        body.bytes.check_stream();
        body.bytes.finish(trailers.map(Fields::into_list))
    }
}
