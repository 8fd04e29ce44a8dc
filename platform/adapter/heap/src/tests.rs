//! The arena over a piece of ordinary memory; the allocator itself runs in every adapter.

use crate::arena::{ALIGNMENT, Arena, Memory};
use crate::classes::{COUNT, Class};
use std::cell::{Cell, UnsafeCell};

const CAPACITY: usize = 1 << 20;
const GROWTH: usize = 4096;

/// A memory that is born with one unit and grows by units up to its capacity.
struct Piece {
    bytes: UnsafeCell<Vec<u128>>,
    len: Cell<usize>,
}

impl Piece {
    fn new() -> Self {
        Self {
            bytes: UnsafeCell::new(vec![0; CAPACITY / 16]),
            len: Cell::new(GROWTH),
        }
    }
}

impl Memory for Piece {
    fn start(&self) -> usize {
        // Not aligned, as static data may end anywhere.
        unsafe { (*self.bytes.get()).as_mut_ptr() as usize + 3 }
    }

    fn end(&self) -> usize {
        self.start() - 3 + self.len.get()
    }

    fn grow(&self, bytes: usize) -> bool {
        let len = self.len.get() + bytes.next_multiple_of(GROWTH);
        let fits = len <= CAPACITY;
        if fits {
            self.len.set(len);
        }
        fits
    }
}

#[test]
fn every_class_holds_its_sizes_and_wastes_at_most_a_quarter() {
    let mut last = Class::of(0).unwrap();
    for size in (0..5000).chain([1 << 20, (1 << 20) + 1, usize::pow(2, 31)]) {
        let class = Class::of(size).unwrap();
        assert!(class.size >= size && class.size.is_multiple_of(ALIGNMENT));
        assert!(class.size <= 64.max(size + size / 4 + 16));
        assert!(class.index >= last.index && class.index < COUNT);
        last = class;
    }
    assert_eq!(Class::of(usize::pow(2, 32) + 1), None);
    assert_eq!(Class::of(usize::MAX), None);
}

#[test]
fn a_freed_block_is_used_again() {
    let (mut arena, memory) = (Arena::new(), Piece::new());
    unsafe {
        let first = arena.allocate(100, &memory);
        let second = arena.allocate(100, &memory);
        arena.free(first, 100);
        assert_eq!(arena.allocate(97, &memory), first);
        assert_eq!(second - first, 112);
    }
}

#[test]
fn the_last_block_is_resized_where_it_lies() {
    let (mut arena, memory) = (Arena::new(), Piece::new());
    unsafe {
        let first = arena.allocate(10, &memory);
        let last = arena.allocate(10, &memory);
        assert!(arena.resize(last, 10, 100_000, &memory));
        assert!(arena.resize(last, 100_000, 20, &memory));
        assert!(!arena.resize(first, 10, 20, &memory));
        assert_eq!(arena.allocate(1, &memory), last + 32);
    }
}

#[test]
fn what_does_not_fit_is_refused_and_the_rest_goes_on() {
    let (mut arena, memory) = (Arena::new(), Piece::new());
    unsafe {
        assert_eq!(arena.allocate(CAPACITY, &memory), 0);
        assert_eq!(arena.allocate(usize::MAX, &memory), 0);
        let block = arena.allocate(100, &memory);
        assert_ne!(block, 0);
        assert!(!arena.resize(block, 100, CAPACITY, &memory));
        assert!(arena.resize(block, 100, 200, &memory));
    }
}

/// A small generator (xorshift), so that a failure comes again.
fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) as usize
}

#[test]
fn blocks_never_overlap_keep_their_bytes_and_do_not_use_up_the_memory() {
    let (mut arena, memory, mut state) = (Arena::new(), Piece::new(), 0x2545_f491_4f6c_dd1d);
    let mut live: Vec<(usize, usize, u8)> = Vec::new();
    for round in 0..100_000 {
        let size = random(&mut state) % if round % 50 == 0 { 20_000 } else { 300 } + 1;
        unsafe {
            if live.len() < 40 {
                let block = arena.allocate(size, &memory);
                assert!(block != 0 && block.is_multiple_of(ALIGNMENT));
                assert!(block >= memory.start() && block + size <= memory.end());
                core::ptr::write_bytes(block as *mut u8, round as u8, size);
                live.push((block, size, round as u8));
                continue;
            }
            let (block, old, mark) = live.swap_remove(random(&mut state) % 40);
            let bytes = core::slice::from_raw_parts(block as *const u8, old);
            assert!(bytes.iter().all(|&byte| byte == mark));
            if random(&mut state).is_multiple_of(2) && arena.resize(block, old, size, &memory) {
                core::ptr::write_bytes(block as *mut u8, mark, size);
                live.push((block, size, mark));
            } else {
                arena.free(block, old);
            }
        }
    }
}
