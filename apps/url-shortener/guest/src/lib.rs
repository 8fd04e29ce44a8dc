//! What a component needs when it is built without Rust's standard library: an allocator, the allocation function of
//! the component model, and panics that say on stderr what happened.
//!
//! The standard library makes every component import files, the environment, terminals and more, used or not. Without
//! it a component imports what it uses, is half the size and starts in two thirds of the time.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "log", generate_all });
}

use bindings::wasi::cli::stderr::get_stderr;

/// The most that a stream takes in one blocking call (`wasi:io/streams`).
const STEP: usize = 4096;

/// Writes a line to stderr, which the platform keeps as the component's log. A log that cannot be written is no reason
/// to fail.
pub fn log(line: &str) {
    let stream = get_stderr();
    for part in alloc::format!("{line}\n").as_bytes().chunks(STEP) {
        if stream.blocking_write_and_flush(part).is_err() {
            return;
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod runtime {
    use alloc::alloc::{Layout, alloc, realloc};
    use core::arch::wasm32::unreachable;
    use core::panic::PanicInfo;

    #[global_allocator]
    static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

    /// Compares two blocks of memory: the compiler calls it, WebAssembly has no instruction for it, and the C library
    /// that would bring it would bring its imports too.
    ///
    /// # Safety
    /// Both blocks are `count` bytes long.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
        for offset in 0..count {
            // SAFETY: the offset is inside of both blocks.
            let (one, other) = unsafe { (*left.add(offset), *right.add(offset)) };
            if one != other {
                return i32::from(one) - i32::from(other);
            }
        }
        0
    }

    #[panic_handler]
    fn panic(info: &PanicInfo<'_>) -> ! {
        super::log(&alloc::format!("{info}"));
        unreachable()
    }

    /// Called by whoever passes strings and lists into this component.
    ///
    /// # Safety
    /// `old` and `old_len` are zero, or what an earlier call with the same `align` gave.
    #[unsafe(export_name = "cabi_realloc")]
    unsafe extern "C" fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
        if old_len == 0 && new_len == 0 {
            return core::ptr::without_provenance_mut(align);
        }
        // SAFETY: the canonical ABI calls with powers of two for `align`, and sizes that fit the memory.
        let block = unsafe {
            if old_len == 0 {
                alloc(Layout::from_size_align_unchecked(new_len, align))
            } else {
                realloc(old, Layout::from_size_align_unchecked(old_len, align), new_len)
            }
        };
        if block.is_null() { unreachable() } else { block }
    }
}
