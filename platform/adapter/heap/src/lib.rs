//! An allocator for the adapters, of which each request gets a fresh instance: what counts is how many pages of memory
//! it touches and how seldom it asks for more, for each costs microseconds.
//!
//! Theory of operation. Blocks have one of 108 sizes, four to each doubling. A block is taken from the list of free
//! blocks of its size, else from the top: the end of what is used. The heap begins right behind the static data, in the
//! page that is touched anyway, and uses the rest of the memory that the module is born with before it grows. A block
//! that is freed goes on its list, or lowers the top if it is the last one; the last one also grows and shrinks where
//! it lies. Neighbours are not joined: a long-lived instance holds at most the sum of what it needed of each size.
#![cfg_attr(not(test), no_std)]

mod arena;
mod classes;

pub use arena::{Arena, Memory};

#[cfg(target_arch = "wasm32")]
mod global;
#[cfg(target_arch = "wasm32")]
pub use global::Heap;

#[cfg(test)]
mod tests;
