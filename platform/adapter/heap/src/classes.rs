//! The sizes of blocks: 16, 32, 48, 64, then four to each doubling.

/// How many sizes there are below 4 GiB.
pub const COUNT: usize = 108;

const SMALLEST: usize = 16;

/// The size of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its place among all sizes.
    pub index: usize,
    /// In bytes, a multiple of 16.
    pub size: usize,
}

impl Class {
    /// The smallest class that holds `size` bytes.
    pub fn of(size: usize) -> Option<Self> {
        let last = size.saturating_sub(1);
        if last < 4 * SMALLEST {
            let index = last / SMALLEST;
            return Some(Self {
                index,
                size: (index + 1) * SMALLEST,
            });
        }
        let doubling = last.ilog2() as usize;
        let step = 1 << (doubling - 2);
        let quarter = (last - (1 << doubling)) / step;
        let index = 4 + (doubling - 6) * 4 + quarter;
        let size = (1_usize << doubling).checked_add((quarter + 1) * step)?;
        (index < COUNT).then_some(Self { index, size })
    }
}
