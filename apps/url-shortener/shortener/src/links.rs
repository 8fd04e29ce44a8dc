//! How a link stands in the store: under `link/<id>`, as text: created, expires (or `-`), URL, with spaces between.

use alloc::format;
use alloc::string::{String, ToString};

/// How long the store keeps an expired link, so that a visitor is told that it has expired rather than that it never was.
const GRACE_SECONDS: u64 = 30 * 24 * 3600;

/// A link; times are unix seconds.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    pub original: String,
    pub created_at: u64,
    pub expires_at: Option<u64>,
}

impl Link {
    pub fn encode(&self) -> String {
        let expires = self.expires_at.map_or_else(|| "-".into(), |end| end.to_string());
        format!("{} {} {}", self.created_at, expires, self.original)
    }

    /// `None` when the bytes are no link.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut words = core::str::from_utf8(bytes).ok()?.splitn(3, ' ');
        let created_at = words.next()?.parse().ok()?;
        let expires_at = match words.next()? {
            "-" => None,
            end => Some(end.parse().ok()?),
        };
        Some(Self { original: words.next()?.into(), created_at, expires_at })
    }

    pub fn is_expired(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// When the store may forget the link.
    pub fn forget_at(&self) -> Option<u64> {
        self.expires_at.map(|end| end.saturating_add(GRACE_SECONDS))
    }
}

/// The key of a link's entry.
pub fn link_key(id: &str) -> String {
    format!("link/{id}")
}

/// The key of the counter that whoever tracks clicks keeps for a link.
pub fn clicks_key(id: &str) -> String {
    format!("clicks/{id}")
}

/// What a counter holds: eight bytes, little-endian.
pub fn counter_value(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::{Link, counter_value};

    fn link(expires_at: Option<u64>) -> Link {
        Link { original: "https://example.com/a?b=c d".into(), created_at: 1_700_000_000, expires_at }
    }

    #[test]
    fn what_is_encoded_can_be_decoded() {
        for expires_at in [None, Some(0), Some(u64::MAX)] {
            let link = link(expires_at);
            assert_eq!(Link::decode(link.encode().as_bytes()), Some(link));
        }
    }

    #[test]
    fn other_bytes_are_no_link() {
        for bytes in [&b""[..], b"1", b"1 2", b"x - https://a.b", b"1 x https://a.b", b"\xff\xff"] {
            assert_eq!(Link::decode(bytes), None);
        }
    }

    #[test]
    fn a_link_expires_at_its_time_and_is_kept_longer() {
        let link = link(Some(100));
        assert!(!link.is_expired(99));
        assert!(link.is_expired(100));
        assert!(link.forget_at() > Some(100));
    }

    #[test]
    fn a_link_without_a_time_never_expires() {
        assert!(!link(None).is_expired(u64::MAX));
        assert_eq!(link(None).forget_at(), None);
    }

    #[test]
    fn a_counter_is_eight_bytes() {
        assert_eq!(counter_value(&[2, 1, 0, 0, 0, 0, 0, 0]), 258);
        assert_eq!(counter_value(b"other"), 0);
    }
}
