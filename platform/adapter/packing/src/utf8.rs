//! Telling quickly whether bytes are text: ASCII sixteen at a time, the rest by the standard library.

/// The text that `bytes` are, if they are valid UTF-8.
#[must_use]
pub fn as_str(bytes: &[u8]) -> Option<&str> {
    let ascii = ascii_prefix(bytes);
    core::str::from_utf8(&bytes[ascii..]).ok()?;
    // SAFETY: an ASCII prefix followed by valid UTF-8 is valid UTF-8.
    Some(unsafe { core::str::from_utf8_unchecked(bytes) })
}

/// How many bytes at the start are surely ASCII, in whole blocks; the rest may be too.
#[cfg(target_arch = "wasm32")]
#[must_use]
pub fn ascii_prefix(bytes: &[u8]) -> usize {
    simd::ascii_prefix(bytes)
}

/// How many bytes at the start are surely ASCII, in whole blocks; the rest may be too.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn ascii_prefix(bytes: &[u8]) -> usize {
    bytes
        .chunks_exact(16)
        .take_while(|block| block.is_ascii())
        .count()
        * 16
}

/// Tells whether all of `bytes` are ASCII.
#[must_use]
pub fn is_ascii(bytes: &[u8]) -> bool {
    bytes[ascii_prefix(bytes)..].is_ascii()
}

#[cfg(target_arch = "wasm32")]
mod simd {
    use core::arch::wasm32::{u8x16_bitmask, v128, v128_load, v128_or};

    /// Blocks of 64 bytes, then of 16.
    #[target_feature(enable = "simd128")]
    pub fn ascii_prefix(bytes: &[u8]) -> usize {
        let mut at = 0;
        while at + 64 <= bytes.len() {
            // SAFETY: 64 bytes follow `at`.
            let block = unsafe {
                let from = bytes.as_ptr().add(at).cast::<v128>();
                v128_or(
                    v128_or(v128_load(from), v128_load(from.add(1))),
                    v128_or(v128_load(from.add(2)), v128_load(from.add(3))),
                )
            };
            if u8x16_bitmask(block) != 0 {
                break;
            }
            at += 64;
        }
        while at + 16 <= bytes.len() {
            // SAFETY: 16 bytes follow `at`.
            if u8x16_bitmask(unsafe { v128_load(bytes.as_ptr().add(at).cast::<v128>()) }) != 0 {
                break;
            }
            at += 16;
        }
        at
    }
}
