//! The core modules that stand between a lowered component's code and the runtime.
//!
//! *Early* functions need no memory, and may be imported by the module that has it. *Late* ones move payloads: they call
//! the runtime, and for what it says has moved the functions that take or put values of the type. These are lowered with
//! a `realloc` of the module *give*, whose first answer is the address that the component has named, so that the engine
//! writes where the component wants it.

use super::module::CoreModule;
use super::plan::{Early, Late, Plan, Stand};
use super::runtime;
use super::world::World;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use wasm_encoder::{BlockType, ConstExpr, InstructionSink, MemArg, Module, ValType};
use wasmparser::PrimitiveValType as Primitive;

const I32: ValType = ValType::I32;
const I64: ValType = ValType::I64;
/// What a copy answers that has to wait.
const BLOCKED: i32 = -1;
/// The bit of an answer that says that both ends are the component's own.
const OWN: i32 = 8;
/// The state of a subtask that has returned.
const RETURNED: i32 = 2;
/// Events of the runtime's own: another request, and the end of all tasks.
const BEGIN: i64 = 7;
const DONE: i64 = 8;
/// No address is named.
const NOWHERE: i64 = -1;
/// Room for an address and a length, and for one value behind them.
const SCRATCH: i32 = 16;

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
    module: CoreModule,
    pub given: Vec<Given>,
    functions: BTreeMap<Given, u32>,
}

impl Shim {
    fn import(&mut self, given: Given, params: &[ValType], results: &[ValType]) -> u32 {
        if let Some(known) = self.functions.get(&given) {
            return *known;
        }
        let index = self.module.import(&given.name(), params, results);
        self.given.push(given);
        self.functions.insert(given, index);
        index
    }

    fn runtime(&mut self, name: &'static str) -> u32 {
        let (params, results) = runtime::lowered(name);
        self.import(Given::Runtime(name), &params, &results)
    }

    fn called(&self, given: Given) -> u32 {
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

/// The early functions of a plan; None if there are none.
pub fn early(plan: &Plan) -> Option<Shim> {
    let mut shim = Shim::default();
    let functions = || {
        plan.stands.iter().filter_map(|(index, stand)| match stand {
            Stand::Early(early) => Some((*index, early)),
            _ => None,
        })
    };
    functions().next()?;
    for (_, function) in functions() {
        match function {
            Early::Constants { call, .. } => shim.runtime(call),
            Early::CancelSubtask { .. } => shim.runtime("subtask-cancel"),
            Early::Trap { .. } => 0,
        };
    }
    if plan.has_table() {
        shim.module.export_table(TABLE);
    }
    for (index, function) in functions() {
        let defined = match function {
            Early::Constants { .. } => constants(&mut shim, function),
            Early::CancelSubtask { is_async } => cancelling(&mut shim, *is_async, plan.has_table()),
            Early::Trap { params, results } => shim.module.define(params, results, &[], |code| {
                code.unreachable();
            }),
        };
        shim.module.export(&name_of(index), defined);
    }
    Some(shim)
}

fn constants(shim: &mut Shim, function: &Early) -> u32 {
    let Early::Constants {
        call,
        before,
        params,
        behind,
        answers_zero,
    } = function
    else {
        return u32::MAX;
    };
    let (_, mut results) = runtime::lowered(call);
    if *answers_zero {
        results = vec![I32];
    }
    let called = shim.called(Given::Runtime(call));
    let params = vec![I32; *params as usize];
    shim.module.define(&params, &results, &[], |code| {
        for constant in before {
            code.i32_const(*constant);
        }
        for (local, _) in (0..).zip(&params) {
            code.local_get(local);
        }
        for constant in behind {
            code.i32_const(*constant);
        }
        code.call(called);
        if *answers_zero {
            code.i32_const(0);
        }
    })
}

/// A subtask that has returned meanwhile has a result, which the late module delivers: it is in the table by then.
fn cancelling(shim: &mut Shim, is_async: bool, delivers: bool) -> u32 {
    let called = shim.called(Given::Runtime("subtask-cancel"));
    let deliver = shim.module.signature(&[I32], &[]);
    let (handle, state) = (0, 1);
    shim.module.define(&[I32], &[I32], &[I32], |code| {
        code.local_get(handle)
            .i32_const(i32::from(is_async))
            .call(called)
            .local_tee(state);
        if delivers {
            code.i32_const(RETURNED)
                .i32_eq()
                .if_(BlockType::Empty)
                .local_get(handle)
                .i32_const(0)
                .call_indirect(0, deliver)
                .end()
                .local_get(state);
        }
    })
}

/// The `realloc` whose first answer is the address that was named.
pub fn give(has_realloc: bool) -> Shim {
    let mut shim = Shim::default();
    let realloc = has_realloc.then(|| shim.import(Given::Realloc, &[I32; 4], &[I32]));
    let target = shim.module.global(I64, &ConstExpr::i64_const(NOWHERE));
    shim.module.export_global(TARGET, target);
    let give = shim.module.define(&[I32; 4], &[I32], &[I32], |code| {
        code.global_get(target)
            .i64_const(NOWHERE)
            .i64_ne()
            .if_(BlockType::Empty)
            .global_get(target)
            .i32_wrap_i64()
            .i64_const(NOWHERE)
            .global_set(target)
            .return_()
            .end();
        match realloc {
            Some(realloc) => {
                for param in 0..4 {
                    code.local_get(param);
                }
                code.call(realloc);
            }
            None => {
                code.unreachable();
            }
        }
    });
    shim.module.export(GIVE, give);
    shim
}

/// The late functions of a plan; None if there are none.
pub fn late(plan: &Plan, world: &World<'_>) -> Result<Option<Shim>> {
    let functions: Vec<(u32, &Late)> = plan
        .stands
        .iter()
        .filter_map(|(index, stand)| match stand {
            Stand::Late(late) => Some((*index, late)),
            _ => None,
        })
        .collect();
    if functions.is_empty() && plan.handler.is_none() {
        return Ok(None);
    }
    let mut writer = Writer {
        plan,
        world,
        shim: Shim::default(),
        target: 0,
        scratch: 0,
    };
    writer.import(&functions);
    let scratch = writer.scratch();
    let returned = writer.returned(scratch);
    let deliver = writer.deliver(scratch, returned);
    if plan.has_table() {
        writer.shim.module.fill_table(returned);
    }
    for (index, function) in functions {
        let defined = match function {
            Late::Copy { .. } => writer.copy(function, scratch),
            Late::Event { waits } => writer.event(*waits, deliver),
            Late::Call { .. } => writer.call(function, scratch)?,
        };
        writer.shim.module.export(&name_of(index), defined);
    }
    writer.shim.module.export(DELIVER, deliver);
    Ok(Some(writer.shim))
}

struct Writer<'p> {
    plan: &'p Plan,
    world: &'p World<'p>,
    shim: Shim,
    target: u32,
    /// The global that holds the address of the scratch space.
    scratch: u32,
}

impl Writer<'_> {
    fn import(&mut self, functions: &[(u32, &Late)]) {
        self.shim.module.import_memory(MEMORY);
        self.shim.given.push(Given::Memory);
        self.target = self.shim.module.import_global(TARGET, I64);
        self.shim.given.push(Given::Target);
        if self.plan.has_table() {
            self.shim.module.import_table(TABLE);
            self.shim.given.push(Given::Table);
        }
        if self.plan.realloc.is_some() {
            self.shim.import(Given::Realloc, &[I32; 4], &[I32]);
        }
        self.shim.runtime("claim");
        for (_, function) in functions {
            match function {
                Late::Copy { writes, .. } => {
                    self.shim.runtime(if *writes { "write" } else { "read" })
                }
                Late::Event { waits: true } => self.shim.runtime("waitable-set-wait"),
                Late::Event { waits: false } => self.shim.runtime("waitable-set-poll"),
                Late::Call {
                    function,
                    is_async,
                    params,
                    results,
                } => self.import_call(*function, *is_async, params, results),
            };
        }
        for (index, _) in (0..).zip(&self.plan.payloads) {
            self.shim.import(Given::Put(index), &[I32; 3], &[]);
            self.shim.import(Given::Take(index), &[I32; 3], &[]);
        }
        self.scratch = self.shim.module.global(I32, &ConstExpr::i32_const(0));
    }

    fn import_call(
        &mut self,
        function: usize,
        is_async: bool,
        params: &[ValType],
        results: &[ValType],
    ) -> u32 {
        let found = &self.plan.asyncs[function];
        if found.has_result {
            self.shim.import(Given::Result(function), &[I32; 2], &[]);
        }
        if is_async {
            self.shim.runtime("subtask-note");
        } else {
            self.shim.runtime("subtask-block");
            self.shim.runtime("subtask-drop");
        }
        let flat = flat_params(found.has_result, is_async, params, results);
        if is_spread(self.plan, function, is_async, self.world) {
            self.shim.import(Given::Spread(function), &[I32; 2], &[I32])
        } else {
            self.shim.import(Given::Start(function), flat, &[I32])
        }
    }

    /// Answers the address of the scratch space, which is allocated the first time: by the component's own `realloc`, or
    /// behind its memory.
    fn scratch(&mut self) -> u32 {
        let global = self.scratch;
        let realloc = self.plan.realloc.map(|_| self.shim.called(Given::Realloc));
        self.shim.module.define(&[], &[I32], &[], |code| {
            code.global_get(global).i32_eqz().if_(BlockType::Empty);
            match realloc {
                Some(realloc) => {
                    code.i32_const(0)
                        .i32_const(0)
                        .i32_const(8)
                        .i32_const(SCRATCH)
                        .call(realloc);
                }
                None => {
                    code.i32_const(1).memory_grow(0).i32_const(16).i32_shl();
                }
            }
            code.global_set(global).end().global_get(global);
        })
    }

    /// Calls what takes a list, for the component's `address`; the parameters are on the stack.
    fn take(
        &self,
        code: &mut InstructionSink<'_>,
        address: u32,
        scratch: u32,
        arguments: impl FnOnce(&mut InstructionSink<'_>),
        called: u32,
    ) {
        code.local_get(address)
            .i64_extend_i32_u()
            .global_set(self.target);
        arguments(code);
        code.call(scratch)
            .call(called)
            .i64_const(NOWHERE)
            .global_set(self.target);
    }

    /// Delivers the result of a subtask that has returned, if one is waited for.
    fn returned(&mut self, scratch: u32) -> u32 {
        let claim = self.shim.called(Given::Runtime("claim"));
        let results: Vec<(usize, u32)> = (0..self.plan.asyncs.len())
            .filter(|index| self.plan.asyncs[*index].has_result)
            .map(|index| (index, self.shim.called(Given::Result(index))))
            .filter(|(_, function)| *function != u32::MAX)
            .collect();
        let mut module = std::mem::take(&mut self.shim.module);
        let (handle, claimed, address) = (0, 1, 2);
        let defined = module.define(&[I32], &[], &[I64, I32], |code| {
            code.local_get(handle).call(claim).local_tee(claimed);
            code.i32_wrap_i64().i32_eqz();
            code.if_(BlockType::Empty).return_().end();
            code.local_get(claimed)
                .i64_const(32)
                .i64_shr_u()
                .i32_wrap_i64()
                .local_set(address);
            for (index, function) in results {
                code.local_get(claimed)
                    .i32_wrap_i64()
                    .i32_const(index as i32 + 1)
                    .i32_eq()
                    .if_(BlockType::Empty);
                let arguments = |code: &mut InstructionSink<'_>| {
                    code.local_get(handle);
                };
                self.take(code, address, scratch, arguments, function);
                code.return_().end();
            }
        });
        self.shim.module = module;
        defined
    }

    /// Moves what an event says has moved, before the component is told.
    fn deliver(&mut self, scratch: u32, returned: u32) -> u32 {
        let claim = self.shim.called(Given::Runtime("claim"));
        let kinds: Vec<(u32, u32, u32)> = self
            .plan
            .kinds
            .iter()
            .map(|(kind, payload)| {
                let (put, take) = (Given::Put(*payload), Given::Take(*payload));
                (*kind, self.shim.called(put), self.shim.called(take))
            })
            .collect();
        let (event, code_, handle, moved, claimed, address) = (0, 1, 2, 3, 4, 5);
        let mut module = std::mem::take(&mut self.shim.module);
        let defined = module.define(&[I64], &[], &[I32, I32, I32, I64, I32], |code| {
            event_parts(code, event);
            code.local_set(moved).local_set(handle).local_set(code_);
            // A subtask.
            code.local_get(code_)
                .i32_const(1)
                .i32_eq()
                .if_(BlockType::Empty)
                .local_get(moved)
                .i32_const(RETURNED)
                .i32_eq()
                .if_(BlockType::Empty)
                .local_get(handle)
                .call(returned)
                .end()
                .return_()
                .end();
            code.local_get(code_)
                .i32_const(2)
                .i32_sub()
                .i32_const(3)
                .i32_gt_u()
                .if_(BlockType::Empty)
                .return_()
                .end();
            // Streams tell how many elements, futures whether there is one.
            code.local_get(code_)
                .i32_const(4)
                .i32_lt_u()
                .if_(BlockType::Result(I32))
                .local_get(moved)
                .i32_const(4)
                .i32_shr_u()
                .else_()
                .local_get(moved)
                .i32_eqz()
                .end()
                .local_tee(moved)
                .i32_eqz()
                .if_(BlockType::Empty)
                .return_()
                .end();
            code.local_get(handle).call(claim).local_tee(claimed);
            code.i64_const(32)
                .i64_shr_u()
                .i32_wrap_i64()
                .local_set(address);
            for (kind, put, take) in kinds {
                code.local_get(claimed)
                    .i32_wrap_i64()
                    .i32_const(kind as i32)
                    .i32_eq()
                    .if_(BlockType::Empty)
                    .local_get(code_)
                    .i32_const(1)
                    .i32_and()
                    .if_(BlockType::Empty)
                    .local_get(handle)
                    .local_get(address)
                    .local_get(moved)
                    .call(put)
                    .else_();
                let arguments = |code: &mut InstructionSink<'_>| {
                    code.local_get(handle).local_get(moved);
                };
                self.take(code, address, scratch, arguments, take);
                code.end().return_().end();
            }
        });
        self.shim.module = module;
        defined
    }

    fn event(&mut self, waits: bool, deliver: u32) -> u32 {
        let name = if waits {
            "waitable-set-wait"
        } else {
            "waitable-set-poll"
        };
        let called = self.shim.called(Given::Runtime(name));
        let (set, address, event) = (0, 1, 2);
        self.shim.module.define(&[I32; 2], &[I32], &[I64], |code| {
            code.local_get(set)
                .call(called)
                .local_tee(event)
                .call(deliver);
            code.local_get(address)
                .local_get(event)
                .i32_wrap_i64()
                .i32_const(4)
                .i32_shr_u()
                .i32_store(word(0));
            code.local_get(address)
                .local_get(event)
                .i64_const(32)
                .i64_shr_u()
                .i32_wrap_i64()
                .i32_store(word(4));
            code.local_get(event).i32_wrap_i64().i32_const(15).i32_and();
        })
    }

    /// A read or a write.
    fn copy(&mut self, function: &Late, scratch: u32) -> u32 {
        let Late::Copy {
            writes,
            is_async,
            is_future,
            kind,
            size,
            payload,
        } = *function
        else {
            return u32::MAX;
        };
        let called = self
            .shim
            .called(Given::Runtime(if writes { "write" } else { "read" }));
        let moves = payload.map(|payload| {
            let (put, take) = (Given::Put(payload), Given::Take(payload));
            (self.shim.called(put), self.shim.called(take))
        });
        let copies = size != 0 && size != u32::MAX;
        let params = vec![I32; if is_future { 2 } else { 3 }];
        let first = params.len() as u32;
        let (end, address, answer, status, moved) = (0, 1, first, first + 1, first + 2);
        let mut module = std::mem::take(&mut self.shim.module);
        let defined = module.define(&params, &[I32], &[I64, I32, I32], |code| {
            code.local_get(end)
                .i32_const(kind as i32)
                .i32_const(size as i32)
                .i32_const(i32::from(is_async))
                .local_get(address);
            if is_future {
                code.i32_const(1);
            } else {
                code.local_get(2);
            }
            code.call(called)
                .local_tee(answer)
                .i32_wrap_i64()
                .local_tee(status)
                .i32_const(BLOCKED)
                .i32_eq()
                .if_(BlockType::Empty)
                .local_get(status)
                .return_()
                .end();
            if is_future {
                code.local_get(status).i32_const(7).i32_and().i32_eqz();
            } else {
                code.local_get(status).i32_const(4).i32_shr_u();
            }
            code.local_tee(moved).if_(BlockType::Empty);
            code.local_get(status)
                .i32_const(OWN)
                .i32_and()
                .if_(BlockType::Empty);
            if copies {
                let own = |code: &mut InstructionSink<'_>| {
                    code.local_get(answer)
                        .i64_const(32)
                        .i64_shr_u()
                        .i32_wrap_i64();
                };
                if writes {
                    own(code);
                    code.local_get(address);
                } else {
                    code.local_get(address);
                    own(code);
                }
                code.local_get(moved)
                    .i32_const(size as i32)
                    .i32_mul()
                    .memory_copy(0, 0);
            }
            code.else_();
            match moves {
                Some((put, _)) if writes => {
                    code.local_get(end)
                        .local_get(address)
                        .local_get(moved)
                        .call(put);
                }
                Some((_, take)) => {
                    let arguments = |code: &mut InstructionSink<'_>| {
                        code.local_get(end).local_get(moved);
                    };
                    self.take(code, address, scratch, arguments, take);
                }
                None => {}
            }
            code.end().end();
            code.local_get(status).i32_const(!OWN).i32_and();
        });
        self.shim.module = module;
        defined
    }

    /// A call of an asynchronous function.
    fn call(&mut self, function: &Late, scratch: u32) -> Result<u32> {
        let Late::Call {
            function: index,
            is_async,
            params,
            results,
        } = function
        else {
            anyhow::bail!("no call");
        };
        let found = &self.plan.asyncs[*index];
        let flat = flat_params(found.has_result, *is_async, params, results).len() as u32;
        let start = if is_spread(self.plan, *index, *is_async, self.world) {
            self.shim.called(Given::Spread(*index))
        } else {
            self.shim.called(Given::Start(*index))
        };
        let spreads = start == self.shim.called(Given::Spread(*index));
        let result = found
            .has_result
            .then(|| self.shim.called(Given::Result(*index)));
        let value = match results.first() {
            Some(_) if !is_async => {
                let function = self
                    .world
                    .interfaces
                    .get(found.interface)
                    .and_then(|each| each.functions.iter().find(|f| f.name == found.name));
                let ty = function.and_then(|each| each.ty.result);
                let leaf = ty.and_then(|ty| self.world.leaf(Some(found.interface), ty));
                Some(leaf.context("the result of an asynchronous function that it calls synchronously is of an unknown layout")?)
            }
            _ => None,
        };
        let note = self.shim.called(Given::Runtime("subtask-note"));
        let block = self.shim.called(Given::Runtime("subtask-block"));
        let drop = self.shim.called(Given::Runtime("subtask-drop"));
        let count = params.len() as u32;
        let (state, number, place) = (count, count + 1, count + 2);
        let mut module = std::mem::take(&mut self.shim.module);
        let defined = module.define(params, results, &[I32, I32, I32], |code| {
            for local in 0..flat {
                code.local_get(local);
            }
            if spreads {
                code.i32_const(1);
            }
            code.call(start)
                .local_tee(state)
                .i32_const(4)
                .i32_shr_u()
                .local_set(number);
            // Where the result goes: the component's address, or the scratch space behind what the engine answers.
            if value.is_some() {
                code.call(scratch).i32_const(8).i32_add().local_set(place);
            } else if result.is_some() {
                code.local_get(flat).local_set(place);
            }
            let has_returned = |code: &mut InstructionSink<'_>| {
                code.local_get(state)
                    .i32_const(15)
                    .i32_and()
                    .i32_const(RETURNED)
                    .i32_eq();
            };
            let arguments = |code: &mut InstructionSink<'_>| {
                code.local_get(number);
            };
            if *is_async {
                has_returned(code);
                code.if_(BlockType::Empty);
                if let Some(result) = result {
                    self.take(code, place, scratch, arguments, result);
                }
                code.i32_const(RETURNED).return_().end();
                if result.is_some() {
                    code.local_get(number)
                        .i32_const(*index as i32 + 1)
                        .local_get(place)
                        .call(note);
                }
                code.local_get(state);
                return;
            }
            has_returned(code);
            code.i32_eqz()
                .if_(BlockType::Empty)
                .local_get(number)
                .call(block)
                .end();
            if let Some(result) = result {
                self.take(code, place, scratch, arguments, result);
            }
            has_returned(code);
            code.i32_eqz()
                .if_(BlockType::Empty)
                .local_get(number)
                .call(drop)
                .end();
            if let Some(value) = value {
                code.local_get(place);
                load(code, value);
            }
        });
        self.shim.module = module;
        Ok(defined)
    }
}

/// What stands for the handler: begins requests, and tells the callback of one event after another.
pub fn entry() -> Shim {
    let mut shim = Shim::default();
    let next = shim.runtime("next");
    let request = shim.import(Given::Request, &[], &[I32]);
    let start = shim.import(Given::GuestStart, &[I32], &[I32]);
    let callback = shim.import(Given::GuestCallback, &[I32; 3], &[I32]);
    let deliver = shim.import(Given::Deliver, &[I64], &[]);
    let event = 0;
    let entry = shim.module.define(&[], &[], &[I64], |code| {
        code.i64_const(BEGIN).local_set(event);
        code.loop_(BlockType::Empty);
        code.local_get(event)
            .i64_const(BEGIN)
            .i64_eq()
            .if_(BlockType::Result(I32))
            .call(request)
            .call(start)
            .else_();
        code.local_get(event).call(deliver);
        event_parts(code, event);
        code.call(callback).end();
        code.call(next)
            .local_tee(event)
            .i64_const(DONE)
            .i64_ne()
            .br_if(0)
            .end();
    });
    shim.module.export(ENTRY, entry);
    shim
}

/// Code, handle and payload of an event.
fn event_parts(code: &mut InstructionSink<'_>, event: u32) {
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
fn flat_params<'v>(
    has_result: bool,
    is_async: bool,
    params: &'v [ValType],
    results: &[ValType],
) -> &'v [ValType] {
    let has_address = has_result && (is_async || results.is_empty());
    &params[..params.len() - usize::from(has_address && !params.is_empty())]
}

fn is_spread(plan: &Plan, function: usize, is_async: bool, world: &World<'_>) -> bool {
    let found = &plan.asyncs[function];
    let most = if is_async {
        super::plan::MOST_FLAT
    } else {
        super::plan::MOST_FLAT_BLOCKING
    };
    let interface = &world.interfaces[found.interface];
    let function = interface.functions.iter().find(|f| f.name == found.name);
    function.is_some_and(|function| world.is_beyond(found.interface, function, most))
}

fn load(code: &mut InstructionSink<'_>, value: Primitive) {
    match value {
        Primitive::Bool | Primitive::U8 => code.i32_load8_u(word(0)),
        Primitive::S8 => code.i32_load8_s(word(0)),
        Primitive::U16 => code.i32_load16_u(word(0)),
        Primitive::S16 => code.i32_load16_s(word(0)),
        Primitive::U64 | Primitive::S64 => code.i64_load(word(0)),
        Primitive::F32 => code.f32_load(word(0)),
        Primitive::F64 => code.f64_load(word(0)),
        _ => code.i32_load(word(0)),
    };
}

/// An access that may be unaligned.
fn word(offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 0,
        memory_index: 0,
    }
}
