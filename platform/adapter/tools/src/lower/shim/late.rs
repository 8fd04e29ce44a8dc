//! The late functions: those that read and write the component's memory, and what they share.

use super::base::{
    DELIVER, GIVEN, Given, I32, I64, MEMORY, RETURNED, Shim, TABLE, TARGET, event_parts,
    flat_params, name_of,
};
use super::writer::{Mover, Writer};
use crate::core_module::at;
use crate::lower::plan::{Late, Plan, Stand};
use wasm_encoder::{BlockType, InstructionSink, ValType};

/// The late functions of a plan; None if there are none.
pub fn late(plan: &Plan) -> Option<Shim> {
    let functions: Vec<(u32, &Late)> = plan
        .stands
        .iter()
        .filter_map(|(index, stand)| match stand {
            Stand::Late(late) => Some((*index, late)),
            _ => None,
        })
        .collect();
    if functions.is_empty() && plan.handler.is_none() {
        return None;
    }
    let mut writer = Writer {
        plan,
        shim: Shim::default(),
        target: 0,
        movers: Vec::new(),
    };
    writer.import(&functions);
    for index in 0..plan.payloads.len() {
        let mover = writer.mover(index);
        writer.movers.push(mover);
    }
    let returned = writer.returned();
    let deliver = writer.deliver(returned);
    if plan.has_table() {
        writer.shim.module.fill_table(returned);
    }
    for (index, function) in functions {
        let defined = match function {
            Late::Copy { .. } => writer.copy(function),
            Late::Event { waits } => writer.event(*waits, deliver),
            Late::Call { .. } => writer.call(function),
        };
        writer.shim.module.export(&name_of(index), defined);
    }
    writer.shim.module.export(DELIVER, deliver);
    Some(writer.shim)
}

impl Writer<'_> {
    fn import(&mut self, functions: &[(u32, &Late)]) {
        self.shim.module.import_memory(GIVEN, MEMORY);
        self.shim.given.push(Given::Memory);
        self.target = self.shim.module.import_global(GIVEN, TARGET, I64);
        self.shim.given.push(Given::Target);
        if self.plan.has_table() {
            self.shim.module.import_table(GIVEN, TABLE);
            self.shim.given.push(Given::Table);
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
                    is_spread,
                    params,
                    results,
                    ..
                } => {
                    let has_result = self.plan.asyncs[*function].has_result;
                    let flat = flat_params(has_result, *is_async, params, results);
                    let flat = (!is_spread).then_some(flat);
                    self.import_call(*function, *is_async, flat)
                }
            };
        }
        for (index, payload) in (0..).zip(&self.plan.payloads) {
            self.shim.import(Given::Put(index), &[I32; 3], &[]);
            self.shim.import(Given::Take(index), &[I32; 3], &[]);
            if payload.interface.is_none() {
                self.shim.import(Given::PutText(index), &[I32; 3], &[]);
                self.shim.import(Given::TakeText(index), &[I32; 3], &[]);
            }
        }
    }

    fn import_call(&mut self, function: usize, is_async: bool, flat: Option<&[ValType]>) -> u32 {
        if self.plan.asyncs[function].has_result {
            self.shim.import(Given::Result(function), &[I32; 2], &[]);
        }
        if is_async {
            self.shim.runtime("subtask-note");
        } else {
            self.shim.runtime("subtask-block");
            self.shim.runtime("subtask-drop");
        }
        match flat {
            Some(flat) => self.shim.import(Given::Start(function), flat, &[I32]),
            None => self.shim.import(Given::Spread(function), &[I32; 2], &[I32]),
        }
    }

    /// Delivers the result of a subtask that has returned, if one is waited for.
    fn returned(&mut self) -> u32 {
        let claim = self.shim.called(Given::Runtime("claim"));
        let results: Vec<(usize, u32)> = (0..self.plan.asyncs.len())
            .filter(|index| self.plan.asyncs[*index].has_result)
            .map(|index| (index, self.shim.called(Given::Result(index))))
            .filter(|(_, function)| *function != u32::MAX)
            .collect();
        let mut module = std::mem::take(&mut self.shim.module);
        let (handle, claimed, address, saved) = (0, 1, 2, 3);
        let defined = module.define(&[I32], &[], &[I64, I32, I64], |code| {
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
                self.take(code, address, saved, arguments, function);
                code.return_().end();
            }
        });
        self.shim.module = module;
        defined
    }

    /// Moves what an event says has moved, before the component is told.
    fn deliver(&mut self, returned: u32) -> u32 {
        let claim = self.shim.called(Given::Runtime("claim"));
        let kinds = self.plan.kinds.iter();
        let kinds: Vec<(u32, Mover)> = kinds
            .map(|(kind, payload)| (*kind, self.movers[*payload]))
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
            for (kind, mover) in kinds {
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
                    .call(mover.put)
                    .else_()
                    .local_get(handle)
                    .local_get(moved)
                    .local_get(address)
                    .call(mover.take);
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
                .i32_store(at(0));
            code.local_get(address)
                .local_get(event)
                .i64_const(32)
                .i64_shr_u()
                .i32_wrap_i64()
                .i32_store(at(4));
            code.local_get(event).i32_wrap_i64().i32_const(15).i32_and();
        })
    }
}
