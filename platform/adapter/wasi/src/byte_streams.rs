//! `whorl:adapter/byte-streams`: what moves the bytes of `wasi:io/streams`, as strings whose characters are bytes.
//!
//! The bindings hand such a string over as a `String`, though it is no UTF-8. Nobody looks at it as one: it is made of
//! bytes, or taken apart into bytes, right here.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::io::streams::{
    GuestInputStream, GuestOutputStream, StreamError,
};
use crate::bindings::exports::whorl::adapter::byte_streams::{
    Error, Guest, InputStreamBorrow, OutputStreamBorrow,
};
use crate::io_streams::{Input, Output};
use crate::traps::trap;

/// What `stream-error` is here: the error, or whether the stream is open and has nothing yet.
type Failure = Result<Error, bool>;

fn failure(error: StreamError) -> Failure {
    match error {
        StreamError::LastOperationFailed(error) => Ok(error),
        StreamError::Closed => Err(false),
    }
}

/// An empty string would lie nowhere, at an odd address.
fn given(bytes: Result<Vec<u8>, StreamError>) -> Result<String, Failure> {
    let bytes = bytes.map_err(failure)?;
    if bytes.is_empty() {
        return Err(Err(true));
    }
    // SAFETY: it is given to the engine as it is, which takes each byte for a character.
    Ok(unsafe { String::from_utf8_unchecked(bytes) })
}

fn taken(contents: String, odd: u32) -> Vec<u8> {
    let mut bytes = contents.into_bytes();
    let odd = odd as usize;
    if odd > 1 || odd > bytes.len() {
        trap("a stream was given a string that begins before its contents");
    }
    bytes.drain(..odd);
    bytes
}

impl Guest for Adapter {
    fn read(stream: InputStreamBorrow<'_>, len: u64) -> Result<String, Failure> {
        given(stream.get::<Input>().read(len))
    }

    fn blocking_read(stream: InputStreamBorrow<'_>, len: u64) -> Result<String, Failure> {
        given(stream.get::<Input>().blocking_read(len))
    }

    fn write(stream: OutputStreamBorrow<'_>, contents: String, odd: u32) -> Result<(), Failure> {
        let output = stream.get::<Output>();
        output.write(taken(contents, odd)).map_err(failure)
    }

    fn blocking_write_and_flush(
        stream: OutputStreamBorrow<'_>,
        contents: String,
        odd: u32,
    ) -> Result<(), Failure> {
        let output = stream.get::<Output>();
        output
            .blocking_write_and_flush(taken(contents, odd))
            .map_err(failure)
    }
}
