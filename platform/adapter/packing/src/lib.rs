//! How bytes cross between the sandbox and the host: packed bytes and head text of `whorl:host`.
//!
//! Strings are the cheapest thing that crosses the component boundary, so bytes travel as strings: as they are when
//! they are valid UTF-8, else as base64. The Python twin of this crate is `whorl/engine/packing.py`.
//!
//! Nothing here keeps state or panics on its input; decoders answer `None` for what does not follow the conventions.
#![no_std]

extern crate alloc;

pub mod base64;
pub mod head;
pub mod utf8;

use alloc::{string::String, vec::Vec};

pub use head::{from_head, to_head};

/// The flag of packed bytes that cross as they are.
pub const RAW: u8 = b'r';
/// The flag of packed bytes that cross as base64.
pub const BASE64: u8 = b'b';

/// Packed bytes: a flag, then the bytes or their base64.
#[must_use]
pub fn pack(bytes: &[u8]) -> String {
    let mut out = String::new();
    pack_into(&mut out, bytes);
    out
}

/// Appends `bytes`, packed, to `out`.
pub fn pack_into(out: &mut String, bytes: &[u8]) {
    match utf8::as_str(bytes) {
        Some(text) => {
            out.reserve(1 + text.len());
            out.push('r');
            out.push_str(text);
        }
        None => {
            out.reserve(1 + base64::encoded_len(bytes.len()));
            out.push('b');
            base64::encode_into(out, bytes);
        }
    }
}

/// The bytes that were packed; decoded where they lie, without another allocation.
#[must_use]
pub fn unpack(packed: String) -> Option<Vec<u8>> {
    let flag = *packed.as_bytes().first()?;
    unpack_flagged(flag, packed, 1)
}

/// The bytes that `text` holds from offset `at` on, whose flag stood elsewhere.
#[must_use]
pub fn unpack_flagged(flag: u8, text: String, at: usize) -> Option<Vec<u8>> {
    let mut bytes = text.into_bytes();
    if at > bytes.len() {
        return None;
    }
    match flag {
        RAW => {
            bytes.drain(..at);
            Some(bytes)
        }
        BASE64 => base64::decode(bytes, at),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
