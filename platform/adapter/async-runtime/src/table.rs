//! The handles of an instance.
use crate::lists::{Link, Linked};
use crate::traps::{Checked, Trap};
use crate::waitables::{End, Subtask, WaitableSet};

/// How many handles an instance may have at a time.
const MAX_HANDLES: usize = 65_536;

/// What a handle stands for.
pub(crate) enum Item {
    /// Nothing; with the handle that is free next, 0 for none.
    Free(u32),
    Set(WaitableSet),
    Subtask(Subtask),
    End(End),
}

/// A handle.
pub(crate) struct Slot {
    pub item: Item,
    /// The waitable set that it is in, 0 for none.
    pub set: u32,
    /// Its place among those of the set that have an event.
    pub link: Link,
}

/// All handles. Those that were freed are used again, last freed first, as the specification has it.
pub(crate) struct Table {
    slots: Vec<Slot>,
    free: u32,
}

impl Table {
    pub fn new() -> Self {
        Self {
            slots: vec![Slot {
                item: Item::Free(0),
                set: 0,
                link: Link::default(),
            }],
            free: 0,
        }
    }

    /// Returns a new handle.
    pub fn add(&mut self, item: Item) -> Checked<u32> {
        let slot = Slot {
            item,
            set: 0,
            link: Link::default(),
        };
        let handle = self.free;
        if let Some(Slot {
            item: Item::Free(next),
            ..
        }) = self.slots.get(handle as usize)
            && handle != 0
        {
            self.free = *next;
            self.slots[handle as usize] = slot;
            return Ok(handle);
        }
        if self.slots.len() > MAX_HANDLES {
            return Err(Trap(
                "an instance has at most 65,536 streams, futures, subtasks and waitable sets",
            ));
        }
        self.slots.push(slot);
        Ok(self.slots.len() as u32 - 1)
    }

    /// Frees a handle, which is in no set.
    pub fn remove(&mut self, handle: u32) {
        self.slots[handle as usize].item = Item::Free(self.free);
        self.free = handle;
    }

    /// Returns a handle that exists.
    pub fn slot(&mut self, handle: u32) -> Checked<&mut Slot> {
        match self.slots.get_mut(handle as usize) {
            Some(slot) if !matches!(slot.item, Item::Free(_)) => Ok(slot),
            _ => Err(Trap(
                "unknown handle of a stream, future, subtask or waitable set",
            )),
        }
    }

    /// Returns a handle that can be waited for.
    pub fn waitable(&mut self, handle: u32) -> Checked<&mut Slot> {
        match self.slot(handle)? {
            Slot {
                item: Item::Set(_), ..
            } => Err(Trap("a waitable set is no waitable")),
            slot => Ok(slot),
        }
    }

    pub fn set(&mut self, handle: u32) -> Checked<&mut WaitableSet> {
        match &mut self.slot(handle)?.item {
            Item::Set(set) => Ok(set),
            _ => Err(Trap("the handle is not a waitable set")),
        }
    }

    pub fn subtask(&mut self, handle: u32) -> Checked<&mut Subtask> {
        match &mut self.slot(handle)?.item {
            Item::Subtask(subtask) => Ok(subtask),
            _ => Err(Trap("the handle is not a subtask")),
        }
    }

    pub fn end(&mut self, handle: u32) -> Checked<&mut End> {
        match &mut self.slot(handle)?.item {
            Item::End(end) => Ok(end),
            _ => Err(Trap("the handle is not an end of a stream or future")),
        }
    }

    /// Whether a handle is in a waitable set.
    pub fn is_in_set(&self, handle: u32) -> bool {
        self.slots
            .get(handle as usize)
            .is_some_and(|slot| slot.set != 0)
    }

    /// Returns all that handles stand for.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.slots.iter().map(|slot| &slot.item)
    }

    /// Returns a handle for looking, if it exists.
    pub fn peek(&self, handle: u32) -> Option<&Item> {
        self.slots.get(handle as usize).map(|slot| &slot.item)
    }
}

impl Linked for Table {
    fn link(&mut self, item: u32) -> &mut Link {
        &mut self.slots[item as usize].link
    }
}
