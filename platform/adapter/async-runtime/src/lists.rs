//! Lists whose links are in what they list: to add and to remove takes no memory and no search.

/// A place in a list. An item is in at most one list at a time by each of its links.
#[derive(Clone, Copy, Default)]
pub(crate) struct Link {
    previous: u32,
    next: u32,
    listed: bool,
}

impl Link {
    /// Whether the item is in a list.
    pub fn is_listed(self) -> bool {
        self.listed
    }
}

/// Where the items of a list are. Their numbers begin at 1.
pub(crate) trait Linked {
    /// Returns the link of an item that exists.
    fn link(&mut self, item: u32) -> &mut Link;
}

/// A list: its first and last item, 0 for none.
#[derive(Clone, Copy, Default)]
pub(crate) struct List {
    first: u32,
    last: u32,
}

impl List {
    /// Returns the first item.
    pub fn first(self) -> Option<u32> {
        (self.first != 0).then_some(self.first)
    }

    /// Returns the item after one that is in the list.
    pub fn after(items: &mut impl Linked, item: u32) -> Option<u32> {
        let next = items.link(item).next;
        (next != 0).then_some(next)
    }

    /// Adds an item, which is in no list, at the end.
    pub fn push(&mut self, items: &mut impl Linked, item: u32) {
        *items.link(item) = Link {
            previous: self.last,
            next: 0,
            listed: true,
        };
        match self.last {
            0 => self.first = item,
            last => items.link(last).next = item,
        }
        self.last = item;
    }

    /// Removes an item, which is in this list.
    pub fn remove(&mut self, items: &mut impl Linked, item: u32) {
        let Link { previous, next, .. } = core::mem::take(items.link(item));
        match previous {
            0 => self.first = next,
            previous => items.link(previous).next = next,
        }
        match next {
            0 => self.last = previous,
            next => items.link(next).previous = previous,
        }
    }
}
