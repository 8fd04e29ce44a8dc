//! Calls of asynchronous functions.

use super::late::Writer;
use super::{Given, I32, RETURNED, word};
use crate::lower::plan::{Late, MOST_FLAT, MOST_FLAT_BLOCKING, Plan};
use crate::lower::world::World;
use anyhow::{Context, Result};
use wasm_encoder::{BlockType, InstructionSink, ValType};
use wasmparser::PrimitiveValType as Primitive;

impl Writer<'_> {
    /// A call of an asynchronous function.
    pub fn call(&mut self, function: &Late, scratch: u32) -> Result<u32> {
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

pub fn is_spread(plan: &Plan, function: usize, is_async: bool, world: &World<'_>) -> bool {
    let found = &plan.asyncs[function];
    let most = if is_async {
        MOST_FLAT
    } else {
        MOST_FLAT_BLOCKING
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
