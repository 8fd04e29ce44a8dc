//! What a plan says.

use crate::spaces::Space;
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::ValType;
use wasmparser::{
    CanonicalFunction as Canonical, CanonicalOption as Read, ComponentExternalKind,
    PrimitiveValType as Primitive,
};

/// Of an asynchronous function, more flat parameters than these are passed by address.
pub const MOST_FLAT: usize = 4;
/// The same of a synchronous call.
pub const MOST_FLAT_BLOCKING: usize = 16;

/// What stands in place of a canonical function.
pub enum Stand {
    /// The runtime's function of that name.
    Runtime(&'static str),
    Early(Early),
    Late(Late),
    /// The asynchronous function itself, where nothing is passed by memory and there is no result.
    Start(usize),
    /// The same, called synchronously; `params` are those of the core function.
    Blocking {
        function: usize,
        params: Vec<ValType>,
    },
    /// What takes the handler's response.
    Return,
}

/// A function that needs no memory: it may be imported by the code that has one.
pub enum Early {
    /// The runtime's function, with constants before and behind the parameters; `answers_zero`: with 0 in place of nothing.
    Constants {
        call: &'static str,
        before: Vec<i32>,
        params: u32,
        behind: Vec<i32>,
        answers_zero: bool,
    },
    CancelSubtask {
        is_async: bool,
    },
    /// A read or write of what carries nothing.
    Signal {
        writes: bool,
        is_async: bool,
        is_future: bool,
        kind: u32,
    },
    /// What nobody provides, by its name.
    Trap {
        name: String,
        params: Vec<ValType>,
        results: Vec<ValType>,
    },
}

/// A function that reads or writes the component's memory.
pub enum Late {
    Copy {
        writes: bool,
        is_async: bool,
        is_future: bool,
        kind: u32,
        size: u32,
        /// None if only the component's own ends can carry it, or nothing is carried.
        payload: Option<usize>,
    },
    Event {
        waits: bool,
    },
    Call {
        function: usize,
        is_async: bool,
        /// Whether its parameters go by address.
        is_spread: bool,
        params: Vec<ValType>,
        results: Vec<ValType>,
        /// How the result lies in memory, where it is a core value.
        value: Option<Primitive>,
    },
}

/// Values of one type that cross by streams and futures.
pub struct Payloads {
    /// How the functions that move them are named.
    pub name: String,
    pub identity: String,
    /// The interface whose functions move them; None: the runtime's, for bytes.
    pub interface: Option<usize>,
    pub encoding: Read,
}

/// An asynchronous function that is imported.
pub struct Async {
    pub interface: usize,
    pub name: String,
    pub has_result: bool,
    pub encoding: Read,
    /// Whether it is called with its parameters by address, and with flat ones.
    pub is_spread: bool,
    pub is_called_flat: bool,
}

/// The export whose lift is replaced.
pub struct Handler {
    pub start: u32,
    pub callback: u32,
    /// The name under which it is exported: of a release candidate perhaps.
    pub interface: String,
}

#[derive(Default)]
pub struct Plan {
    /// By the core functions.
    pub stands: BTreeMap<u32, Stand>,
    pub payloads: Vec<Payloads>,
    pub asyncs: Vec<Async>,
    /// The kinds of channels that are read and written, by payload.
    pub kinds: BTreeMap<u32, usize>,
    pub memory: Option<u32>,
    pub realloc: Option<u32>,
    pub handler: Option<Handler>,
    pub return_encoding: Option<Read>,
    /// The names of exports that are left out, because their functions are asynchronous.
    pub left_out: Vec<String>,
    /// Components, instances, functions and exports that are left out.
    pub dropped: BTreeSet<(usize, u32)>,
    /// Where core functions and memories come from: core instance and export.
    pub origins: BTreeMap<(usize, u32), (u32, String)>,
}

impl Plan {
    /// Whether the early module has a table for the late function that delivers results.
    pub fn has_table(&self) -> bool {
        let cancels = |stand: &Stand| matches!(stand, Stand::Early(Early::CancelSubtask { .. }));
        self.asyncs.iter().any(|each| each.has_result) && self.stands.values().any(cancels)
    }
}

pub fn space_of(kind: ComponentExternalKind) -> Option<Space> {
    Some(match kind {
        ComponentExternalKind::Func => Space::Function,
        ComponentExternalKind::Instance => Space::Instance,
        ComponentExternalKind::Component => Space::Component,
        ComponentExternalKind::Type => Space::Type,
        _ => return None,
    })
}

/// Whether a canonical function is there for asynchronous functions, streams and futures alone.
pub fn is_asynchronous(function: &Canonical) -> bool {
    let options = match function {
        Canonical::Lift { options, .. } | Canonical::Lower { options, .. } => options,
        Canonical::ResourceNew { .. }
        | Canonical::ResourceDrop { .. }
        | Canonical::ResourceRep { .. } => return false,
        _ => return true,
    };
    options.contains(&Read::Async)
}
