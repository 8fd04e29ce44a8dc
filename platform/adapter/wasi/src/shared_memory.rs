//! Whether the host has found this adapter's memory, so that long bodies are copied without crossing as strings.
//!
//! Theory of operation. A memory never moves in the host's address space, but nothing tells the host where it lies. When
//! the first long body is about to cross, the adapter writes what the host challenges it with to a place of its own; the
//! host looks for it, and writes a number behind it, which it returns too. Both see the same bytes only if the host has
//! found this very memory. If not, bodies cross as strings, as short ones always do: to be found takes as long as some
//! kilobytes of text.

use crate::bindings::whorl::host::memory;
use core::cell::{Cell, UnsafeCell};

/// Shorter bodies cross as strings.
const LONG: usize = 4 << 10;
const CHALLENGE: usize = 32;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Unknown,
    /// The challenge stands in the mailbox.
    Challenged,
    Found,
    Hidden,
}

#[repr(C, align(8))]
struct Mailbox {
    challenge: [u8; CHALLENGE],
    answer: u64,
}

struct Shared(UnsafeCell<Mailbox>);

// SAFETY: the module has one thread.
unsafe impl Sync for Shared {}

static MAILBOX: Shared = Shared(UnsafeCell::new(Mailbox {
    challenge: [0; CHALLENGE],
    answer: 0,
}));

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State::Unknown) };
}

/// Whether the host has found it, or has something for it; does not ask.
pub fn is_offered() -> bool {
    matches!(STATE.get(), State::Challenged | State::Found)
}

/// Takes a challenge that came with something else, if there is one.
pub fn accept(challenge: &str) {
    let Ok(challenge) = <[u8; CHALLENGE]>::try_from(challenge.as_bytes()) else {
        return;
    };
    // SAFETY: nobody else has a reference to it, and the host writes only while `locate` runs.
    unsafe { (&raw mut (*MAILBOX.0.get()).challenge).write_volatile(challenge) };
    STATE.set(State::Challenged);
}

/// Whether functions that take an address may be called; asks the host the first time.
pub fn is_found() -> bool {
    if STATE.get() == State::Unknown {
        accept(&memory::challenge());
    }
    if STATE.get() == State::Challenged {
        STATE.set(if find() { State::Found } else { State::Hidden });
    }
    STATE.get() == State::Found
}

fn find() -> bool {
    let mailbox = MAILBOX.0.get();
    // SAFETY: as above.
    unsafe {
        (&raw mut (*mailbox).answer).write_volatile(0);
        let answer = memory::locate(mailbox.expose_provenance() as u32);
        answer != 0 && (&raw const (*mailbox).answer).read_volatile() == answer
    }
}

/// Bytes that `fill` writes: at most `size`, to the address that it is given; it returns how many it wrote.
pub fn filled(size: u32, fill: impl FnOnce(u32, u32) -> u32) -> Vec<u8> {
    let mut bytes = Vec::<u8>::with_capacity(size as usize);
    let count = fill(bytes.as_mut_ptr().expose_provenance() as u32, size);
    // SAFETY: the host has written so many bytes; if it says more than it was allowed to, it is not believed.
    unsafe { bytes.set_len(count.min(size) as usize) };
    bytes
}

/// Address and size of `bytes`, if they are long and the host can copy them by itself.
pub fn place_of(bytes: &[u8]) -> Option<(u32, u32)> {
    let is_long = bytes.len() >= LONG;
    (is_long && is_found()).then(|| {
        (
            bytes.as_ptr().expose_provenance() as u32,
            bytes.len() as u32,
        )
    })
}
