//! A module that stands in between, and what it is given.

use crate::core_module::CoreModule;
use crate::lower::runtime;
use std::collections::BTreeMap;
use wasm_encoder::{InstructionSink, Module, ValType};

pub const I32: ValType = ValType::I32;
pub const I64: ValType = ValType::I64;
/// What a copy answers that has to wait.
pub const BLOCKED: i32 = -1;
/// The bit of an answer that says that both ends are the component's own.
pub const OWN: i32 = 8;
/// The state of a subtask that has returned.
pub const RETURNED: i32 = 2;
/// Events of the runtime's own: another request, and the end of all tasks.
pub const BEGIN: i64 = 7;
pub const DONE: i64 = 8;
/// No address is named.
pub const NOWHERE: i64 = -1;
/// Where a value goes that is answered: behind what the engine answers.
pub const VALUE: i32 = 8;

/// The name of the instance that everything is imported from.
pub const GIVEN: &str = "given";
pub const TABLE: &str = "table";
pub const DELIVER: &str = "deliver";
pub const MEMORY: &str = "memory";
pub const REALLOC: &str = "realloc";
pub const GIVE: &str = "give";
pub const TARGET: &str = "target";
pub const ENTRY: &str = "entry";

/// What a module is given, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Given {
    Runtime(&'static str),
    Put(usize),
    Take(usize),
    /// The same of bytes, as characters of latin1: only what lies at an even address.
    PutText(usize),
    TakeText(usize),
    Start(usize),
    Spread(usize),
    Result(usize),
    Memory,
    Realloc,
    Target,
    Table,
    /// The late function that moves what an event says has moved.
    Deliver,
    /// The guest's own functions, and where its request comes from.
    GuestStart,
    GuestCallback,
    Request,
}

impl Given {
    pub fn name(self) -> String {
        match self {
            Self::Runtime(name) => name.to_owned(),
            Self::Put(index) => format!("put-{index}"),
            Self::Take(index) => format!("take-{index}"),
            Self::PutText(index) => format!("put-text-{index}"),
            Self::TakeText(index) => format!("take-text-{index}"),
            Self::Start(index) => format!("start-{index}"),
            Self::Spread(index) => format!("spread-{index}"),
            Self::Result(index) => format!("result-{index}"),
            Self::Memory => MEMORY.to_owned(),
            Self::Realloc => REALLOC.to_owned(),
            Self::Target => TARGET.to_owned(),
            Self::Table => TABLE.to_owned(),
            Self::Deliver => DELIVER.to_owned(),
            Self::GuestStart => "guest-start".to_owned(),
            Self::GuestCallback => "guest-callback".to_owned(),
            Self::Request => "request".to_owned(),
        }
    }
}

/// A module, and what it is to be given.
#[derive(Default)]
pub struct Shim {
    pub module: CoreModule,
    pub given: Vec<Given>,
    functions: BTreeMap<Given, u32>,
}

impl Shim {
    pub fn import(&mut self, given: Given, params: &[ValType], results: &[ValType]) -> u32 {
        if let Some(known) = self.functions.get(&given) {
            return *known;
        }
        let index = self.module.import(GIVEN, &given.name(), params, results);
        self.given.push(given);
        self.functions.insert(given, index);
        index
    }

    pub fn runtime(&mut self, name: &'static str) -> u32 {
        let (params, results) = runtime::lowered(name);
        self.import(Given::Runtime(name), &params, &results)
    }

    pub fn called(&self, given: Given) -> u32 {
        // Everything that is called has been imported: whoever validates the module would say so.
        self.functions.get(&given).copied().unwrap_or(u32::MAX)
    }

    pub fn finish(self) -> (Module, Vec<Given>) {
        (self.module.finish(), self.given)
    }
}

/// The name under which the function that stands for the core function `index` is exported.
pub fn name_of(index: u32) -> String {
    index.to_string()
}

/// Code, handle and payload of an event.
pub fn event_parts(code: &mut InstructionSink<'_>, event: u32) {
    code.local_get(event).i32_wrap_i64().i32_const(15).i32_and();
    code.local_get(event)
        .i32_wrap_i64()
        .i32_const(4)
        .i32_shr_u();
    code.local_get(event)
        .i64_const(32)
        .i64_shr_u()
        .i32_wrap_i64();
}

/// The parameters without the address for the result.
pub fn flat_params<'v>(
    has_result: bool,
    is_async: bool,
    params: &'v [ValType],
    results: &[ValType],
) -> &'v [ValType] {
    let has_address = has_result && (is_async || results.is_empty());
    &params[..params.len() - usize::from(has_address && !params.is_empty())]
}
