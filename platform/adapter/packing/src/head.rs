//! Head text: the raw bytes of a request's or response's head, one character (U+0000 to U+00FF) for each byte.

use crate::utf8;
use alloc::{string::String, vec::Vec};

/// Head text for the raw bytes of a head. ASCII, the usual case, is not copied.
#[must_use]
pub fn to_head(bytes: Vec<u8>) -> String {
    if utf8::is_ascii(&bytes) {
        // SAFETY: ASCII is UTF-8.
        return unsafe { String::from_utf8_unchecked(bytes) };
    }
    bytes.into_iter().map(char::from).collect()
}

/// The raw bytes that head text stands for; `None` when a character does not stand for a byte.
#[must_use]
pub fn from_head(text: String) -> Option<Vec<u8>> {
    if utf8::is_ascii(text.as_bytes()) {
        return Some(text.into_bytes());
    }
    text.chars()
        .map(|character| u8::try_from(character).ok())
        .collect()
}
