//! The interface, to be split.
use crate::{Cancellation, ChannelId, Checked, Copy, Event, Next, TaskId};

/// The asynchronous state of one instance.
#[derive(Default)]
pub struct Runtime {}

#[allow(unused_variables)]
impl Runtime {
    /// An instance without handles and tasks.
    pub fn new() -> Self {
        todo!()
    }

    // ---- tasks and scheduling
    /// `context.get` of the current task. Outside of tasks (a start function) there are two slots as well.
    pub fn context_get(&self, slot: u32) -> Checked<u32> {
        todo!()
    }
    /// `context.set`.
    pub fn context_set(&mut self, slot: u32, value: u32) -> Checked<()> {
        todo!()
    }
    /// `backpressure.inc`.
    pub fn backpressure_inc(&mut self) -> Checked<()> {
        todo!()
    }
    /// `backpressure.dec`.
    pub fn backpressure_dec(&mut self) -> Checked<()> {
        todo!()
    }
    /// Says how many requests have arrived that have not begun; [`Next::Begin`] is answered only while there are some.
    pub fn set_arrived(&mut self, requests: u32) {
        todo!()
    }
    /// Begins a task, which is the current one from now on, and counts one of the requests that have arrived as begun.
    pub fn task_begin(&mut self) -> Checked<TaskId> {
        todo!()
    }
    /// The task whose code runs now.
    pub fn current(&self) -> Option<TaskId> {
        todo!()
    }
    /// `task.return` of the current task: once.
    pub fn task_return(&mut self) -> Checked<()> {
        todo!()
    }
    /// `task.cancel` of the current task, which has got the event that it was cancelled.
    pub fn task_cancel(&mut self) -> Checked<()> {
        todo!()
    }
    /// Asks a task to end; false if it has been asked before, has returned, or is over.
    pub fn request_cancel(&mut self, task: TaskId) -> bool {
        todo!()
    }
    /// Whether a task has returned or was cancelled (`task.return`, `task.cancel`); it may go on running.
    pub fn task_is_resolved(&self, task: TaskId) -> bool {
        todo!()
    }
    /// Whether a task has exited.
    pub fn task_is_over(&self, task: TaskId) -> bool {
        todo!()
    }
    /// Notes what the current task's start or callback has returned (0 exit, 1 yield, 2 wait `| set << 4`). No task is
    /// current afterwards.
    pub fn suspend(&mut self, code: u32) -> Checked<()> {
        todo!()
    }
    /// Picks what goes on: tasks take turns, and requests take turns with them. None: nothing is ready, sleep. `now` is
    /// the clock that deadlines are of; where [`deadline`](Self::deadline) is none, any number will do.
    pub fn next_event(&mut self, now: u64) -> Checked<Option<Next>> {
        todo!()
    }
    /// The earliest deadline of a subtask.
    pub fn deadline(&self) -> Option<u64> {
        todo!()
    }
    /// Whether anything but a new request can still wake a task: a subtask that has not returned, or a copy that waits
    /// for native code. If not, who waits waits for ever.
    pub fn can_be_woken(&self) -> bool {
        todo!()
    }

    // ---- waitable sets
    /// `waitable-set.new`.
    pub fn set_new(&mut self) -> Checked<u32> {
        todo!()
    }
    /// `waitable-set.drop`.
    pub fn set_drop(&mut self, set: u32) -> Checked<()> {
        todo!()
    }
    /// `waitable.join`; set 0: leave.
    pub fn join(&mut self, waitable: u32, set: u32) -> Checked<()> {
        todo!()
    }
    /// `waitable-set.poll`: an event, or [`Event::NONE`].
    pub fn poll(&mut self, set: u32, now: u64) -> Checked<Event> {
        todo!()
    }
    /// `waitable-set.wait`: None means sleep and ask again.
    pub fn wait_event(&mut self, set: u32, now: u64) -> Checked<Option<Event>> {
        todo!()
    }
    /// `claim`: what is still to be moved for an event that was answered.
    pub fn claim(&mut self, handle: u32) -> Checked<u64> {
        todo!()
    }
    /// Whether a subtask or a copy has come to its end, which the guest has not been told.
    pub fn is_settled(&mut self, handle: u32, now: u64) -> Checked<bool> {
        todo!()
    }

    // ---- subtasks
    /// A subtask that has started. With a deadline it returns by itself when the clock reaches it.
    pub fn subtask_new(&mut self, deadline: Option<u64>) -> Checked<u32> {
        todo!()
    }
    /// `subtask-note`.
    pub fn subtask_note(&mut self, subtask: u32, function: u32, address: u32) -> Checked<()> {
        todo!()
    }
    /// Says that a subtask has returned. Nothing happens if the handle is not a subtask that is under way.
    pub fn subtask_resolve(&mut self, subtask: u32) {
        todo!()
    }
    /// Says that a subtask was cancelled, which it was asked for. Else nothing happens.
    pub fn subtask_cancelled(&mut self, subtask: u32) {
        todo!()
    }
    /// Whether the guest has asked for a subtask's cancellation and it is still under way.
    pub fn subtask_is_cancelled(&self, subtask: u32) -> bool {
        todo!()
    }
    /// `subtask.cancel`. Where it answers [`Cancellation::Requested`] native code ends the subtask if it can
    /// ([`subtask_cancelled`](Self::subtask_cancelled), or [`subtask_resolve`](Self::subtask_resolve)); then
    /// [`subtask_outcome`](Self::subtask_outcome) is the answer. If that is none: `BLOCKED`, or for the synchronous
    /// form sleep and ask again.
    pub fn subtask_cancel(&mut self, subtask: u32) -> Checked<Cancellation> {
        todo!()
    }
    /// Takes the state of a subtask that has come to its end (2 returned, 4 cancelled): the guest knows it from now on.
    /// None: it is under way. Serves `subtask-block` too.
    pub fn subtask_outcome(&mut self, subtask: u32, now: u64) -> Checked<Option<u32>> {
        todo!()
    }
    /// `subtask.drop`.
    pub fn subtask_drop(&mut self, subtask: u32) -> Checked<()> {
        todo!()
    }

    // ---- copies
    /// `stream.new` and `future.new`: readable `| writable << 32`.
    pub fn channel_new(&mut self, kind: u32) -> Checked<u64> {
        todo!()
    }
    /// `stream.read` and `future.read` (count 1).
    pub fn read(
        &mut self,
        end: u32,
        kind: u32,
        size: u32,
        is_async: bool,
        address: u32,
        count: u32,
    ) -> Checked<Copy> {
        todo!()
    }
    /// `stream.write` and `future.write` (count 1).
    pub fn write(
        &mut self,
        end: u32,
        kind: u32,
        size: u32,
        is_async: bool,
        address: u32,
        count: u32,
    ) -> Checked<Copy> {
        todo!()
    }
    /// Takes what a synchronous copy came to, as `read` and `write` answer it; None: it has to wait still.
    pub fn copy_outcome(&mut self, end: u32) -> Checked<Option<u64>> {
        todo!()
    }
    /// `cancel-read`: never blocks.
    pub fn cancel_read(&mut self, end: u32, kind: u32, is_async: bool) -> Checked<u32> {
        todo!()
    }
    /// `cancel-write`: never blocks.
    pub fn cancel_write(&mut self, end: u32, kind: u32, is_async: bool) -> Checked<u32> {
        todo!()
    }
    /// `drop-readable`. Answers the channel if its writer is native: it has no reader any more.
    pub fn drop_readable(&mut self, end: u32, kind: u32) -> Checked<Option<ChannelId>> {
        todo!()
    }
    /// `drop-writable`. Answers the channel if its reader is native: it has no writer any more.
    pub fn drop_writable(&mut self, end: u32, kind: u32) -> Checked<Option<ChannelId>> {
        todo!()
    }
    /// Checks `take-<T>`: the guest's read of `count` elements of `kind` was just answered. Asked for once each.
    pub fn take(&mut self, end: u32, kind: u32, count: u32) -> Checked<ChannelId> {
        todo!()
    }
    /// Checks `put-<T>`: the guest's write of `count` elements of `kind` was just answered. Asked for once each.
    pub fn put(&mut self, end: u32, kind: u32, count: u32) -> Checked<ChannelId> {
        todo!()
    }

    // ---- native ends
    /// The kind of the stream or future of one of the guest's ends.
    pub fn kind_of(&self, end: u32) -> Checked<u32> {
        todo!()
    }
    /// The channel of one of the guest's ends.
    pub fn channel_of(&self, end: u32) -> Checked<ChannelId> {
        todo!()
    }
    /// A channel that native code writes to; the second is the guest's handle of the readable end.
    pub fn native_writer(&mut self, kind: u32) -> Checked<(ChannelId, u32)> {
        todo!()
    }
    /// The guest passes a readable end to native code: its handle is gone.
    pub fn native_reader_of(&mut self, readable: u32, kind: u32) -> Checked<ChannelId> {
        todo!()
    }
    /// A readable end that native code has goes to the guest. Room is forgotten.
    pub fn give_readable(&mut self, channel: ChannelId) -> Checked<u32> {
        todo!()
    }
    /// The native writer has `count` more elements. They go down as reads are answered.
    pub fn offer(&mut self, channel: ChannelId, count: u32) {
        todo!()
    }
    /// How many elements the native writer has offered that no read was answered with.
    pub fn offered(&self, channel: ChannelId) -> u32 {
        todo!()
    }
    /// The native reader takes up to `count` elements from now on. Goes down as writes are answered.
    pub fn set_room(&mut self, channel: ChannelId, count: u32) {
        todo!()
    }
    /// What is left of the native reader's room.
    pub fn room(&self, channel: ChannelId) -> u32 {
        todo!()
    }
    /// The native writer has no more. What it has offered can still be read. Of a future: after its value was offered.
    pub fn drop_native_writer(&mut self, channel: ChannelId) {
        todo!()
    }
    /// The native reader wants no more.
    pub fn drop_native_reader(&mut self, channel: ChannelId) {
        todo!()
    }
    /// Whether the writable end, whoever's, was dropped.
    pub fn writer_is_gone(&self, channel: ChannelId) -> bool {
        todo!()
    }
    /// Whether the readable end, whoever's, was dropped.
    pub fn reader_is_gone(&self, channel: ChannelId) -> bool {
        todo!()
    }
    /// Whether a read of the guest's is under way, whether or not there is something for it now.
    pub fn is_wanted(&self, channel: ChannelId) -> bool {
        todo!()
    }
    /// How many elements a write of the guest's has that is under way, whether or not there is room for it now.
    pub fn has_waiting_write(&self, channel: ChannelId) -> Option<u32> {
        todo!()
    }
    /// Whether native code has both ends: what is passed through does not concern the guest.
    pub fn both_native(&self, channel: ChannelId) -> bool {
        todo!()
    }
}
