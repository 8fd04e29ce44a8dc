//! What an asynchronous function answers when it is called: `state | number << 4`.

/// It has begun; the number is the handle of a subtask.
pub const STARTED: u32 = 1;
/// It has returned; the number is what its result waits under.
pub const RETURNED: u32 = 2;
/// Where the number begins.
pub const NUMBER: u32 = 4;
