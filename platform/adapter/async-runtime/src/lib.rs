//! What the canonical ABI has for asynchronous functions, for components that were lowered: the handles of one
//! instance, its streams, futures, subtasks and waitable sets, and the tasks that wait for them.
//!
//! Integers only: nothing here knows the guest's memory or what a stream carries. Nothing here sleeps either: where
//! the canonical ABI waits, the caller sleeps until [`Runtime::deadline`] or until native code has told the runtime
//! something, and asks again. Semantics are those of the canonical ABI's `definitions.py`; ends of streams and futures
//! that belong to native code are known by counts alone.
mod channels;
mod copies;
mod ends;
mod events;
mod lists;
mod natives;
mod runtime;
mod scheduling;
mod sets;
mod subtasks;
mod table;
mod tasks;
mod traps;
mod waitables;

pub use channels::ChannelId;
pub use copies::Buffer;
pub use events::{BLOCKED, Cancellation, Copy, Event, EventCode, Next};
pub use runtime::Runtime;
pub use tasks::TaskId;
pub use traps::{Checked, Trap};
