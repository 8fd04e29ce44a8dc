//! Netstrings: for each string its length in bytes, in decimal, a colon, then the string.

use alloc::string::String;

/// Appends `string` with its length before it to `out`.
pub fn push(out: &mut String, string: &str) {
    push_len(out, string.len());
    out.push_str(string);
}

/// Appends what stands before a string of `len` bytes; the caller appends the string.
pub fn push_len(out: &mut String, len: usize) {
    // 20 digits hold the largest u64.
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = len;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    for &digit in &digits[at..] {
        out.push(digit.into());
    }
    out.push(':');
}

/// The strings of `data`, one after the other; `Err` and then nothing when one has no length or is cut short.
#[must_use]
pub fn split(data: &str) -> Split<'_> {
    Split { rest: data }
}

/// The iterator that [`split`] gives.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    rest: &'a str,
}

/// A netstring has no length, or is longer than what holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl<'a> Split<'a> {
    fn next_string(&mut self) -> Option<&'a str> {
        let (digits, rest) = self.rest.split_once(':')?;
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let (string, rest) = rest.split_at_checked(digits.parse().ok()?)?;
        self.rest = rest;
        Some(string)
    }
}

impl<'a> Iterator for Split<'a> {
    type Item = Result<&'a str, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let string = self.next_string();
        if string.is_none() {
            self.rest = "";
        }
        Some(string.ok_or(Malformed))
    }
}
