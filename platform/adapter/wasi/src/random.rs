//! `wasi:random`: bytes of the operating system's generator, drawn in blocks while a request is served.
//!
//! Nothing that was drawn outlives the request it was drawn for, and nothing is drawn ahead before there is one: what a
//! snapshot of the instance holds is the same in each instance made from it, so no randomness may be in it.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::random::{insecure, insecure_seed, random};
use crate::bindings::whorl::host::random as host;
use crate::buffers::Buffer;
use crate::exchange;
use crate::traps::trap;
use core::cell::{Cell, RefCell};

/// The smallest block, the largest of those that are drawn ahead, and the most that the host gives in one call.
const FIRST_BLOCK: usize = 64;
const LARGEST_BLOCK: usize = 512;
const HOST_LIMIT: usize = 64 << 10;

struct Pool {
    bytes: RefCell<Buffer>,
    generation: Cell<u32>,
    block: Cell<usize>,
    /// The state of the insecure generator; zero: not seeded.
    insecure: Cell<u64>,
}

thread_local! {
    static POOL: Pool = const {
        Pool {
            bytes: RefCell::new(Buffer::empty()),
            generation: Cell::new(0),
            block: Cell::new(FIRST_BLOCK),
            insecure: Cell::new(0),
        }
    };
}

impl Pool {
    fn enter(&self) {
        let generation = exchange::generation();
        if self.generation.replace(generation) != generation {
            self.bytes.take();
            self.block.set(FIRST_BLOCK);
            self.insecure.set(0);
        }
    }

    fn take(&self, count: usize) -> Vec<u8> {
        self.enter();
        let mut pool = self.bytes.borrow_mut();
        if count <= pool.len() {
            return pool.take(count);
        }
        if count > LARGEST_BLOCK / 2 || !exchange::is_serving() {
            return draw_all(count);
        }
        let block = self.block.get().max(count);
        self.block.set((self.block.get() * 2).min(LARGEST_BLOCK));
        *pool = draw(block);
        pool.take(count)
    }
}

fn draw_all(count: usize) -> Vec<u8> {
    let mut bytes = draw(count.min(HOST_LIMIT)).take(usize::MAX);
    while bytes.len() < count {
        bytes.extend(draw((count - bytes.len()).min(HOST_LIMIT)).take(usize::MAX));
    }
    bytes
}

fn draw(count: usize) -> Buffer {
    match Buffer::unpack(host::bytes(count as u32)) {
        Some(bytes) if bytes.len() == count => bytes,
        _ => trap("the host gave no randomness"),
    }
}

/// Bytes that nobody can guess.
pub fn bytes(len: u64) -> Vec<u8> {
    match usize::try_from(len) {
        Ok(count) => POOL.with(|pool| pool.take(count)),
        Err(_) => trap("more random bytes were asked for than fit into memory"),
    }
}

/// Eight of them.
pub fn word() -> u64 {
    bytes(8)
        .iter()
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// The next word of the generator that is seeded once per request (splitmix64).
pub fn insecure_word() -> u64 {
    POOL.with(|pool| {
        pool.enter();
        if pool.insecure.get() == 0 {
            pool.insecure.set(word() | 1);
        }
        let state = pool.insecure.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        pool.insecure.set(state);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    })
}

/// Bytes of that generator.
pub fn insecure_bytes(len: u64) -> Vec<u8> {
    let Ok(count) = usize::try_from(len) else {
        trap("more random bytes were asked for than fit into memory");
    };
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        bytes.extend_from_slice(&insecure_word().to_le_bytes());
    }
    bytes.truncate(count);
    bytes
}

impl random::Guest for Adapter {
    fn get_random_bytes(len: u64) -> Vec<u8> {
        bytes(len)
    }

    fn get_random_u64() -> u64 {
        word()
    }
}

impl insecure::Guest for Adapter {
    fn get_insecure_random_bytes(len: u64) -> Vec<u8> {
        insecure_bytes(len)
    }

    fn get_insecure_random_u64() -> u64 {
        insecure_word()
    }
}

impl insecure_seed::Guest for Adapter {
    fn insecure_seed() -> (u64, u64) {
        (word(), word())
    }
}
