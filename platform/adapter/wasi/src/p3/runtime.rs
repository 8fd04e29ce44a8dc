//! The asynchronous state of the instance, and how breaches of the canonical ABI end it.

use crate::traps::trap;
use async_runtime::{Checked, Runtime, Trap};
use core::cell::RefCell;

thread_local! {
    static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

/// Streams of bytes.
pub const BYTES: u32 = kind("u8", false);
/// Futures of how a body was transmitted.
pub const OUTCOME: u32 = kind("result-none-wasi:http/types/error-code", true);
/// Futures of trailers.
pub const TRAILERS: u32 = kind(
    "result-option-wasi:http/types/fields-wasi:http/types/error-code",
    true,
);
/// Futures of how a standard stream has ended.
pub const STANDARD_OUTCOME: u32 = kind("result-none-wasi:cli/types/error-code", true);

/// The identity of a type of streams or futures, by its mangled payload: FNV-1a, with the top bit for futures.
const fn kind(payload: &str, is_future: bool) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mut at = 0;
    while at < payload.len() {
        hash = (hash ^ payload.as_bytes()[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash & !(1 << 31) | (is_future as u32) << 31
}

/// Asks the runtime.
pub fn with<T>(action: impl FnOnce(&mut Runtime) -> T) -> T {
    RUNTIME.with(|runtime| action(runtime.borrow_mut().get_or_insert_with(Runtime::new)))
}

/// Asks the runtime for something that a guest may only do by the rules.
pub fn checked<T>(action: impl FnOnce(&mut Runtime) -> Checked<T>) -> T {
    match with(action) {
        Ok(value) => value,
        Err(Trap(rule)) => trap(rule),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_of_the_lowering() {
        assert_eq!(BYTES, 0x0b42_b2f8);
        assert_eq!(kind("u8", true), BYTES | 1 << 31);
        assert_ne!(OUTCOME, TRAILERS);
    }
}
