//! Streams and futures.

/// A stream or future, for native code that has an end of it. One whose ends are all gone is known no longer: it
/// answers as a channel that both sides have left.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ChannelId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}
