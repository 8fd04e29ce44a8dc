//! `wasi:io/streams`: the streams of bodies, of stdin, stdout and stderr.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::io::poll;
use crate::bindings::exports::wasi::io::streams::{self, InputStreamBorrow, StreamError};
use crate::http_types::incoming_bytes::IncomingBytes;
use crate::http_types::outgoing_bytes::OutgoingBytes;
use crate::io_poll::Pollable;
use crate::log_streams::{self, LogStream};
use crate::traps::trap;
use std::rc::Rc;

/// The most that the functions take which write and flush in one.
const BLOCKING_LIMIT: usize = 4096;

/// The resource: where bytes come from.
pub enum Input {
    /// Closed from the start: stdin.
    Empty,
    Body(Rc<IncomingBytes>),
}

/// The resource: where bytes go.
pub enum Output {
    Log(LogStream),
    Body(Rc<OutgoingBytes>),
}

impl streams::Guest for Adapter {
    type InputStream = Input;
    type OutputStream = Output;
}

impl Drop for Input {
    fn drop(&mut self) {
        if let Self::Body(body) = self {
            body.stream_is_gone();
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Self::Body(body) = self {
            body.stream_is_gone();
        }
    }
}

impl Input {
    fn pollable(&self) -> Pollable {
        match self {
            Self::Empty => Pollable::Always,
            Self::Body(body) => Pollable::Kept(body.clone()),
        }
    }

    fn read_some(&self, len: u64) -> Result<Vec<u8>, StreamError> {
        match self {
            Self::Empty => Err(StreamError::Closed),
            Self::Body(body) => body.read(clamp(len)),
        }
    }

    fn skip_some(&self, len: u64) -> Result<u64, StreamError> {
        match self {
            Self::Empty => Err(StreamError::Closed),
            Self::Body(body) => body.skip(clamp(len)).map(|count| count as u64),
        }
    }

    /// Tries `attempt`, and again after waiting as long as it comes to nothing, unless nothing was asked for.
    fn blocking<T>(
        &self,
        len: u64,
        attempt: impl Fn() -> Result<T, StreamError>,
        is_nothing: impl Fn(&T) -> bool,
    ) -> Result<T, StreamError> {
        loop {
            let outcome = attempt()?;
            if len == 0 || !is_nothing(&outcome) {
                return Ok(outcome);
            }
            self.pollable().wait();
        }
    }
}

impl streams::GuestInputStream for Input {
    fn read(&self, len: u64) -> Result<Vec<u8>, StreamError> {
        self.read_some(len)
    }

    fn blocking_read(&self, len: u64) -> Result<Vec<u8>, StreamError> {
        self.blocking(len, || self.read_some(len), Vec::is_empty)
    }

    fn skip(&self, len: u64) -> Result<u64, StreamError> {
        self.skip_some(len)
    }

    fn blocking_skip(&self, len: u64) -> Result<u64, StreamError> {
        self.blocking(len, || self.skip_some(len), |&count| count == 0)
    }

    fn subscribe(&self) -> poll::Pollable {
        self.pollable().handle()
    }
}

impl Output {
    fn pollable(&self) -> Pollable {
        match self {
            Self::Log(_) => Pollable::Always,
            Self::Body(body) => Pollable::Kept(body.clone()),
        }
    }

    fn permit(&self) -> Result<u64, StreamError> {
        match self {
            Self::Log(_) => Ok(log_streams::BUDGET as u64),
            Self::Body(body) => body.check_write(),
        }
    }

    /// Waits until something may be written; returns how much.
    fn wait_for_permit(&self) -> Result<u64, StreamError> {
        loop {
            let permit = self.permit()?;
            if permit > 0 {
                return Ok(permit);
            }
            self.pollable().wait();
        }
    }

    fn write_some(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        match self {
            Self::Log(stream) => stream.write(&contents),
            Self::Body(body) => body.write(contents)?,
        }
        Ok(())
    }

    fn write_and_flush(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        match self {
            Self::Log(stream) => stream.write(&contents),
            Self::Body(body) => {
                self.wait_for_permit()?;
                body.write_and_flush(contents)?;
                self.wait_for_permit_unless_closed();
            }
        }
        Ok(())
    }

    /// What was flushed has been taken: whether the stream has been closed meanwhile is for the next call to tell.
    fn wait_for_permit_unless_closed(&self) {
        if let Self::Body(body) = self
            && body.is_known_blocked()
        {
            let _ = self.wait_for_permit();
        }
    }

    fn transfer(&self, bytes: Vec<u8>) -> Result<u64, StreamError> {
        let count = bytes.len() as u64;
        if count > 0 {
            self.write_some(bytes)?;
        }
        Ok(count)
    }
}

impl streams::GuestOutputStream for Output {
    fn check_write(&self) -> Result<u64, StreamError> {
        self.permit()
    }

    fn write(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        self.write_some(contents)
    }

    fn blocking_write_and_flush(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        if contents.len() > BLOCKING_LIMIT {
            trap("`output-stream.blocking-write-and-flush` was given more than 4096 bytes");
        }
        self.write_and_flush(contents)
    }

    fn flush(&self) -> Result<(), StreamError> {
        match self {
            Self::Log(stream) => stream.flush(),
            Self::Body(body) => body.flush()?,
        }
        Ok(())
    }

    fn blocking_flush(&self) -> Result<(), StreamError> {
        self.flush()?;
        self.wait_for_permit_unless_closed();
        Ok(())
    }

    fn subscribe(&self) -> poll::Pollable {
        self.pollable().handle()
    }

    fn write_zeroes(&self, len: u64) -> Result<(), StreamError> {
        if len > self.permit()? {
            trap("`output-stream.write-zeroes` was given more than `check-write` permits");
        }
        self.write_some(vec![0; clamp(len)])
    }

    fn blocking_write_zeroes_and_flush(&self, len: u64) -> Result<(), StreamError> {
        if len > BLOCKING_LIMIT as u64 {
            trap("`output-stream.blocking-write-zeroes-and-flush` was given more than 4096 bytes");
        }
        self.write_and_flush(vec![0; clamp(len)])
    }

    fn splice(&self, source: InputStreamBorrow<'_>, len: u64) -> Result<u64, StreamError> {
        let len = len.min(self.permit()?);
        if len == 0 {
            return Ok(0);
        }
        self.transfer(source.get::<Input>().read_some(len)?)
    }

    fn blocking_splice(&self, source: InputStreamBorrow<'_>, len: u64) -> Result<u64, StreamError> {
        let len = len.min(self.wait_for_permit()?);
        if len == 0 {
            return Ok(0);
        }
        let source = source.get::<Input>();
        self.transfer(source.blocking(len, || source.read_some(len), Vec::is_empty)?)
    }
}

fn clamp(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
