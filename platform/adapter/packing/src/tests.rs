//! Unit and property tests; they run natively, so the vectors of the sandbox are tested through the adapters.

use crate::{base64, from_head, pack, to_head, unpack, unpack_flagged, utf8};
use alloc::{format, string::String, vec, vec::Vec};

/// A small generator (xorshift), so that the properties need no dependency and fail the same way twice.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

#[test]
fn text_crosses_as_it_is() {
    assert_eq!(pack("grün ☃".as_bytes()), "rgrün ☃");
    assert_eq!(unpack("rgrün ☃".into()), Some("grün ☃".into()));
}

#[test]
fn nothing_is_raw() {
    assert_eq!(pack(b""), "r");
    assert_eq!(unpack("r".into()), Some(vec![]));
    assert_eq!(unpack("b".into()), Some(vec![]));
}

#[test]
fn rfc_4648_vectors_hold() {
    for (plain, encoded) in [
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        let mut out = String::from("kept");
        base64::encode_into(&mut out, plain.as_bytes());
        assert_eq!(out, format!("kept{encoded}"));
        assert_eq!(base64::decode(encoded.into(), 0), Some(plain.into()));
    }
}

#[test]
fn whatever_is_packed_is_unpacked() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for len in 0..200 {
        for _ in 0..20 {
            let bytes = random.bytes(len);
            assert_eq!(unpack(pack(&bytes)), Some(bytes.clone()));
            assert_eq!(from_head(to_head(bytes.clone())), Some(bytes));
        }
    }
}

#[test]
fn malformed_base64_is_refused() {
    for text in [
        "Zg=",
        "Z===",
        "====",
        "Zg==Zg==",
        "Zm9v\nZg=",
        "Zm-v",
        "Zm9vZ",
        "Zg=a",
        "Zm=v",
    ] {
        assert_eq!(base64::decode(text.into(), 0), None, "{text:?}");
    }
}

#[test]
fn an_unknown_flag_or_a_bad_offset_is_refused() {
    assert_eq!(unpack("xabc".into()), None);
    assert_eq!(unpack(String::new()), None);
    assert_eq!(unpack_flagged(b'r', "abc".into(), 4), None);
    assert_eq!(unpack_flagged(b'b', "abc".into(), 4), None);
}

#[test]
fn a_body_is_unpacked_behind_its_head() {
    assert_eq!(
        unpack_flagged(b'r', "head,body".into(), 5),
        Some(b"body".into())
    );
    assert_eq!(
        unpack_flagged(b'b', "head,Zm9v".into(), 5),
        Some(b"foo".into())
    );
}

#[test]
fn head_text_holds_one_character_for_each_byte() {
    assert_eq!(to_head(vec![b'a', 0xe9, 0xff, 0]), "a\u{e9}\u{ff}\0");
    assert_eq!(
        from_head("a\u{e9}\u{ff}\0".into()),
        Some(vec![b'a', 0xe9, 0xff, 0])
    );
    assert_eq!(from_head("\u{100}".into()), None);
}

#[test]
fn utf8_is_told_from_bytes_wherever_the_fault_lies() {
    for at in 0..100 {
        let mut bytes = vec![b'a'; 100];
        assert!(utf8::as_str(&bytes).is_some());
        bytes[at] = 0xff;
        assert!(utf8::as_str(&bytes).is_none(), "{at}");
        assert!(!utf8::is_ascii(&bytes));
    }
    let text = format!("{}ü{}", "a".repeat(15), "b".repeat(40));
    assert_eq!(utf8::as_str(text.as_bytes()), Some(text.as_str()));
}
