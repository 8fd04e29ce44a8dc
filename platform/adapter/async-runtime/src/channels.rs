//! Streams and futures: who has their ends, and what native ends offer and take.
use crate::traps::{Checked, Trap};
use crate::waitables::Side;

/// How many streams and futures an instance may have at a time.
const MAX_CHANNELS: usize = 65_536;
/// The bit of a kind that futures have.
const FUTURE: u32 = 1 << 31;

/// A stream or future, for native code that has an end of it. One whose ends are both gone is known no longer: it
/// answers as a channel that both sides have left.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ChannelId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Who has an end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The guest, as this handle.
    Guest(u32),
    /// Native code.
    Native,
    /// Nobody: it was dropped.
    Gone,
}

/// A stream or future.
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    pub kind: u32,
    generation: u32,
    pub reader: Holder,
    pub writer: Holder,
    /// Elements that a native writer has.
    pub offered: u32,
    /// Elements that a native reader takes.
    pub room: u32,
}

impl Channel {
    /// Whether it is a future.
    pub fn is_future(&self) -> bool {
        self.kind & FUTURE != 0
    }

    /// Who has the end of a side.
    pub fn holder(&self, side: Side) -> Holder {
        match side {
            Side::Readable => self.reader,
            Side::Writable => self.writer,
        }
    }

    /// Sets who has the end of a side. An end that is no longer native neither takes nor offers; what was offered
    /// stays while somebody can read it.
    pub fn set_holder(&mut self, side: Side, holder: Holder) {
        match side {
            Side::Readable => {
                self.reader = holder;
                self.room = 0;
                if holder == Holder::Gone {
                    self.offered = 0;
                }
            }
            Side::Writable => self.writer = holder,
        }
    }

    /// How many elements native code has for a copy of the guest's end of a side.
    pub fn native_elements(&self, side: Side) -> u32 {
        match side {
            Side::Readable => self.offered,
            Side::Writable => self.room,
        }
    }

    /// Takes `count` of the elements that native code has.
    pub fn commit(&mut self, side: Side, count: u32) {
        match side {
            Side::Readable => self.offered -= count,
            Side::Writable => self.room -= count,
        }
    }
}

/// All streams and futures of an instance.
#[derive(Default)]
pub(crate) struct Channels {
    all: Vec<Channel>,
    free: Vec<u32>,
}

impl Channels {
    /// Makes a channel. Its ends are native.
    pub fn add(&mut self, kind: u32) -> Checked<u32> {
        let mut channel = Channel {
            kind,
            generation: 0,
            reader: Holder::Native,
            writer: Holder::Native,
            offered: 0,
            room: 0,
        };
        if let Some(index) = self.free.pop() {
            channel.generation = self.all[index as usize].generation;
            self.all[index as usize] = channel;
            return Ok(index);
        }
        if self.all.len() >= MAX_CHANNELS {
            return Err(Trap("an instance has at most 65,536 streams and futures"));
        }
        self.all.push(channel);
        Ok(self.all.len() as u32 - 1)
    }

    /// Returns the channel of an end that exists.
    pub fn at(&mut self, index: u32) -> &mut Channel {
        &mut self.all[index as usize]
    }

    /// Returns the channel of an end that exists, for looking.
    pub fn peek(&self, index: u32) -> &Channel {
        &self.all[index as usize]
    }

    pub fn id(&self, index: u32) -> ChannelId {
        ChannelId {
            index,
            generation: self.all[index as usize].generation,
        }
    }

    /// Returns a channel that native code names, if it has an end still.
    pub fn named(&self, id: ChannelId) -> Option<&Channel> {
        self.all
            .get(id.index as usize)
            .filter(|channel| channel.generation == id.generation)
    }

    pub fn named_mut(&mut self, id: ChannelId) -> Option<&mut Channel> {
        self.all
            .get_mut(id.index as usize)
            .filter(|channel| channel.generation == id.generation)
    }

    /// Forgets a channel if nobody has an end of it.
    pub fn forget_unheld(&mut self, index: u32) {
        let channel = &mut self.all[index as usize];
        if channel.reader == Holder::Gone && channel.writer == Holder::Gone {
            channel.generation = channel.generation.wrapping_add(1);
            self.free.push(index);
        }
    }
}
