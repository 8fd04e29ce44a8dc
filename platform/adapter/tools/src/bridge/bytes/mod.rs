//! Lets the bytes in functions of bridged interfaces cross between a guest and its bridge as strings of latin1.
//!
//! Theory of operation. The engine copies a string of the encoding latin1+utf16 at once, and a `list<u8>` byte by byte.
//! To core code both are an address and a length. So the guest's import is given other types: a function of the
//! interface that has a `list<u8>` among its parameters or in its result, by itself or within options, results and
//! tuples, has a `string` there, and is lowered in that encoding. All of its text crosses in it too, each byte of UTF-8
//! as a character, so the host checks that it is UTF-8.
//!
//! Such a string begins at an even address. What the host gives does; what a guest gives may not. So a small core module
//! lies between the guest's code and what it calls: a string from an odd address is passed with the byte before it, and
//! a parameter more, `odd`, has a bit for each flat parameter that is the address of such a one. The bridge then steps
//! over that byte. Lengths of 2 GiB, which would mean UTF-16, are a trap.
//!
//! `places` finds the functions, `retyping` writes the types, `rewriting` the guest, and `between` that core module.
//! What is not understood completely is left as it is: this is never needed.

mod between;
mod places;
mod retyping;
mod rewriting;

use super::guest::{Guest, Key};
use crate::validate::check_types;
use std::collections::BTreeMap;

/// A guest whose bytes are strings.
pub struct Changed {
    pub component: Vec<u8>,
    pub guest: Guest,
    /// The functions that carry them, each with the flat parameters that are addresses of strings, in ascending order.
    pub functions: BTreeMap<Key, Vec<u32>>,
}

/// The guest with strings in place of bytes where its functions can have them; None if none can.
pub fn over(component: &[u8], guest: &Guest, interfaces: &[String]) -> Option<Changed> {
    let wanted = places::functions(guest);
    if wanted.is_empty() {
        return None;
    }
    let (written, functions) = rewriting::rewrite(component, wanted).ok()??;
    check_types(&written).ok()?;
    let changed = Guest::read(&written, interfaces).ok()?;
    let is_same = places::are_functions(&changed, guest, &functions);
    is_same.then(|| Changed {
        component: written,
        guest: changed,
        functions: functions
            .into_iter()
            .map(|(key, function)| (key, function.addresses()))
            .collect(),
    })
}
