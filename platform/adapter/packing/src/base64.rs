//! Base64 (RFC 4648 section 4, padded). In the sandbox 12 bytes are encoded and 16 characters decoded at a time, without
//! tables in memory: a table is a page to touch in each fresh instance.

use alloc::{string::String, vec::Vec};

/// The length of the base64 of `len` bytes.
#[must_use]
pub const fn encoded_len(len: usize) -> usize {
    len.div_ceil(3) * 4
}

/// Appends the base64 of `bytes` to `out`.
pub fn encode_into(out: &mut String, bytes: &[u8]) {
    // SAFETY: base64 is ASCII.
    let out = unsafe { out.as_mut_vec() };
    // A block writes whole vectors: keep room for the four characters that its last one writes too many.
    out.reserve(encoded_len(bytes.len()) + 16);
    let done = blocks::encode(out, bytes);
    let mut groups = bytes[done..].chunks_exact(3);
    for group in &mut groups {
        out.extend_from_slice(&characters(group[0], group[1], group[2]));
    }
    match *groups.remainder() {
        [a] => {
            let [c, d, ..] = characters(a, 0, 0);
            out.extend_from_slice(&[c, d, b'=', b'=']);
        }
        [a, b] => {
            let [c, d, e, _] = characters(a, b, 0);
            out.extend_from_slice(&[c, d, e, b'=']);
        }
        _ => {}
    }
}

/// The bytes that `text` stands for from offset `at` on, decoded where they lie; `None` when it is not padded base64.
#[must_use]
pub fn decode(mut text: Vec<u8>, at: usize) -> Option<Vec<u8>> {
    let len = text.len().checked_sub(at)?;
    if len == 0 {
        text.clear();
        return Some(text);
    }
    if !len.is_multiple_of(4) {
        return None;
    }
    // The last group may be padded: it is left to the scalar end.
    let last = text.len() - 4;
    let (mut from, mut to) = blocks::decode(&mut text, at, last)?;
    while from < last {
        let group = group(&text, from, 4)?;
        text[to..to + 3].copy_from_slice(&group);
        from += 4;
        to += 3;
    }
    let padding = text[last..]
        .iter()
        .rev()
        .take_while(|&&character| character == b'=')
        .count();
    let digits = 4 - padding;
    if digits < 2 {
        return None;
    }
    let group = group(&text, last, digits)?;
    text[to..to + 3].copy_from_slice(&group);
    text.truncate(to + 3 - padding);
    Some(text)
}

/// The four characters for three bytes.
fn characters(a: u8, b: u8, c: u8) -> [u8; 4] {
    let word = u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c);
    [18, 12, 6, 0].map(|shift| character((word >> shift) as u8 & 63))
}

fn character(value: u8) -> u8 {
    match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' + (value - 26),
        52..=61 => b'0' + (value - 52),
        62 => b'+',
        _ => b'/',
    }
}

/// The three bytes for the first `digits` of the four characters at `from`; the others count as 0.
fn group(text: &[u8], from: usize, digits: usize) -> Option<[u8; 3]> {
    let mut word = 0;
    for (index, &character) in text[from..from + digits].iter().enumerate() {
        word |= u32::from(value(character)?) << (18 - 6 * index);
    }
    Some([(word >> 16) as u8, (word >> 8) as u8, word as u8])
}

fn value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// No vectors: everything is left to the scalar end.
#[cfg(not(target_arch = "wasm32"))]
mod blocks {
    pub fn encode(_: &mut alloc::vec::Vec<u8>, _: &[u8]) -> usize {
        0
    }

    pub fn decode(_: &mut [u8], at: usize, _: usize) -> Option<(usize, usize)> {
        Some((at, 0))
    }
}

/// Whole vectors: six bits to a byte by shifts within 32-bit lanes, values to characters and back by one swizzle each.
#[cfg(target_arch = "wasm32")]
mod blocks {
    use core::arch::wasm32::{
        i8x16, i8x16_shuffle, i8x16_splat, i8x16_swizzle, u8x16_add, u8x16_eq, u8x16_lt, u8x16_shr,
        u8x16_sub_sat, u32x4_shl, u32x4_shr, u32x4_splat, v128, v128_and, v128_any_true, v128_load,
        v128_or, v128_store,
    };

    /// Appends the base64 of as many bytes as fill vectors; returns how many. The caller has reserved the room.
    #[target_feature(enable = "simd128")]
    pub fn encode(out: &mut alloc::vec::Vec<u8>, bytes: &[u8]) -> usize {
        let (mut from, mut to) = (0, out.len());
        while from + 16 <= bytes.len() {
            debug_assert!(to + 16 <= out.capacity());
            // SAFETY: 16 bytes follow `from`, and room for 16 follows `to`.
            unsafe {
                let block = v128_load(bytes.as_ptr().add(from).cast());
                v128_store(out.as_mut_ptr().add(to).cast(), characters(block));
            }
            from += 12;
            to += 16;
        }
        // SAFETY: everything before `to` has been written.
        unsafe { out.set_len(to) };
        from
    }

    /// Decodes in place from `at` as many characters before `last` as fill vectors; returns where it stopped reading and
    /// writing. It writes behind what it has read.
    #[target_feature(enable = "simd128")]
    pub fn decode(text: &mut [u8], at: usize, last: usize) -> Option<(usize, usize)> {
        let (mut from, mut to) = (at, 0);
        while from + 16 <= last {
            // SAFETY: 16 bytes follow `from`, and `to` is not beyond it.
            unsafe {
                let block = bytes(v128_load(text.as_ptr().add(from).cast()))?;
                v128_store(text.as_mut_ptr().add(to).cast(), block);
            }
            from += 16;
            to += 12;
        }
        Some((from, to))
    }

    /// 16 characters for the first 12 bytes.
    #[target_feature(enable = "simd128")]
    fn characters(block: v128) -> v128 {
        // Each lane: three bytes as one number, big-endian.
        let word = i8x16_shuffle::<2, 1, 0, 0, 5, 4, 3, 3, 8, 7, 6, 6, 11, 10, 9, 9>(block, block);
        let values = v128_or(
            v128_or(
                v128_and(u32x4_shr(word, 18), u32x4_splat(0x3f)),
                v128_and(u32x4_shr(word, 4), u32x4_splat(0x3f00)),
            ),
            v128_or(
                v128_and(u32x4_shl(word, 10), u32x4_splat(0x003f_0000)),
                v128_and(u32x4_shl(word, 24), u32x4_splat(0x3f00_0000)),
            ),
        );
        // 0 for a to z, 1 to 10 for digits, 11 for `+`, 12 for `/`, 13 for A to Z.
        let class = v128_or(
            u8x16_sub_sat(values, i8x16_splat(51)),
            v128_and(u8x16_lt(values, i8x16_splat(26)), i8x16_splat(13)),
        );
        let offsets = i8x16(
            71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0,
        );
        u8x16_add(values, i8x16_swizzle(offsets, class))
    }

    /// 12 bytes, then four zeros, for 16 characters; `None` when one of them is not a digit of base64.
    #[target_feature(enable = "simd128")]
    fn bytes(block: v128) -> Option<v128> {
        let high = u8x16_shr(block, 4);
        let low = v128_and(block, i8x16_splat(0x0f));
        // A character is valid when the bits of its two halves have nothing in common.
        let of_high = i8x16(16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16);
        let of_low = i8x16(
            21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26,
        );
        if v128_any_true(v128_and(
            i8x16_swizzle(of_high, high),
            i8x16_swizzle(of_low, low),
        )) {
            return None;
        }
        // `/` shares its high half with `+`, but not its offset.
        let class = u8x16_add(high, u8x16_eq(block, i8x16_splat(b'/' as i8)));
        let offsets = i8x16(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
        let values = u8x16_add(block, i8x16_swizzle(offsets, class));
        let word = v128_or(
            v128_or(
                u32x4_shl(v128_and(values, u32x4_splat(0x3f)), 18),
                u32x4_shl(v128_and(values, u32x4_splat(0x3f00)), 4),
            ),
            v128_or(
                u32x4_shr(v128_and(values, u32x4_splat(0x003f_0000)), 10),
                u32x4_shr(values, 24),
            ),
        );
        let zero = i8x16_splat(0);
        Some(i8x16_shuffle::<
            2,
            1,
            0,
            6,
            5,
            4,
            10,
            9,
            8,
            14,
            13,
            12,
            16,
            16,
            16,
            16,
        >(word, zero))
    }
}
