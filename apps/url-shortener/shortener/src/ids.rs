//! Identifiers of links: seven base-62 characters, about 3.5 million million of them.

use alloc::string::String;
use alloc::vec::Vec;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 7;
/// Bytes from here on are thrown away: the rest is a multiple of 62, so that every character is equally likely.
const BIASED: u8 = 248;
/// Seven bytes are nearly always enough when eight of 256 are thrown away; twelve practically always.
const DRAW: u64 = 12;

/// An identifier out of random bytes, which `draw` gives as many of as it is asked for.
pub fn new_id(mut draw: impl FnMut(u64) -> Vec<u8>) -> String {
    let mut id = String::with_capacity(LENGTH);
    loop {
        for byte in draw(DRAW).into_iter().filter(|byte| *byte < BIASED) {
            id.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            if id.len() == LENGTH {
                return id;
            }
        }
    }
}

/// Whether this could be a link's identifier.
pub fn is_id(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{BIASED, is_id, new_id};

    #[test]
    fn an_id_is_seven_base_62_characters() {
        let id = new_id(|count| (0..count).map(|byte| byte as u8 * 20).collect());
        assert!(is_id(&id), "{id}");
    }

    #[test]
    fn every_character_comes_from_equally_many_bytes() {
        let mut seen = std::collections::HashMap::new();
        for byte in 0..BIASED {
            let id = new_id(|count| vec![byte; count as usize]);
            *seen.entry(id).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 62);
        assert!(seen.values().all(|count| *count == 4));
    }

    #[test]
    fn biased_bytes_are_thrown_away_and_more_are_drawn() {
        let mut draws = 0;
        let id = new_id(|count| {
            draws += 1;
            if draws == 1 { vec![255; count as usize] } else { vec![0; count as usize] }
        });
        assert_eq!(id, "0000000");
        assert_eq!(draws, 2);
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in ["", "abcdef", "abcdefgh", "abc/efg", "abc-efg", "äbcdef", "abcdef "] {
            assert!(!is_id(text), "{text}");
        }
    }
}
