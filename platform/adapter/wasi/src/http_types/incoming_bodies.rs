//! `wasi:http/types`: `incoming-body` and `future-trailers`, what the guest holds of a body that it reads.

use super::fields::Fields;
use super::incoming_bytes::{AwaitedTrailers, IncomingBytes};
use crate::bindings::exports::wasi::http::types::{self, ErrorCode, InputStream, Trailers};
use crate::io_poll::Pollable;
use crate::io_streams::Input;
use core::cell::Cell;
use std::rc::Rc;

/// The resource.
pub struct IncomingBody {
    bytes: Rc<IncomingBytes>,
    stream_was_taken: Cell<bool>,
}

impl IncomingBody {
    /// A handle through which the guest reads `bytes`.
    pub fn handle(bytes: Rc<IncomingBytes>) -> types::IncomingBody {
        types::IncomingBody::new(Self {
            bytes,
            stream_was_taken: Cell::new(false),
        })
    }
}

impl Drop for IncomingBody {
    fn drop(&mut self) {
        self.bytes.check_stream();
    }
}

impl types::GuestIncomingBody for IncomingBody {
    fn stream(&self) -> Result<InputStream, ()> {
        if self.stream_was_taken.replace(true) {
            return Err(());
        }
        self.bytes.stream_is_taken();
        Ok(InputStream::new(Input::Body(self.bytes.clone())))
    }

    fn finish(this: types::IncomingBody) -> types::FutureTrailers {
        let body: Self = this.into_inner();
        types::FutureTrailers::new(FutureTrailers {
            bytes: body.bytes.clone(),
            were_taken: Cell::new(false),
        })
    }
}

/// The resource: what comes after a body.
pub struct FutureTrailers {
    bytes: Rc<IncomingBytes>,
    were_taken: Cell<bool>,
}

impl types::GuestFutureTrailers for FutureTrailers {
    fn subscribe(&self) -> types::Pollable {
        Pollable::Kept(Rc::new(AwaitedTrailers(self.bytes.clone()))).handle()
    }

    fn get(&self) -> Option<Result<Result<Option<Trailers>, ErrorCode>, ()>> {
        if self.were_taken.get() {
            return Some(Err(()));
        }
        let trailers = self.bytes.trailers()?;
        let result = trailers.map(|trailers| trailers.map(Fields::immutable));
        self.were_taken.set(true);
        Some(Ok(result))
    }
}
