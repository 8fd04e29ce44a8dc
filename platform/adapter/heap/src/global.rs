//! The arena as the allocator of a WebAssembly module, over its linear memory.

use crate::arena::{ALIGNMENT, Arena, Memory};
use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;
use core::ptr::{copy_nonoverlapping, null_mut};

const PAGE: usize = 65536;

/// `#[global_allocator] static HEAP: Heap = Heap::new();`
pub struct Heap(UnsafeCell<Arena>);

// SAFETY: the modules have one thread.
unsafe impl Sync for Heap {}

impl Heap {
    #[must_use]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(Arena::new()))
    }
}

impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}

struct Linear;

unsafe extern "C" {
    /// Where the linker says that the heap begins: behind stack and static data.
    static __heap_base: u8;
}

impl Memory for Linear {
    fn start(&self) -> usize {
        &raw const __heap_base as usize
    }

    fn end(&self) -> usize {
        memory_size::<0>() * PAGE
    }

    fn grow(&self, bytes: usize) -> bool {
        memory_grow::<0>(bytes.div_ceil(PAGE)) != usize::MAX
    }
}

// SAFETY: blocks do not overlap, and are aligned to 16; a larger alignment, which no adapter needs, is refused.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGNMENT {
            return null_mut();
        }
        // SAFETY: one thread, and the arena calls nobody who allocates.
        unsafe { (*self.0.get()).allocate(layout.size(), &Linear) as *mut u8 }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { (*self.0.get()).free(block as usize, layout.size()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; both blocks hold what is copied.
        unsafe {
            let arena = &mut *self.0.get();
            if arena.resize(block as usize, layout.size(), size, &Linear) {
                return block;
            }
            let moved = arena.allocate(size, &Linear) as *mut u8;
            if !moved.is_null() {
                copy_nonoverlapping(block, moved, layout.size().min(size));
                arena.free(block as usize, layout.size());
            }
            moved
        }
    }
}
