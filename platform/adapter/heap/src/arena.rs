//! The blocks of one memory. Addresses are plain integers; 0 stands for no block.

use crate::classes::{COUNT, Class};

/// Where blocks come from: one contiguous piece of memory that can grow at its end.
pub trait Memory {
    /// The first address that may be used.
    fn start(&self) -> usize;
    /// The address behind the last.
    fn end(&self) -> usize;
    /// Adds at least `bytes` at the end; false if there are no more.
    fn grow(&self, bytes: usize) -> bool;
}

/// The blocks that are free, and where the used part ends.
pub struct Arena {
    top: usize,
    end: usize,
    /// For each class the first free block; each holds the address of the next.
    free: [usize; COUNT],
}

/// Every block begins at a multiple of this.
pub const ALIGNMENT: usize = 16;

impl Arena {
    #[must_use]
    pub const fn new() -> Self {
        Self {
            top: 0,
            end: 0,
            free: [0; COUNT],
        }
    }

    /// A block of at least `size` bytes, or 0.
    ///
    /// # Safety
    /// It is always the same memory, and nobody else uses it.
    pub unsafe fn allocate(&mut self, size: usize, memory: &impl Memory) -> usize {
        let Some(class) = Class::of(size) else {
            return 0;
        };
        let block = self.free[class.index];
        if block != 0 {
            // SAFETY: a free block holds the address of the next.
            self.free[class.index] = unsafe { *(block as *const usize) };
            return block;
        }
        if self.top == 0 {
            self.top = memory.start().next_multiple_of(ALIGNMENT);
            self.end = memory.end();
        }
        let block = self.top;
        if self.raise(block, class.size, memory) {
            block
        } else {
            0
        }
    }

    /// Gives a block of `size` bytes back.
    ///
    /// # Safety
    /// `block` was allocated here with this size.
    pub unsafe fn free(&mut self, block: usize, size: usize) {
        let Some(class) = Class::of(size) else {
            return;
        };
        if block + class.size == self.top {
            self.top = block;
            return;
        }
        // SAFETY: the block is free, and every block holds an address.
        unsafe { *(block as *mut usize) = self.free[class.index] };
        self.free[class.index] = block;
    }

    /// Makes a block of `old` bytes one of `new` bytes where it lies; false: it must be moved.
    ///
    /// # Safety
    /// `block` was allocated here with the old size.
    pub unsafe fn resize(
        &mut self,
        block: usize,
        old: usize,
        new: usize,
        memory: &impl Memory,
    ) -> bool {
        match (Class::of(old), Class::of(new)) {
            (Some(old), Some(new)) if old == new => true,
            (Some(old), Some(new)) if block + old.size == self.top => {
                self.raise(block, new.size, memory)
            }
            _ => false,
        }
    }

    /// Makes `size` bytes from `block` on the last block; false if the memory does not grow so far.
    fn raise(&mut self, block: usize, size: usize, memory: &impl Memory) -> bool {
        let room = self.end - block;
        if room < size {
            if !memory.grow(size - room) {
                return false;
            }
            self.end = memory.end();
        }
        self.top = block + size;
        true
    }
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}
