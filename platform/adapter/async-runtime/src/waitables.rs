//! What the guest has handles of: ends of streams and futures, subtasks, and the sets that they are in.
use crate::lists::List;

/// The size of an element that may not be copied from the guest to itself.
pub(crate) const NOT_COPIED: u32 = u32::MAX;

/// Which end of a stream or future.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Readable,
    Writable,
}

impl Side {
    /// The other end.
    pub fn other(self) -> Self {
        match self {
            Self::Readable => Self::Writable,
            Self::Writable => Self::Readable,
        }
    }
}

/// What a copy came to.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum CopyResult {
    Completed = 0,
    Dropped = 1,
    Cancelled = 2,
}

/// Where an end stands. Cancelling is no state here: it comes to its end at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndState {
    Idle,
    /// A copy is under way, or has come to its end and the guest has not been told.
    Copying,
    /// Nothing can be copied any more.
    Done,
}

/// An end of a stream or future, with the copy that is under way.
#[derive(Clone, Copy)]
pub(crate) struct End {
    pub side: Side,
    /// The index of its channel.
    pub channel: u32,
    pub state: EndState,
    /// The other end may still copy: the buffer is what the specification calls pending.
    pub open: bool,
    /// What the copy came to, where the other end, or its loss, has decided it.
    pub result: Option<CopyResult>,
    /// The buffer, in the guest's memory.
    pub address: u32,
    /// Bytes of an element; [`NOT_COPIED`].
    pub size: u32,
    /// Elements of the buffer.
    pub count: u32,
    /// Elements that the guest's own other end has copied.
    pub progress: u32,
    /// Elements to or from native code that the guest was told of and that are still to be moved.
    pub due: u32,
}

impl End {
    pub fn new(side: Side, channel: u32) -> Self {
        Self {
            side,
            channel,
            state: EndState::Idle,
            open: false,
            result: None,
            address: 0,
            size: 0,
            count: 0,
            progress: 0,
            due: 0,
        }
    }

    /// Elements that are still to be copied.
    pub fn remain(&self) -> u32 {
        self.count - self.progress
    }

    /// The other end is gone: no more is copied.
    pub fn close(&mut self, result: CopyResult) {
        self.result = Some(result);
        self.open = false;
    }
}

/// How far a subtask has come, numbered as in the canonical ABI.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum SubtaskState {
    Started = 1,
    Returned = 2,
    Cancelled = 4,
}

/// A call of an asynchronous import that did not return at once.
#[derive(Clone, Copy)]
pub(crate) struct Subtask {
    pub state: SubtaskState,
    /// The guest knows how it ended.
    pub delivered: bool,
    pub cancellation_requested: bool,
    /// When it returns by itself.
    pub deadline: Option<u64>,
    /// What the guest noted: which function it is of (0: nothing noted), and where its result is to go.
    pub function: u32,
    pub address: u32,
}

/// A waitable set.
#[derive(Clone, Copy, Default)]
pub(crate) struct WaitableSet {
    pub members: u32,
    /// Members that have an event.
    pub ready: List,
    /// Tasks whose callback has asked to wait for the set.
    pub waiters: List,
}
