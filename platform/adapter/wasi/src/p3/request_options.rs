//! `wasi:http/types.request-options`: how long each stage of a request may take.

use super::bindings::exports::wasi::http::types::{self, RequestOptionsError};
use crate::http_types::calls::Timeouts;
use core::cell::Cell;

/// The resource.
pub struct RequestOptions {
    timeouts: Cell<Timeouts>,
    mutable: bool,
}

impl RequestOptions {
    /// A handle through which the guest may look at `timeouts` but not change them.
    pub fn immutable(timeouts: Timeouts) -> types::RequestOptions {
        types::RequestOptions::new(Self {
            timeouts: Cell::new(timeouts),
            mutable: false,
        })
    }

    /// Ends the handle and returns what the guest has set.
    pub fn into_timeouts(handle: types::RequestOptions) -> Timeouts {
        handle.into_inner::<Self>().timeouts.get()
    }

    fn change(&self, change: impl FnOnce(&mut Timeouts)) -> Result<(), RequestOptionsError> {
        if !self.mutable {
            return Err(RequestOptionsError::Immutable);
        }
        let mut timeouts = self.timeouts.get();
        change(&mut timeouts);
        self.timeouts.set(timeouts);
        Ok(())
    }
}

impl types::GuestRequestOptions for RequestOptions {
    fn new() -> Self {
        Self {
            timeouts: Cell::default(),
            mutable: true,
        }
    }

    fn get_connect_timeout(&self) -> Option<u64> {
        self.timeouts.get().connect
    }

    fn set_connect_timeout(&self, connect: Option<u64>) -> Result<(), RequestOptionsError> {
        self.change(|timeouts| timeouts.connect = connect)
    }

    fn get_first_byte_timeout(&self) -> Option<u64> {
        self.timeouts.get().first_byte
    }

    fn set_first_byte_timeout(&self, first_byte: Option<u64>) -> Result<(), RequestOptionsError> {
        self.change(|timeouts| timeouts.first_byte = first_byte)
    }

    fn get_between_bytes_timeout(&self) -> Option<u64> {
        self.timeouts.get().between_bytes
    }

    fn set_between_bytes_timeout(
        &self,
        between_bytes: Option<u64>,
    ) -> Result<(), RequestOptionsError> {
        self.change(|timeouts| timeouts.between_bytes = between_bytes)
    }

    fn clone(&self) -> types::RequestOptions {
        types::RequestOptions::new(Self {
            timeouts: self.timeouts.clone(),
            mutable: true,
        })
    }
}
