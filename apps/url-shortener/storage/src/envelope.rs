//! How an entry stands in the host's store: the host keeps bytes alone, so the time after which an entry is gone
//! travels in front of them.
//!
//! An envelope is the format's number (one byte), the expiry time (unix seconds, eight bytes, little-endian; all ones:
//! never), then the value. It is at least nine bytes long, a counter is always eight: the length tells them apart.

use alloc::vec::Vec;

const FORMAT: u8 = 1;
const NEVER: u64 = u64::MAX;
const HEAD: usize = 9;
const COUNTER: usize = 8;

/// What stands under a key.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    pub value: Vec<u8>,
    pub expires_at: Option<u64>,
}

impl Stored {
    /// Whether the entry is still there at `now` (unix seconds).
    pub fn is_alive(&self, now: u64) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// The bytes that hold an entry.
pub fn seal(value: &[u8], expires_at: Option<u64>) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(HEAD + value.len());
    sealed.push(FORMAT);
    sealed.extend_from_slice(&expires_at.unwrap_or(NEVER).to_le_bytes());
    sealed.extend_from_slice(value);
    sealed
}

/// The entry or counter that the bytes hold; `None` when they were written by something else.
pub fn open(mut bytes: Vec<u8>) -> Option<Stored> {
    if bytes.len() == COUNTER {
        return Some(Stored { value: bytes, expires_at: None });
    }
    let head: [u8; 8] = bytes.get(1..HEAD)?.try_into().ok()?;
    if bytes[0] != FORMAT {
        return None;
    }
    bytes.drain(..HEAD);
    let expires_at = Some(u64::from_le_bytes(head)).filter(|end| *end != NEVER);
    Some(Stored { value: bytes, expires_at })
}

#[cfg(test)]
mod tests {
    use super::{Stored, open, seal};

    #[test]
    fn what_is_sealed_can_be_opened() {
        for expires_at in [None, Some(0), Some(1_700_000_000)] {
            for value in [&b""[..], b"v", b"12345678"] {
                let stored = Stored { value: value.to_vec(), expires_at };
                assert_eq!(open(seal(value, expires_at)), Some(stored));
            }
        }
    }

    #[test]
    fn eight_bytes_are_a_counter() {
        let counter = 7u64.to_le_bytes().to_vec();
        assert_eq!(open(counter.clone()), Some(Stored { value: counter, expires_at: None }));
    }

    #[test]
    fn bytes_of_another_origin_are_refused() {
        assert_eq!(open(Vec::new()), None);
        assert_eq!(open(b"short".to_vec()), None);
        assert_eq!(open(b"something else".to_vec()), None);
    }

    #[test]
    fn an_entry_is_gone_from_its_expiry_time_on() {
        let stored = Stored { value: Vec::new(), expires_at: Some(100) };
        assert!(stored.is_alive(99));
        assert!(!stored.is_alive(100));
        assert!(Stored { value: Vec::new(), expires_at: None }.is_alive(u64::MAX));
    }
}
