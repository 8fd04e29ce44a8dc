//! Ends of streams and futures: making and dropping them, and whose they are.
use crate::channels::{ChannelId, Holder};
use crate::runtime::Runtime;
use crate::table::Item;
use crate::traps::{Checked, Trap};
use crate::waitables::{CopyResult, End, EndState, Side};

impl Runtime {
    /// `stream.new` and `future.new`: readable `| writable << 32`.
    pub fn channel_new(&mut self, kind: u32) -> Checked<u64> {
        let channel = self.channels.add(kind)?;
        let readable = self.give_end(Side::Readable, channel)?;
        let writable = self.give_end(Side::Writable, channel)?;
        Ok(u64::from(readable) | u64::from(writable) << 32)
    }

    /// `drop-readable`. Answers the channel if its writer is native: nobody reads it any more.
    pub fn drop_readable(&mut self, end: u32, kind: u32) -> Checked<Option<ChannelId>> {
        self.drop_end(Side::Readable, end, kind)
    }

    /// `drop-writable`. Answers the channel if its reader is native: nobody writes it any more.
    pub fn drop_writable(&mut self, end: u32, kind: u32) -> Checked<Option<ChannelId>> {
        self.drop_end(Side::Writable, end, kind)
    }

    /// Checks `take-<T>`: a read of `count` elements of `kind` was just answered. True once for each answer.
    pub fn take(&mut self, end: u32, kind: u32, count: u32) -> Checked<ChannelId> {
        self.settle(Side::Readable, end, kind, count)
    }

    /// Checks `put-<T>`: a write of `count` elements of `kind` was just answered. True once for each answer.
    pub fn put(&mut self, end: u32, kind: u32, count: u32) -> Checked<ChannelId> {
        self.settle(Side::Writable, end, kind, count)
    }

    /// Returns the kind of the stream or future of one of the guest's ends.
    pub fn kind_of(&mut self, end: u32) -> Checked<u32> {
        let channel = self.table.end(end)?.channel;
        Ok(self.channels.peek(channel).kind)
    }

    /// Returns the channel of one of the guest's ends.
    pub fn channel_of(&mut self, end: u32) -> Checked<ChannelId> {
        let channel = self.table.end(end)?.channel;
        Ok(self.channels.id(channel))
    }

    /// Makes a handle for the guest of an end that it does not have.
    pub(crate) fn give_end(&mut self, side: Side, channel: u32) -> Checked<u32> {
        let handle = self.table.add(Item::End(End::new(side, channel)))?;
        self.channels
            .at(channel)
            .set_holder(side, Holder::Guest(handle));
        Ok(handle)
    }

    /// Lets go of an end: it is nobody's any more. The other end's copy comes to its end, unless there are elements for
    /// it still.
    pub(crate) fn let_go(&mut self, side: Side, channel: u32) {
        self.channels.at(channel).set_holder(side, Holder::Gone);
        let other_side = side.other();
        let shared = *self.channels.peek(channel);
        if let Holder::Guest(other) = shared.holder(other_side)
            && shared.native_elements(other_side) == 0
            && let Ok(end) = self.table.end(other)
            && end.open
        {
            end.close(CopyResult::Dropped);
            self.refresh(other);
        }
        self.channels.forget_unheld(channel);
    }

    fn drop_end(&mut self, side: Side, handle: u32, kind: u32) -> Checked<Option<ChannelId>> {
        let (end, channel) = self.checked_end(side, handle, kind)?;
        if end.state == EndState::Copying {
            return Err(Trap(
                "an end of a stream or future is dropped while a read or write of it is under way",
            ));
        }
        if side == Side::Writable && channel.is_future() && end.state != EndState::Done {
            return Err(Trap(
                "the writable end of a future is dropped before it was written",
            ));
        }
        if end.due != 0 {
            return Err(Trap(
                "an end of a stream or future is dropped while elements are still to be moved",
            ));
        }
        let index = end.channel;
        let is_native = channel.holder(side.other()) == Holder::Native;
        self.leave(handle)?;
        self.table.remove(handle);
        let left = is_native.then(|| self.channels.id(index));
        self.let_go(side, index);
        Ok(left)
    }

    fn settle(&mut self, side: Side, handle: u32, kind: u32, count: u32) -> Checked<ChannelId> {
        let (end, _) = self.checked_end(side, handle, kind)?;
        if end.due != count || count == 0 {
            return Err(Trap(
                "elements are moved that no read or write was answered with",
            ));
        }
        end.due = 0;
        let channel = end.channel;
        Ok(self.channels.id(channel))
    }
}
