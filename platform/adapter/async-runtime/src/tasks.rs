//! Tasks: calls of the guest that are under way.

/// A call of the guest's export, from its begin to its exit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TaskId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl TaskId {
    /// A small number that no other task has until this one is over.
    pub fn index(self) -> usize {
        self.index as usize
    }
}
