//! Bytes between the host and the guest: what is given out piece by piece, and numbers in decimal.

use packing::{BASE64, RAW};

/// Bytes that have come from the host and are given to the guest piece by piece, without being copied in between.
#[derive(Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    /// Holds nothing.
    pub const fn empty() -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
        }
    }

    /// Holds `bytes`.
    pub const fn of(bytes: Vec<u8>) -> Self {
        Self { bytes, start: 0 }
    }

    /// Holds what `text` stands for from `start` on: base64 if `encoded`, else the bytes themselves.
    pub fn new(text: String, start: usize, encoded: bool) -> Option<Self> {
        let bytes = text.into_bytes();
        if start > bytes.len() {
            return None;
        }
        if encoded {
            let bytes = packing::base64::decode(bytes, start)?;
            return Some(Self { bytes, start: 0 });
        }
        Some(Self { bytes, start })
    }

    /// Takes packed bytes apart.
    pub fn unpack(packed: String) -> Option<Self> {
        match *packed.as_bytes().first()? {
            RAW => Self::new(packed, 1, false),
            BASE64 => Self::new(packed, 1, true),
            _ => None,
        }
    }

    /// How many bytes are left.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes and returns at most `max` bytes from the front.
    pub fn take(&mut self, max: usize) -> Vec<u8> {
        if max >= self.len() {
            let mut bytes = core::mem::take(&mut self.bytes);
            bytes.drain(..core::mem::take(&mut self.start));
            return bytes;
        }
        let end = self.start + max;
        let piece = self.bytes[self.start..end].to_vec();
        self.start = end;
        piece
    }

    /// Removes at most `max` bytes from the front; returns how many.
    pub fn skip(&mut self, max: usize) -> usize {
        let count = max.min(self.len());
        self.start += count;
        if self.is_empty() {
            *self = Self::empty();
        }
        count
    }
}

/// Appends `number` in decimal.
pub fn append_decimal(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A body as it crosses behind a head: as it is when it is text, else as base64.
pub struct PackedBody<'a> {
    bytes: &'a [u8],
    text: Option<&'a str>,
}

impl<'a> PackedBody<'a> {
    /// Looks at `bytes` to see how they can cross.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            text: packing::utf8::as_str(bytes),
        }
    }

    /// Whether the bytes cross as they are.
    pub fn is_raw(&self) -> bool {
        self.text.is_some()
    }

    /// How many bytes `append_to` appends.
    pub fn len(&self) -> usize {
        self.text
            .map_or_else(|| packing::base64::encoded_len(self.bytes.len()), str::len)
    }

    /// Appends the bytes, without their flag.
    pub fn append_to(&self, out: &mut String) {
        match self.text {
            Some(text) => out.push_str(text),
            None => packing::base64::encode_into(out, self.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_is_what_the_standard_library_writes() {
        for number in [0, 7, 10, 65_535, 1_000_000_007, u64::MAX] {
            let mut out = Vec::new();
            append_decimal(&mut out, number);
            assert_eq!(out, number.to_string().as_bytes());
        }
    }

    #[test]
    fn a_buffer_gives_each_byte_once() {
        let mut buffer = Buffer::new("head:hello world".to_owned(), 5, false).unwrap();
        assert_eq!(buffer.take(2), b"he");
        assert_eq!(buffer.skip(4), 4);
        assert_eq!(buffer.take(100), b"world");
        assert!(buffer.is_empty());
        assert_eq!(buffer.take(100), b"");
        assert_eq!(buffer.skip(1), 0);
    }

    #[test]
    fn packed_bytes_are_taken_apart() {
        assert_eq!(
            Buffer::unpack("rgrüße".into()).unwrap().take(99),
            "grüße".as_bytes()
        );
        assert_eq!(
            Buffer::unpack("b/wAB".into()).unwrap().take(99),
            [0xff, 0, 1]
        );
        assert_eq!(
            Buffer::new("head/wAB".into(), 4, true).unwrap().take(99),
            [0xff, 0, 1]
        );
    }

    #[test]
    fn what_is_not_packed_is_refused() {
        for text in ["", "zabc", "b!", "babc"] {
            assert!(Buffer::unpack(text.to_owned()).is_none(), "{text:?}");
        }
        assert!(Buffer::new("ab".into(), 3, false).is_none());
    }

    #[test]
    fn a_body_of_text_crosses_as_it_is_and_any_other_as_base64() {
        for (bytes, expected) in [
            ("grüße".as_bytes(), "grüße"),
            (&[0xff, 0, 1], "/wAB"),
            (b"", ""),
        ] {
            let body = PackedBody::new(bytes);
            let mut out = String::new();
            body.append_to(&mut out);
            assert_eq!(out, expected);
            assert_eq!(out.len(), body.len());
            assert_eq!(body.is_raw(), bytes != [0xff, 0, 1]);
        }
    }
}
