//! The ends of streams and futures that native code has: counts of elements, and who is at the other end.
use crate::channels::{Channel, ChannelId, Holder};
use crate::runtime::Runtime;
use crate::traps::{Checked, Trap};
use crate::waitables::{EndState, Side};

impl Runtime {
    /// Makes a channel that native code writes to; the second is the guest's handle of the readable end.
    pub fn native_writer(&mut self, kind: u32) -> Checked<(ChannelId, u32)> {
        let channel = self.channels.add(kind)?;
        let handle = self.give_end(Side::Readable, channel)?;
        Ok((self.channels.id(channel), handle))
    }

    /// The guest passes a readable end of `kind` to native code: its handle is gone. The writer is the guest's, or
    /// native (see [`both_native`](Self::both_native)), or gone.
    pub fn native_reader_of(&mut self, readable: u32, kind: u32) -> Checked<ChannelId> {
        let is_in_set = self.table.is_in_set(readable);
        let (end, _) = self.checked_end(Side::Readable, readable, kind)?;
        match end.state {
            EndState::Idle => {}
            EndState::Copying => {
                return Err(Trap(
                    "a readable end is passed on while a read of it is under way",
                ));
            }
            EndState::Done => {
                return Err(Trap(
                    "a readable end is passed on after the end of its stream or future",
                ));
            }
        }
        if is_in_set {
            return Err(Trap(
                "a readable end is passed on that is in a waitable set",
            ));
        }
        if end.due != 0 {
            return Err(Trap(
                "a readable end is passed on while elements are still to be moved",
            ));
        }
        let channel = end.channel;
        self.table.remove(readable);
        self.channels
            .at(channel)
            .set_holder(Side::Readable, Holder::Native);
        Ok(self.channels.id(channel))
    }

    /// A readable end that native code has goes to the guest: its handle. Room is forgotten, what was offered stays.
    pub fn give_readable(&mut self, channel: ChannelId) -> Checked<u32> {
        if self
            .channels
            .named(channel)
            .is_none_or(|channel| channel.reader != Holder::Native)
        {
            return Err(Trap("native code has not got this readable end"));
        }
        let handle = self.give_end(Side::Readable, channel.index)?;
        self.refresh_end(channel.index, Side::Writable);
        Ok(handle)
    }

    /// The native writer has `count` more elements; they go down as reads are answered. Nothing happens if nobody reads.
    /// Of a future: 1, once.
    pub fn offer(&mut self, channel: ChannelId, count: u32) {
        if let Some(shared) = self.native(channel, Side::Writable)
            && shared.reader != Holder::Gone
        {
            shared.offered = shared.offered.saturating_add(count);
            self.refresh_end(channel.index, Side::Readable);
        }
    }

    /// Returns how many elements the native writer has offered that no read was answered with.
    #[must_use]
    pub fn offered(&self, channel: ChannelId) -> u32 {
        self.channels
            .named(channel)
            .map_or(0, |channel| channel.offered)
    }

    /// Takes back what was offered, as where native code has both ends and moves the elements itself: how many.
    pub fn withdraw(&mut self, channel: ChannelId) -> u32 {
        let Some(shared) = self.channels.named_mut(channel) else {
            return 0;
        };
        let count = core::mem::take(&mut shared.offered);
        if shared.writer == Holder::Gone {
            self.let_go(Side::Writable, channel.index);
        }
        self.refresh_end(channel.index, Side::Readable);
        count
    }

    /// The native reader takes up to `count` elements from now on; it goes down as writes are answered.
    pub fn set_room(&mut self, channel: ChannelId, count: u32) {
        if let Some(shared) = self.native(channel, Side::Readable) {
            shared.room = count;
            self.refresh_end(channel.index, Side::Writable);
        }
    }

    /// Returns what is left of the native reader's room.
    #[must_use]
    pub fn room(&self, channel: ChannelId) -> u32 {
        self.channels
            .named(channel)
            .map_or(0, |channel| channel.room)
    }

    /// The native writer has no more. What it has offered can still be read. Of a future: after its value was offered.
    pub fn drop_native_writer(&mut self, channel: ChannelId) {
        if self.native(channel, Side::Writable).is_some() {
            self.let_go(Side::Writable, channel.index);
        }
    }

    /// The native reader wants no more.
    pub fn drop_native_reader(&mut self, channel: ChannelId) {
        if self.native(channel, Side::Readable).is_some() {
            self.let_go(Side::Readable, channel.index);
        }
    }

    /// Whether the writable end, whoever had it, was dropped. What was offered can be there still.
    #[must_use]
    pub fn writer_is_gone(&self, channel: ChannelId) -> bool {
        self.channels
            .named(channel)
            .is_none_or(|channel| channel.writer == Holder::Gone)
    }

    /// Whether the readable end, whoever had it, was dropped.
    #[must_use]
    pub fn reader_is_gone(&self, channel: ChannelId) -> bool {
        self.channels
            .named(channel)
            .is_none_or(|channel| channel.reader == Holder::Gone)
    }

    /// Whether a read of the guest's is under way that waits for elements. True also if there are some for it that the
    /// guest was not told of; false if it has come to its end otherwise.
    #[must_use]
    pub fn is_wanted(&mut self, channel: ChannelId) -> bool {
        self.open_count(channel, Side::Readable).is_some()
    }

    /// Returns how many elements a write of the guest's has that is under way and waits for room, 0 of one of no
    /// elements. Some also if there is room that the guest was not told of; None if it has come to its end otherwise.
    #[must_use]
    pub fn has_waiting_write(&mut self, channel: ChannelId) -> Option<u32> {
        self.open_count(channel, Side::Writable)
    }

    /// Whether native code has both ends: what is passed through does not concern the guest.
    #[must_use]
    pub fn both_native(&self, channel: ChannelId) -> bool {
        self.channels.named(channel).is_some_and(|channel| {
            channel.reader == Holder::Native && channel.writer == Holder::Native
        })
    }

    /// Returns a channel whose end of a side native code has.
    fn native(&mut self, channel: ChannelId, side: Side) -> Option<&mut Channel> {
        self.channels
            .named_mut(channel)
            .filter(|channel| channel.holder(side) == Holder::Native)
    }

    /// Returns the count of a copy of the guest's that native code can serve.
    fn open_count(&mut self, channel: ChannelId, side: Side) -> Option<u32> {
        match self.channels.named(channel)?.holder(side) {
            Holder::Guest(handle) => {
                let end = self.table.end(handle).ok()?;
                (end.open && end.result.is_none()).then_some(end.count)
            }
            Holder::Native | Holder::Gone => None,
        }
    }
}
