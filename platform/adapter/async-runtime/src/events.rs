//! Events, and what copies and calls answer, as the canonical ABI encodes them.

/// What a copy or an asynchronous cancel answers that has not come to its end.
pub const BLOCKED: u32 = u32::MAX;

/// The event codes of the canonical ABI (0 to 6), and two of the driver's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum EventCode {
    /// Nothing has happened.
    None = 0,
    /// A subtask has another state: the payload.
    Subtask = 1,
    /// A read of a stream has ended: the payload is result and count.
    StreamRead = 2,
    /// A write of a stream has ended: the payload is result and count.
    StreamWrite = 3,
    /// A read of a future has ended: the payload is the result.
    FutureRead = 4,
    /// A write of a future has ended: the payload is the result.
    FutureWrite = 5,
    /// The task's caller asks it to end.
    TaskCancelled = 6,
    /// The driver is to begin another request.
    Begin = 7,
    /// All tasks have ended.
    Done = 8,
}

/// What a waitable or a task has to tell the guest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// What has happened.
    pub code: EventCode,
    /// The waitable that it has happened to; 0 for a task.
    pub handle: u32,
    /// What it came to.
    pub payload: u32,
}

impl Event {
    /// No event: what a poll answers, and a task that yielded gets.
    pub const NONE: Self = Self::of_task(EventCode::None);

    /// An event that concerns no waitable.
    pub const fn of_task(code: EventCode) -> Self {
        Self {
            code,
            handle: 0,
            payload: 0,
        }
    }

    /// Returns the event as it crosses: `code | handle << 4 | payload << 32`.
    pub fn pack(self) -> u64 {
        u64::from(self.code as u32) | u64::from(self.handle) << 4 | u64::from(self.payload) << 32
    }
}

/// What is next for the driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// An event for a task, which is the current one from now on.
    Event(Event),
    /// A request that has arrived may begin; no task is current until [`task_begin`](crate::Runtime::task_begin).
    Begin,
    /// No task is left, and no request has arrived.
    Done,
}

impl Next {
    /// Returns what `async-runtime.next` answers.
    pub fn pack(self) -> u64 {
        match self {
            Self::Event(event) => event.pack(),
            Self::Begin => Event::of_task(EventCode::Begin).pack(),
            Self::Done => Event::of_task(EventCode::Done).pack(),
        }
    }
}

/// What a read or a write comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Copy {
    /// What `async-runtime.read` and `write` answer, [`BLOCKED`] included.
    Answer(u64),
    /// A synchronous copy that has to wait: sleep until [`is_settled`](crate::Runtime::is_settled), then ask
    /// [`copy_outcome`](crate::Runtime::copy_outcome).
    MustWait,
}

/// What asking for a subtask's cancellation comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cancellation {
    /// It has come to its end, in this state (2 returned, 4 cancelled), which the guest knows with this answer.
    Resolved(u32),
    /// Native code is to end it, see [`subtask_cancel`](crate::Runtime::subtask_cancel).
    Requested,
}
