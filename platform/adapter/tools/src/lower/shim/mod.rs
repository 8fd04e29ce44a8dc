//! The core modules that stand between a lowered component's code and the runtime.
//!
//! *Early* functions need no memory, and may be imported by the module that has it. *Late* ones move payloads: they call
//! the runtime, and for what it says has moved the functions that take or put values of the type. These are lowered with
//! a `realloc` of the module *give*, whose first answer is the address that the component has named, so that the engine
//! writes where the component wants it.

mod base;
mod calls;
mod copies;
mod early;
mod late;
mod small;
mod writer;

pub use base::{DELIVER, ENTRY, GIVE, GIVEN, Given, Shim, TABLE, TARGET, name_of};
pub use early::early;
pub use late::late;
pub use small::{blocking, entry, give};
