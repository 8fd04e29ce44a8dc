//! Copies between ends of streams and futures: read, write, and their cancellation.
use crate::channels::{Channel, Holder};
use crate::events::{BLOCKED, Copy};
use crate::runtime::{Runtime, may_be_copied};
use crate::traps::{Checked, Trap};
use crate::waitables::{CopyResult, End, EndState, Side};

/// The most elements of a buffer.
const MAX_COUNT: u32 = (1 << 28) - 1;
/// The bit of an answer which says that the guest copies the elements itself.
const OWN_COPY: u64 = 1 << 3;

/// The guest's memory that elements are copied from or to.
#[derive(Clone, Copy)]
pub struct Buffer {
    /// Bytes of an element: 0 without payload, `u32::MAX` for types that the guest may not copy to itself.
    pub size: u32,
    /// Where it begins.
    pub address: u32,
    /// Elements; 1 of a future.
    pub count: u32,
}

impl Runtime {
    /// `stream.read` and `future.read`. With `is_async` false [`Copy::MustWait`] may be answered.
    pub fn read(&mut self, end: u32, kind: u32, buffer: Buffer, is_async: bool) -> Checked<Copy> {
        self.copy(Side::Readable, end, kind, buffer, is_async)
    }

    /// `stream.write` and `future.write`, as [`read`](Self::read).
    pub fn write(&mut self, end: u32, kind: u32, buffer: Buffer, is_async: bool) -> Checked<Copy> {
        self.copy(Side::Writable, end, kind, buffer, is_async)
    }

    /// Takes what a synchronous copy came to, as `read` and `write` answer it; None: it has to wait still.
    pub fn copy_outcome(&mut self, handle: u32) -> Checked<Option<u64>> {
        if self.table.end(handle)?.state != EndState::Copying {
            return Err(Trap("no copy is under way"));
        }
        let item = &self.table.waitable(handle)?.item;
        if !Self::has_event(&self.channels, item) {
            return Ok(None);
        }
        Ok(Some(u64::from(self.deliver(handle)?.payload)))
    }

    /// `cancel-read`. Never blocks; `is_async` says only whether the end may be in a set.
    pub fn cancel_read(&mut self, end: u32, kind: u32, is_async: bool) -> Checked<u32> {
        self.cancel(Side::Readable, end, kind, is_async)
    }

    /// `cancel-write`, as [`cancel_read`](Self::cancel_read).
    pub fn cancel_write(&mut self, end: u32, kind: u32, is_async: bool) -> Checked<u32> {
        self.cancel(Side::Writable, end, kind, is_async)
    }

    /// Returns an end of a side, checked, and its channel.
    pub(crate) fn checked_end(
        &mut self,
        side: Side,
        handle: u32,
        kind: u32,
    ) -> Checked<(&mut End, &mut Channel)> {
        let end = self.table.end(handle)?;
        if end.side != side {
            return Err(Trap(match side {
                Side::Readable => "the handle is a writable end, not a readable one",
                Side::Writable => "the handle is a readable end, not a writable one",
            }));
        }
        let channel = self.channels.at(end.channel);
        if channel.kind != kind {
            return Err(Trap("the stream or future is of another type"));
        }
        Ok((end, channel))
    }

    fn copy(
        &mut self,
        side: Side,
        handle: u32,
        kind: u32,
        buffer: Buffer,
        is_async: bool,
    ) -> Checked<Copy> {
        let is_in_set = self.table.is_in_set(handle);
        let (end, channel) = self.checked_end(side, handle, kind)?;
        match end.state {
            EndState::Idle => {}
            EndState::Copying => return Err(Trap("a read or write of this end is under way")),
            EndState::Done => {
                return Err(Trap(
                    "nothing can be read or written after the end of a stream or future",
                ));
            }
        }
        if is_in_set && !is_async {
            return Err(Trap(
                "a synchronous read or write of an end that is in a waitable set",
            ));
        }
        if buffer.count > MAX_COUNT || channel.is_future() && buffer.count != 1 {
            return Err(Trap(
                "a buffer of more elements than a stream or future takes",
            ));
        }
        if end.due != 0 {
            return Err(Trap("elements of the copy before are still to be moved"));
        }
        end.state = EndState::Copying;
        end.progress = 0;
        end.result = None;
        Buffer {
            size: end.size,
            address: end.address,
            count: end.count,
        } = buffer;
        let (index, holder) = (end.channel, channel.holder(side.other()));
        let is_over = holder == Holder::Gone && channel.native_elements(side) == 0;
        end.open = !is_over;
        if is_over {
            end.result = Some(CopyResult::Dropped);
        } else if let Holder::Guest(other) = holder
            && self.table.end(other)?.open
            && let Some(address) = self.meet(side, index, handle, other)?
        {
            let payload = self.deliver(handle)?.payload;
            return Ok(Copy::Answer(
                u64::from(payload) | OWN_COPY | u64::from(address) << 32,
            ));
        }
        match self.copy_outcome(handle)? {
            Some(answer) => Ok(Copy::Answer(answer)),
            None if is_async => Ok(Copy::Answer(u64::from(BLOCKED))),
            None => Ok(Copy::MustWait),
        }
    }

    /// Both ends are the guest's, and the other one's copy is under way. Returns the other one's address if elements
    /// are copied.
    fn meet(&mut self, side: Side, channel: u32, handle: u32, other: u32) -> Checked<Option<u32>> {
        let is_future = self.channels.peek(channel).is_future();
        let mut end = *self.table.end(handle)?;
        let other_end = self.table.end(other)?;
        if !may_be_copied(&end) || !may_be_copied(other_end) {
            return Err(Trap(
                "a stream or future of this type cannot be read and written by the same component",
            ));
        }
        if end.size != other_end.size {
            return Err(Trap(
                "the ends of a stream or future have elements of different sizes",
            ));
        }
        let mut copied = None;
        let moved = end.remain().min(other_end.remain());
        if moved > 0 {
            let offset = other_end.progress.checked_mul(end.size);
            let address = offset.and_then(|offset| other_end.address.checked_add(offset));
            copied = Some(address.ok_or(Trap("a buffer that ends outside of the memory"))?);
            other_end.progress += moved;
            end.progress = moved;
            other_end.result = Some(CopyResult::Completed);
            other_end.open = !is_future;
            end.close(CopyResult::Completed);
        } else if other_end.remain() > 0
            || side == Side::Writable && end.count == 0 && other_end.count == 0
        {
            end.close(CopyResult::Completed);
        } else {
            other_end.close(CopyResult::Completed);
        }
        *self.table.end(handle)? = end;
        self.refresh(other);
        Ok(copied)
    }

    fn cancel(&mut self, side: Side, handle: u32, kind: u32, is_async: bool) -> Checked<u32> {
        let is_in_set = self.table.is_in_set(handle);
        let (end, channel) = self.checked_end(side, handle, kind)?;
        if end.state != EndState::Copying {
            return Err(Trap("there is no read or write to cancel"));
        }
        if is_in_set && !is_async {
            return Err(Trap(
                "a synchronous cancellation of an end that is in a waitable set",
            ));
        }
        match end.result {
            None => end.close(CopyResult::Cancelled),
            // The specification's tests, and wasmtime, say so; its reference code leaves it as completed.
            Some(CopyResult::Completed) if !channel.is_future() => end.close(CopyResult::Cancelled),
            Some(_) => {}
        }
        Ok(self.deliver(handle)?.payload)
    }
}
